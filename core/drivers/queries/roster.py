"""The table of drivers: filtered, counted, in order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache, partial
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core import vault
from core.db import Reader
from core.drivers.models import AccessStatus, Assignment, AssignmentKind, Driver
from core.drivers.models.documents import Document, DocumentKind, DocumentState
from core.drivers.models.lives import Stage
from core.drivers.models.profiles import Profile
from core.drivers.queries.documents import list_kind_standings
from core.drivers.queries.names import PHONE, name_drivers
from core.drivers.rules.documents import DocumentStanding
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles.models import Park

# A document that runs out within so many days wants a look.
EXPIRING_DAYS = 30


@dataclass(frozen=True, slots=True)
class RosterLine:
    """A driver as a row of the table. `runs_out` is the earliest last day among licence and accepted documents."""

    id: int
    name: str
    park_id: int
    stage: Stage
    stage_since: datetime
    access_status: AccessStatus
    vehicle_id: int | None
    kind: AssignmentKind | None
    waiting: int
    missing: tuple[DocumentKind, ...]
    refused: tuple[DocumentKind, ...]
    runs_out: date | None
    is_expiring: bool
    is_expired: bool
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class RosterFilter:
    """Which drivers. `papers` is one of PAPERS; `stage` "here" are all but who left or was refused."""

    text: str = ""
    park_id: int | None = None
    stage: str = "here"
    status: AccessStatus | None = None
    papers: str = ""
    vehicle: str = ""
    order: str = "name"


@dataclass(frozen=True, slots=True)
class Roster:
    """A page of the table, how many there are of it, and of each word of each filter among the rest of the filters."""

    lines: Sequence[RosterLine]
    total: int
    stages: dict[str, int]
    statuses: dict[str, int]
    papers: dict[str, int]


def _is_at(stage: Stage, line: RosterLine) -> bool:
    return line.stage is stage


GONE = frozenset({Stage.LEFT, Stage.REFUSED})
STAGES: dict[str, Callable[[RosterLine], bool]] = {
    "here": lambda line: line.stage not in GONE,
    "all": lambda _: True,
    **{stage.value: partial(_is_at, stage) for stage in Stage},
}
PAPERS: dict[str, Callable[[RosterLine], bool]] = {
    "waiting": lambda line: line.waiting > 0,
    "missing": lambda line: bool(line.missing),
    "refused": lambda line: bool(line.refused),
    "expiring": lambda line: line.is_expiring,
    "expired": lambda line: line.is_expired,
}
_VEHICLE: dict[str, Callable[[RosterLine], bool]] = {
    "with": lambda line: line.vehicle_id is not None,
    "without": lambda line: line.vehicle_id is None,
}
_NEVER = date.max
ORDERS: dict[str, Callable[[RosterLine], tuple[object, ...]]] = {
    "name": lambda line: (line.name.casefold(), line.id),
    "since": lambda line: (-line.stage_since.timestamp(), line.id),
    "runs_out": lambda line: (line.runs_out or _NEVER, line.name.casefold(), line.id),
}


def list_roster(
    reader: Reader, *, viewer: Actor, at: datetime, wanted: RosterFilter, offset: int = 0, most: int = 100
) -> Roster:
    """The drivers in sight that match, in order, with counts. Needs drivers:read.

    Names are sealed, so the search and the order are made here and not by the database: some microseconds a driver.
    """
    viewer.require("drivers:read")
    everybody = _read_lines(reader, viewer, at, wanted.park_id)
    called = _find_by_phone(reader, wanted.text)
    found = [line for line in everybody if line.id == called or _is_named(line, wanted.text)]
    vehicle = _VEHICLE.get(wanted.vehicle)
    found = [line for line in found if vehicle is None or vehicle(line)]
    by_stage = STAGES.get(wanted.stage, STAGES["here"])
    by_papers = PAPERS.get(wanted.papers, STAGES["all"])
    rest = [line for line in found if by_papers(line) and wanted.status in {None, line.access_status}]
    staged = [line for line in found if by_stage(line)]
    shown = [line for line in rest if by_stage(line)]
    shown.sort(key=ORDERS.get(wanted.order, ORDERS["name"]))
    return Roster(
        lines=_with_phones(reader, shown[offset : offset + most]),
        total=len(shown),
        stages={word: sum(map(test, rest)) for word, test in STAGES.items()},
        statuses=dict(Counter(line.access_status.value for line in staged if by_papers(line))),
        papers={word: sum(map(test, staged)) for word, test in PAPERS.items()},
    )


def _find_by_phone(reader: Reader, text: str) -> int | None:
    """Whose phone number that is, typed in international form; it is found by its keyed hash, so only as a whole."""
    plain = re.sub(r"[\s().-]", "", text)
    if not re.fullmatch(r"\+[0-9]{7,15}", plain):
        return None
    query = sa.select(Driver.id).where(Driver.phone_blind == vault.blind(field=PHONE, text=plain))
    return reader.execute(query).scalar_one_or_none()


def _is_named(line: RosterLine, text: str) -> bool:
    words = text.casefold().split()
    return all(word in line.name.casefold() or word == str(line.id) for word in words)


def _read_lines(reader: Reader, viewer: Actor, at: datetime, park_id: int | None) -> list[RosterLine]:
    query = (
        sa.select(
            Driver.id,
            Driver.park_id,
            Park.time_zone,
            Driver.stage,
            Driver.stage_since,
            Driver.access_status,
            Assignment.vehicle_id,
            Assignment.kind,
            Profile.licence_valid_until,
        )
        .join(Park, Park.id == Driver.park_id)
        .outerjoin(Profile, Profile.driver_id == Driver.id)
        .outerjoin(Assignment, sa.and_(Assignment.driver_id == Driver.id, Assignment.during.contains(at)))
        .where(in_reach(viewer, "drivers:read", park_id=Driver.park_id))
    )
    rows = reader.execute(query if park_id is None else query.where(Driver.park_id == park_id)).all()
    ids = [row.id for row in rows]
    names = name_drivers(reader, ids)
    standings = list_kind_standings(reader, viewer=viewer, driver_ids=ids)
    waiting = _count_waiting(reader, viewer)
    today_in = cache(lambda zone: at.astimezone(ZoneInfo(zone)).date())
    lines = []
    for row in rows:
        found = standings[row.id]
        days = [one.valid_until for one in found if one.valid_until] + [row.licence_valid_until]
        runs_out = min(filter(None, days), default=None)
        today = today_in(row.time_zone)
        is_expired = runs_out is not None and runs_out < today
        soon = runs_out is not None and runs_out <= today + timedelta(days=EXPIRING_DAYS)
        lines.append(
            RosterLine(
                id=row.id,
                name=names[row.id],
                park_id=row.park_id,
                stage=row.stage,
                stage_since=row.stage_since,
                access_status=row.access_status,
                vehicle_id=row.vehicle_id,
                kind=row.kind,
                waiting=waiting.get(row.id, 0),
                missing=tuple(one.kind for one in found if one.standing is DocumentStanding.MISSING),
                refused=tuple(one.kind for one in found if one.standing is DocumentStanding.REFUSED),
                runs_out=runs_out,
                is_expiring=soon and not is_expired,
                is_expired=is_expired,
            )
        )
    return lines


def _count_waiting(reader: Reader, viewer: Actor) -> dict[int, int]:
    query = (
        sa.select(Document.driver_id, sa.func.count().label("number"))
        .join(Driver, Driver.id == Document.driver_id)
        .where(
            Document.state == DocumentState.HANDED_IN,
            Document.replaced_at.is_(None),
            in_reach(viewer, "drivers:read", park_id=Driver.park_id),
        )
        .group_by(Document.driver_id)
    )
    return {row.driver_id: row.number for row in reader.execute(query)}


def _with_phones(reader: Reader, lines: Sequence[RosterLine]) -> list[RosterLine]:
    rows = reader.execute(
        sa.select(Driver.id, Driver.phone_sealed).where(Driver.id.in_([line.id for line in lines]))
    ).all()
    phones = dict(
        zip(
            (row.id for row in rows),
            vault.open_texts(reader, [row.phone_sealed for row in rows], field=PHONE),
            strict=True,
        )
    )
    return [replace(line, phone=phones[line.id]) for line in lines]
