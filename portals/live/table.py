"""What the boards of this process have been told of each vehicle: changes are cut from it, and snapshots made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import orjson

from core.outbox import Offset
from portals.fleet_rows import REPORTED, Row

# The parks whose vehicles a board shows; None is all of them.
Sight = frozenset[int] | None
Rows = list[orjson.Fragment]


def sees(sight: Sight, park_id: int | None) -> bool:
    """Whether a vehicle of that park, None for one that is on no board, is in sight."""
    return park_id is not None and (sight is None or park_id in sight)


class Known:
    """One vehicle as boards know it; encoded when first needed, and once."""

    def __init__(self, row: Row, park_id: int) -> None:
        self.row = row
        self.park_id = park_id

    @cached_property
    def whole(self) -> orjson.Fragment:
        """All members of the row."""
        return orjson.Fragment(orjson.dumps(self.row))


@dataclass(frozen=True)
class Change:
    """What became of one vehicle: known before, known now, or both."""

    vehicle_id: int
    before: Known | None
    now: Known | None
    changed: frozenset[str]

    @cached_property
    def difference(self) -> orjson.Fragment:
        """The vehicle's id and the members that changed."""
        row = self.now.row if self.now else {}
        members = {name: value for name, value in row.items() if name in self.changed}
        return orjson.Fragment(orjson.dumps({"vehicle_id": self.vehicle_id, **members}))


class Table:
    """Every vehicle on boards, and until which place of the stream each may have changed.

    Those marks are complete from the place `since` on: a board that was told everything up to a place at or after it
    needs the rows marked later, and no others. A mark belongs to a vehicle in a park, so that the boards of a park it
    has left learn that too. Records also change without a fact, as when a rental begins: each process notices that
    within `notice_s`, so such a row counts as changed just now for twice that long, whoever comes back from wherever.
    """

    def __init__(self, rows: Mapping[int, Row], park_ids: Mapping[int, int], *, since: Offset, until: float) -> None:
        self.since = since
        self._known = {vehicle_id: Known(row, park_ids[vehicle_id]) for vehicle_id, row in rows.items()}
        self._marks: dict[tuple[int, int], Offset] = {}
        self._quiet = dict.fromkeys(((v, known.park_id) for v, known in self._known.items()), until)

    def take(
        self,
        rows: Mapping[int, Row],
        park_ids: Mapping[int, int],
        *,
        removed: Iterable[int] = (),
        horizon: Offset,
        until: float,
    ) -> list[Change]:
        """Keep rows as they were read now, and return those that differ. What a row shows is told by a fact at or
        before `horizon`; what no fact tells stays marked `until` then.
        """
        read = [self._compare(vehicle_id, Known(row, park_ids[vehicle_id])) for vehicle_id, row in rows.items()]
        gone = [self._compare(vehicle_id, None) for vehicle_id in removed]
        changes = [change for change in (*read, *gone) if change is not None]
        for change in changes:
            self._mark(change, horizon, until)
            if change.now is None:
                del self._known[change.vehicle_id]
            else:
                self._known[change.vehicle_id] = change.now
        return changes

    def ids(self) -> set[int]:
        """The vehicles on boards."""
        return set(self._known)

    def settle(self, now: float, offset: Offset) -> None:
        """What was noticed long ago without a fact has been noticed by everybody, at the latest at this place."""
        for key in [key for key, until in self._quiet.items() if until <= now]:
            del self._quiet[key]
            self._marks[key] = max(offset, self._marks.get(key, offset))

    def rows(self, sight: Sight) -> Rows:
        """Everything in sight."""
        return [known.whole for known in self._known.values() if sees(sight, known.park_id)]

    def rows_since(self, sight: Sight, place: Offset) -> tuple[Rows, list[int]]:
        """What a board at `place` (at or after `since`) lacks: whole rows, and the vehicles that left its sight."""
        due = [key for key, mark in self._marks.items() if mark > place]
        named = {vehicle_id for vehicle_id, park_id in (*due, *self._quiet) if sees(sight, park_id)}
        seen = {v: known for v in named if (known := self._known.get(v)) and sees(sight, known.park_id)}
        return [known.whole for known in seen.values()], sorted(named - seen.keys())

    def _compare(self, vehicle_id: int, now: Known | None) -> Change | None:
        before = self._known.get(vehicle_id)
        if before is None or now is None:
            return None if before is now else Change(vehicle_id, before, now, frozenset())
        changed = frozenset(name for name, value in now.row.items() if value != before.row[name])
        return Change(vehicle_id, before, now, changed) if changed or before.park_id != now.park_id else None

    def _mark(self, change: Change, horizon: Offset, until: float) -> None:
        for known in (change.before, change.now):
            if known is not None:
                key = (change.vehicle_id, known.park_id)
                self._marks[key] = horizon
                if not change.changed or not change.changed <= REPORTED:
                    self._quiet[key] = until


def cut(changes: Iterable[Change], sight: Sight) -> tuple[Rows, list[int]]:
    """Changes as the boards of one sight are told them: differences, whole rows of what came into sight, and the
    vehicles that left it.
    """
    rows: Rows = []
    gone: list[int] = []
    for change in changes:
        was = change.before is not None and sees(sight, change.before.park_id)
        if change.now is not None and sees(sight, change.now.park_id):
            rows.append(change.difference if was else change.now.whole)
        elif was:
            gone.append(change.vehicle_id)
    return rows, gone
