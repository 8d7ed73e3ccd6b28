"""What lines are to the registry as it stands: each against all records that have something of what it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.db import Reader
from core.imports import Change, Line, Outcome, Problem, Verdict, find_steps, unreadable
from core.permissions import Actor
from core.vehicles import rules
from core.vehicles.models import Park, Tracker, Vehicle, VehicleStatus
from core.vehicles.service.import_lines import VehicleLine, find_repeated_values, missing_of_new, read_line

# What a line may say anew of a vehicle that is there.
CHANGEABLE = ("plate", "name", "make", "model", "year", "powertrain", "vehicle_class")
_RIGHT, _CHANGE = "vehicles:register", "vehicles:change"
_READ_OFF = "telemetry:record_mileage"


@dataclass(frozen=True, slots=True)
class Known:
    """A vehicle that is there, as far as lines speak of it."""

    id: int
    park_id: int
    vin: str
    plate: str | None
    name: str
    make: str | None
    model: str
    year: int | None
    powertrain: str | None
    vehicle_class: str
    status: VehicleStatus
    device_uid: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """A line with what was made of it; `known` is the vehicle it is about, `park_id` where a new one goes."""

    said: VehicleLine
    verdict: Verdict
    known: Known | None = None
    park_id: int | None = None


def judge(reader: Reader, *, actor: Actor, lines: Sequence[Line], locked: bool = False) -> list[Judged]:
    """Each line against what is there, in two queries; `locked` keeps others from changing the records meanwhile."""
    rows = reader.execute(sa.select(Park.id, Park.name).order_by(Park.id))
    reach = actor.reach(_RIGHT)
    parks = {row.id: row.name for row in rows if reach.covers(row.id)}
    read = [read_line(line, parks=parks) for line in lines]
    repeated = find_repeated_values(said for said, _ in read)
    look = _Look(actor, parks, _list_known(reader, [said for said, _ in read], locked=locked))
    judged = []
    for line, (said, problems) in zip(lines, read, strict=True):
        if line.problem is not None:
            judged.append(Judged(said, unreadable(line)))
            continue
        twice = [Problem(field, line.cells.get(field, ""), words) for field, words in repeated.get(line.number, [])]
        judged.append(look.judge(line, said, [*problems, *twice]))
    return _in_steps(judged, look)


class _Look:
    """One look at the records that lines touch, for one person."""

    def __init__(self, actor: Actor, parks: Mapping[int, str], known: Iterable[Known]) -> None:
        known = list(known)
        self._actor, self._parks = actor, parks
        self._by_vin = {one.vin: one for one in known}
        self._by_plate = {one.plate: one for one in known if one.plate is not None}
        self._by_device = {one.device_uid: one for one in known if one.device_uid is not None}

    def judge(self, line: Line, said: VehicleLine, problems: list[Problem]) -> Judged:
        """What one line is, as if no other waited for it or gave it anything."""
        known = self._by_vin.get(said.vin)
        park_id = said.park_id
        if known is None:
            park_id = next(iter(self._parks), None) if park_id is None else park_id
            refused = {problem.field for problem in problems}
            missing = missing_of_new(said, parks=self._parks)
            problems += _told(line, (one for one in missing if one[0] not in refused))
            problems += _told(line, self._find_beyond_right(said, park_id))
        else:
            problems += _told(line, self._find_obstacles(said, known))
        problems += _told(line, self._find_device_taken(said, known))
        title = said.name or said.plate or said.vin or (known.name if known else "")
        if problems:
            verdict = Verdict(said.number, Outcome.BAD, title, problems=tuple(problems))
            return Judged(said, verdict)
        warning = rules.vin_warning(said.vin)
        hints = (warning,) if warning else ()
        changes = tuple(_find_changes(said, known, self._parks))
        if known is None:
            beside = {} if said.odometer_m is None else {"odometer_m": said.odometer_m}
            new = Verdict(said.number, Outcome.NEW, title, changes=changes, hints=hints, beside=beside)
            return Judged(said, new, None, park_id)
        outcome = Outcome.CHANGED if changes else Outcome.UNCHANGED
        return Judged(said, Verdict(said.number, outcome, known.name, known.id, changes=changes, hints=hints), known)

    def find_holder(self, judged: Judged) -> Known | None:
        """Another vehicle that has the plate this line wants."""
        holder = self._by_plate.get(judged.said.plate) if judged.said.plate else None
        return None if holder is None or holder.vin == judged.said.vin else holder

    def name(self, known: Known) -> str:
        """A vehicle by its name, for those who may see it."""
        if self._actor.may("vehicles:read", park_id=known.park_id, vehicle_id=known.id):
            return f"vehicle {known.id} ({known.name})"
        return "a vehicle outside your parks"

    def _find_beyond_right(self, said: VehicleLine, park_id: int | None) -> list[tuple[str, str]]:
        """What the line says of a new vehicle that takes another right than to register it."""
        beyond = []
        if said.odometer_m is not None and not self._actor.may(_READ_OFF, park_id=park_id):
            beyond.append(("odometer_km", "You may not record mileages. Leave the cell empty."))
        if said.status is VehicleStatus.WRITTEN_OFF:
            beyond.append(("status", "A vehicle that is written off is not added. Take the line out."))
        moved = said.status not in (None, VehicleStatus.ONBOARDING)
        if moved and not self._actor.may("vehicles:change_status", park_id=park_id):
            beyond.append(("status", "You may not say how a vehicle stands. Leave the cell empty."))
        return beyond

    def _find_obstacles(self, said: VehicleLine, known: Known) -> list[tuple[str, str]]:
        """Why the record that has this VIN cannot be changed by the line."""
        if not self._actor.may(_RIGHT, park_id=known.park_id, vehicle_id=known.id):
            return [("vin", "This VIN belongs to a vehicle outside your parks. Ask an administrator.")]
        if known.status is VehicleStatus.WRITTEN_OFF and any(_find_changes(said, known, self._parks)):
            return [("vin", f"This is {self.name(known)}, which is written off: its record no longer changes.")]
        if any(_find_changes(said, known, self._parks)) and not self._actor.may(
            _CHANGE, park_id=known.park_id, vehicle_id=known.id
        ):
            return [("vin", f"This is {self.name(known)}, whose record you may not change. Ask an administrator.")]
        if said.park_id not in (None, known.park_id):
            return [("park", f"It belongs to {self._parks.get(known.park_id, 'another')}. Move it on its page.")]
        if said.device_uid is not None and known.device_uid not in (None, said.device_uid):
            words = f"There is the tracker {known.device_uid} in {self.name(known)}. Replace it on its page."
            return [("device_uid", words)]
        return []

    def _find_device_taken(self, said: VehicleLine, known: Known | None) -> list[tuple[str, str]]:
        holder = self._by_device.get(said.device_uid) if said.device_uid else None
        if holder is None or holder is known:
            return []
        return [("device_uid", f"This tracker is in {self.name(holder)}. Take it out there first.")]


def _told(line: Line, found: Iterable[tuple[str, str]]) -> list[Problem]:
    return [Problem(field, line.cells.get(field, ""), words) for field, words in found]


def _find_changes(said: VehicleLine, known: Known | None, parks: Mapping[int, str]) -> Iterable[Change]:
    """What the line says that the record does not; all that it says, when there is none yet."""
    for field in (*CHANGEABLE, "device_uid"):
        before, after = getattr(known, field, None), getattr(said, field)
        if after is not None and after != before:
            yield Change(field, None if before is None else str(before), str(after))
    if known is None and said.park_id is not None:
        yield Change("park", None, parks[said.park_id])
    if known is None and said.status is not None:
        yield Change("status", None, said.status)
    if known is None and said.odometer_m is not None:
        yield Change("odometer_km", None, f"{said.odometer_m / 1000:,.0f} km")


def _in_steps(judged: list[Judged], look: _Look) -> list[Judged]:
    """The lines again, those that want a plate which another vehicle has after the line that takes it from it."""
    by_vin = {one.said.vin: one for one in judged if one.verdict.outcome is not Outcome.BAD}
    waits, refused = {}, {}
    for one in judged:
        holder = None if one.verdict.outcome is Outcome.BAD else look.find_holder(one)
        if holder is None:
            continue
        giving = by_vin.get(holder.vin)
        if giving is not None and any(change.field == "plate" for change in giving.verdict.changes):
            waits[one.said.number] = giving.said.number
        refused[one.said.number] = f"This plate belongs to {look.name(holder)}. Change it there first."
    unready = {number for number in refused if number not in waits}
    steps = find_steps(waits, unready)
    return [_in_step(one, steps.get(one.said.number), refused) for one in judged]


def _in_step(one: Judged, step: int | None, refused: Mapping[int, str]) -> Judged:
    if one.said.number not in refused:
        return one
    if step is not None:
        return replace(one, verdict=replace(one.verdict, step=step))
    problem = Problem("plate", one.said.plate or "", refused[one.said.number])
    return Judged(one.said, Verdict(one.said.number, Outcome.BAD, one.verdict.title, problems=(problem,)))


_KNOWN = (
    sa.select(
        Vehicle.id,
        Vehicle.park_id,
        Vehicle.vin,
        Vehicle.plate,
        Vehicle.name,
        Vehicle.make,
        Vehicle.model,
        Vehicle.year,
        Vehicle.powertrain,
        Vehicle.vehicle_class,
        Vehicle.status,
        Tracker.device_uid,
    )
    .outerjoin(Tracker, Tracker.vehicle_id == Vehicle.id)
    .order_by(Vehicle.id)
)


def _list_known(reader: Reader, said: Iterable[VehicleLine], *, locked: bool) -> list[Known]:
    """Every vehicle that has a VIN, a plate or a tracker of these lines."""
    said = list(said)
    # A union, so that each part goes by its own index.
    wanted = sa.union(
        sa.select(Vehicle.id).where(Vehicle.vin == _any(one.vin for one in said)),
        sa.select(Vehicle.id).where(Vehicle.plate == _any(one.plate for one in said)),
        sa.select(Tracker.vehicle_id).where(Tracker.device_uid == _any(one.device_uid for one in said)),
    )
    query = _KNOWN.where(Vehicle.id.in_(wanted))
    if locked:
        query = query.with_for_update(of=Vehicle)
    return [Known(*tuple(row)) for row in reader.execute(query)]


def _any(values: Iterable[str | None]) -> sa.ColumnElement[str]:
    return sa.func.any(sa.literal([value for value in values if value], ARRAY(sa.Text)))
