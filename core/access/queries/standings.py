"""How drivers stand, what they are judged by, and how that changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.access.models import Debt, DriverFact, DriverStanding, FactKind, StandingChange
from core.access.rules.standing import Reason, read_reasons
from core.db import Reader
from core.drivers.models import AccessStatus, Assignment, Driver
from core.drivers.queries import open_names
from core.errors import NotFound
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles.models import Park, Vehicle


@dataclass(frozen=True, slots=True)
class StandingRecord:
    """How a driver stands, why, and which vehicle they have. Who was never judged stands so since their registration.

    `time_zone` is the park's.
    """

    driver_id: int
    name: str
    park_id: int
    time_zone: str
    status: AccessStatus
    since: datetime
    reasons: tuple[Reason, ...]
    judged_at: datetime | None
    next_change_at: datetime | None
    vehicle_id: int | None
    vehicle: str | None


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """One change of how a driver stands, with the reasons that began with it and those that ended."""

    id: int
    at: datetime
    from_status: AccessStatus | None
    to_status: AccessStatus
    reasons: tuple[Reason, ...]
    actor_name: str
    begun: tuple[Reason, ...] = ()
    ended: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class FactRecord:
    """One fact that a driver is judged by, or was, and how they stand."""

    kind: FactKind
    key: str
    value: dict[str, Any]
    as_of: datetime
    noted_by: str
    noted_at: datetime
    withdrawn_at: datetime | None
    status: AccessStatus


def get_standing(reader: Reader, *, viewer: Actor, at: datetime, driver_id: int) -> StandingRecord:
    """How a driver stands. Needs access:read; NotFound out of sight."""
    viewer.require("access:read")
    row = reader.execute(_standings(at).where(Driver.id == driver_id, _is_readable(viewer))).one_or_none()
    if row is None:
        raise NotFound(f"There is no driver {driver_id}.")
    return _as_record(reader, row)


def find_own_standing(reader: Reader, *, viewer: Actor, at: datetime) -> StandingRecord | None:
    """How the driver stands whose account the viewer is, or None without one. Needs drivers:read_own."""
    viewer.require("drivers:read_own")
    row = reader.execute(_standings(at).where(Driver.user_id == viewer.id)).one_or_none()
    return None if row is None else _as_record(reader, row)


def list_standing_changes(reader: Reader, *, viewer: Actor, driver_id: int, most: int = 50) -> list[ChangeRecord]:
    """The newest changes of how a driver stands, newest first. Needs access:read."""
    viewer.require("access:read")
    return _read_changes(reader, sa.and_(Driver.id == driver_id, _is_readable(viewer)), most)


def list_own_standing_changes(reader: Reader, *, viewer: Actor, most: int = 50) -> list[ChangeRecord]:
    """The newest changes of how the viewer stands as a driver, newest first. Needs drivers:read_own."""
    viewer.require("drivers:read_own")
    return _read_changes(reader, Driver.user_id == viewer.id, most)


def list_driver_facts(reader: Reader, *, viewer: Actor, driver_id: int) -> list[FactRecord]:
    """What others have told about a driver, by kind and key, the withdrawn too. Needs access:read."""
    viewer.require("access:read")
    query = _FACTS.where(Driver.id == driver_id, DriverFact.kind != FactKind.MANUAL, _is_readable(viewer))
    # Of a fact that was withdrawn before it came, nothing is known.
    return [FactRecord(*row) for row in reader.execute(query) if row.value]


def get_driver_fact(reader: Reader, *, viewer: Actor, driver_id: int, kind: FactKind, key: str) -> FactRecord:
    """One fact about a driver as it stands. Needs access:judge."""
    viewer.require("access:judge")
    reach = in_reach(viewer, "access:judge", park_id=Driver.park_id)
    query = _FACTS.where(Driver.id == driver_id, DriverFact.kind == kind, DriverFact.key == key, reach)
    row = reader.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"Nothing is known of {kind} {key} of driver {driver_id}.")
    return FactRecord(*row)


def list_due_drivers(reader: Reader, *, viewer: Actor, at: datetime, most: int) -> list[int]:
    """The drivers who are to be judged anew, longest due first: time has changed how they stand, or what they owe was
    noted since. Needs access:judge.
    """
    viewer.require("access:judge")
    query = (
        sa.select(Driver.id)
        .outerjoin(DriverStanding, DriverStanding.driver_id == Driver.id)
        .outerjoin(Debt, Debt.driver_id == Driver.id)
        .where(
            sa.or_(
                DriverStanding.next_change_at <= at,
                sa.and_(Debt.noted_at.is_not(None), Debt.noted_at.is_distinct_from(DriverStanding.debt_noted_at)),
            ),
            in_reach(viewer, "access:judge", park_id=Driver.park_id),
        )
        .order_by(DriverStanding.next_change_at, Driver.id)
        .limit(most)
    )
    return list(reader.execute(query).scalars())


_CHANGES = (
    sa.select(
        StandingChange.id,
        StandingChange.at,
        StandingChange.from_status,
        StandingChange.to_status,
        StandingChange.reasons,
        StandingChange.actor_name,
    )
    .join(Driver, Driver.id == StandingChange.driver_id)
    .order_by(StandingChange.id.desc())
)
_FACTS = (
    sa.select(
        DriverFact.kind,
        DriverFact.key,
        DriverFact.value,
        DriverFact.as_of,
        DriverFact.noted_by,
        DriverFact.noted_at,
        DriverFact.withdrawn_at,
        Driver.access_status,
    )
    .join(Driver, Driver.id == DriverFact.driver_id)
    .order_by(DriverFact.kind, DriverFact.key)
)


def _standings(at: datetime) -> sa.Select[Any]:
    return (
        sa.select(
            Driver.id,
            Driver.name_sealed,
            Driver.park_id,
            Park.time_zone,
            Driver.access_status,
            sa.func.coalesce(DriverStanding.since, Driver.created_at).label("since"),
            DriverStanding.reasons,
            DriverStanding.judged_at,
            DriverStanding.next_change_at,
            Vehicle.id.label("vehicle_id"),
            Vehicle.name.label("vehicle"),
        )
        .join(Park, Park.id == Driver.park_id)
        .outerjoin(DriverStanding, DriverStanding.driver_id == Driver.id)
        .outerjoin(Assignment, sa.and_(Assignment.driver_id == Driver.id, Assignment.during.contains(at)))
        .outerjoin(Vehicle, Vehicle.id == Assignment.vehicle_id)
    )


def _as_record(reader: Reader, row: sa.Row[Any]) -> StandingRecord:
    return StandingRecord(
        driver_id=row.id,
        name=open_names(reader, [row.id], [row.name_sealed])[0] or "",
        park_id=row.park_id,
        time_zone=row.time_zone,
        status=row.access_status,
        since=row.since,
        reasons=read_reasons(row.reasons or ()),
        judged_at=row.judged_at,
        next_change_at=row.next_change_at,
        vehicle_id=row.vehicle_id,
        vehicle=row.vehicle,
    )


def _read_changes(reader: Reader, about: sa.ColumnElement[bool], most: int) -> list[ChangeRecord]:
    """The newest, newest first; one more is read, so that of the oldest too is known what it changed."""
    rows = reader.execute(_CHANGES.where(about).limit(most + 1)).all()
    reasons = [*(read_reasons(row.reasons) for row in rows), ()]
    return [
        ChangeRecord(
            row.id,
            row.at,
            row.from_status,
            row.to_status,
            now,
            row.actor_name,
            begun=_without(now, before),
            ended=_without(before, now),
        )
        for row, now, before in zip(rows[:most], reasons, reasons[1:], strict=False)
    ]


def _without(reasons: tuple[Reason, ...], others: tuple[Reason, ...]) -> tuple[Reason, ...]:
    known = {(other.rule, other.subject) for other in others}
    return tuple(reason for reason in reasons if (reason.rule, reason.subject) not in known)


def _is_readable(viewer: Actor) -> sa.ColumnElement[bool]:
    return in_reach(viewer, "access:read", park_id=Driver.park_id)
