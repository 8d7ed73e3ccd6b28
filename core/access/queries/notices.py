"""Reads about warnings: the driver's own notice, those of an order, and the orders whose time has come."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import msgspec
import sqlalchemy as sa

from core.access.models import OPEN, Channel, EmergencyCode, JobState, Jurisdiction, Notice, OrderKind, Reason
from core.access.models import ImmobilizationJob as Job
from core.access.rules import TO_DRIVERS, JurisdictionRules, say_what_to_do
from core.access.rules.emergency import OFFICE_ONLY
from core.db import Reader
from core.drivers.models import Driver
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles.models import Vehicle

_JOBS = Job.__table__.c
_NOTICES = Notice.__table__.c


@dataclass(frozen=True, slots=True)
class WarningRecord:
    """One telling of one warning, over one channel; `told_at` is None until it has reached the driver."""

    warning: int
    channel: Channel
    words: str
    begun_at: datetime
    told_at: datetime | None
    told_by: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class NoticeRecord:
    """What is to happen, or has happened, to a driver's vehicle: why, and what they can do about it.

    `not_before` is when the grace ends, as far as it is known. `codes_left` are the emergency codes that are still
    good; `may_start` is whether one of them would start this vehicle.
    """

    job_id: uuid.UUID
    vehicle: str
    plate: str | None
    reason: Reason
    state: JobState
    reason_words: str
    what_to_do: str
    not_before: datetime | None
    warnings: tuple[WarningRecord, ...]
    codes_left: int
    may_start: bool


@dataclass(frozen=True, slots=True)
class DueOrder:
    """An order whose time has come."""

    job_id: uuid.UUID
    vehicle_id: int


def find_notice(reader: Reader, *, viewer: Actor) -> NoticeRecord | None:
    """The lock that the viewer, as a driver, is to be told of: the one that is open or, without one, the last that was
    confirmed and not released. None: there is none. Needs access:start_own.
    """
    viewer.require("access:start_own")
    newest = (
        sa.select(
            _JOBS.id,
            Vehicle.name,
            Vehicle.plate,
            _JOBS.reason,
            _JOBS.state,
            _JOBS.not_before,
            _JOBS.kind,
            Driver.id.label("driver_id"),
            Jurisdiction.rules,
        )
        .join(Driver, Driver.id == _JOBS.driver_id)
        .join(Vehicle, Vehicle.id == _JOBS.vehicle_id)
        .outerjoin(
            Jurisdiction,
            sa.and_(Jurisdiction.code == _JOBS.jurisdiction, Jurisdiction.version == _JOBS.jurisdiction_version),
        )
        .where(
            Driver.user_id == viewer.id,
            sa.or_(OPEN, _JOBS.state == JobState.CONFIRMED),
            # What nobody has approved yet is nothing to be told of.
            _JOBS.state != JobState.REQUESTED,
        )
        .order_by(_JOBS.ordered_at.desc())
        .limit(1)
    )
    row = reader.execute(newest).one_or_none()
    if row is None or row.kind is not OrderKind.IMMOBILIZE:
        return None
    law = msgspec.convert(row.rules, JurisdictionRules) if row.rules is not None else None
    codes_left = count_codes(reader, viewer=viewer)
    hours = 0 if law is None or row.reason in OFFICE_ONLY else law.debt.emergency_start_hours
    return NoticeRecord(
        job_id=row.id,
        vehicle=row.name,
        plate=row.plate,
        reason=row.reason,
        state=row.state,
        reason_words=TO_DRIVERS[row.reason],
        what_to_do=say_what_to_do(row.reason),
        not_before=row.not_before,
        warnings=_read_warnings(reader, row.id),
        codes_left=codes_left,
        may_start=codes_left > 0 and hours > 0,
    )


def count_codes(reader: Reader, *, viewer: Actor) -> int:
    """How many emergency codes of the viewer are still good. Needs access:start_own."""
    viewer.require("access:start_own")
    query = (
        sa.select(sa.func.count())
        .select_from(EmergencyCode)
        .join(Driver, Driver.id == EmergencyCode.driver_id)
        .where(Driver.user_id == viewer.id, EmergencyCode.used_at.is_(None), EmergencyCode.withdrawn_at.is_(None))
    )
    return reader.execute(query).scalar_one()


def list_notices(reader: Reader, *, viewer: Actor, job_id: uuid.UUID) -> list[WarningRecord]:
    """What the driver was told of an order, and over which channel, in order. Needs access:read."""
    viewer.require("access:read")
    seen = reader.execute(
        sa.select(_JOBS.id)
        .join(Vehicle, Vehicle.id == _JOBS.vehicle_id)
        .where(
            _JOBS.id == job_id,
            in_reach(viewer, "access:read", park_id=Vehicle.park_id, vehicle_id=Vehicle.id),
        )
    ).one_or_none()
    return [] if seen is None else list(_read_warnings(reader, job_id))


def list_due_orders(reader: Reader, *, viewer: Actor, at: datetime, most: int) -> list[DueOrder]:
    """The orders whose grace is to be looked at, and those that nobody approved in time. Needs access:advance."""
    viewer.require("access:advance")
    query = (
        sa.select(_JOBS.id, _JOBS.vehicle_id)
        .where(
            sa.or_(
                sa.and_(_JOBS.state == JobState.NOTIFIED, sa.func.coalesce(_JOBS.look_at, at) <= at),
                sa.and_(_JOBS.state == JobState.REQUESTED, _JOBS.expires_at <= at),
            )
        )
        .order_by(_JOBS.look_at.nulls_first(), _JOBS.ordered_at)
        .limit(most)
    )
    return [DueOrder(*row) for row in reader.execute(query)]


def _read_warnings(reader: Reader, job_id: uuid.UUID) -> tuple[WarningRecord, ...]:
    columns = [_NOTICES[name] for name in WarningRecord.__slots__]
    query = sa.select(*columns).where(_NOTICES.job_id == job_id).order_by(_NOTICES.warning, _NOTICES.id)
    return tuple(WarningRecord(*row) for row in reader.execute(query))
