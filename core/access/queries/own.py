"""Reads of a driver about themselves: what they owe, and by what means they start a locked vehicle in an emergency."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import msgspec
import sqlalchemy as sa

from core.access.models import Debt, EmergencyCode, JobState, Jurisdiction, Reason
from core.access.models import ImmobilizationJob as Job
from core.access.queries.notices import count_codes
from core.access.rules import JurisdictionRules
from core.access.rules.emergency import OFFICE_ONLY
from core.db import Reader
from core.drivers.models import Driver
from core.permissions import Actor
from core.vehicles.models import Vehicle

_JOBS = Job.__table__.c
_DEBT = Debt.__table__.c
_CODES = EmergencyCode.__table__.c


@dataclass(frozen=True, slots=True)
class OwnDebt:
    """What the viewer owes, in the smallest unit of the currency (cents), as it was last told."""

    owed_minor: int
    currency: str
    overdue_since: datetime | None
    promised_until: datetime | None
    disputed_at: datetime | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class EmergencyMeans:
    """By what the viewer may start the vehicle that an order locks: for how many hours, and how many times still.

    `hours` 0: not at all, only the office releases it. `codes_left` are the codes that are still good.
    """

    hours: int
    starts_left: int
    codes_left: int


@dataclass(frozen=True, slots=True)
class EmergencyStart:
    """A release that a code has ordered: how far it is, and until when the vehicle is not locked again."""

    state: JobState
    started_at: datetime
    free_until: datetime | None


def find_own_debt(reader: Reader, *, viewer: Actor) -> OwnDebt | None:
    """What the viewer owes, or None when nothing is overdue. Needs access:start_own."""
    viewer.require("access:start_own")
    columns = [_DEBT[name] for name in OwnDebt.__slots__]
    query = sa.select(*columns).join(Driver, Driver.id == _DEBT.driver_id)
    row = reader.execute(query.where(Driver.user_id == viewer.id, _DEBT.owed_minor > 0)).one_or_none()
    return None if row is None else OwnDebt(*row)


def find_own_free_until(reader: Reader, *, viewer: Actor, at: datetime) -> datetime | None:
    """Until when an emergency start of the viewer keeps locks for debt and contract away; None: none does.

    Needs access:start_own.
    """
    viewer.require("access:start_own")
    query = (
        sa.select(sa.func.max(_CODES.free_until))
        .join(Driver, Driver.id == _CODES.driver_id)
        .where(Driver.user_id == viewer.id, _CODES.free_until > at)
    )
    found: datetime | None = reader.execute(query).scalar_one()
    return found


def read_own_means(reader: Reader, *, viewer: Actor, job_id: uuid.UUID) -> EmergencyMeans:
    """By what the viewer may start the vehicle that this order locks: as the verb decides. Needs access:start_own."""
    viewer.require("access:start_own")
    codes_left = count_codes(reader, viewer=viewer)
    order = reader.execute(
        sa.select(_JOBS.reason, _JOBS.driver_id, Jurisdiction.rules)
        .join(
            Jurisdiction,
            sa.and_(
                Jurisdiction.code == sa.func.coalesce(_JOBS.jurisdiction, "default"),
                Jurisdiction.version == sa.func.coalesce(_JOBS.jurisdiction_version, 1),
            ),
        )
        .where(_JOBS.id == job_id, _JOBS.vehicle_id.in_(viewer.assets))
    ).one_or_none()
    if order is None or order.reason in OFFICE_ONLY:
        return EmergencyMeans(0, 0, codes_left)
    law = msgspec.convert(order.rules, JurisdictionRules).debt
    left = max(law.emergency_starts - _count_used(reader, viewer, job_id, order.reason), 0)
    return EmergencyMeans(law.emergency_start_hours, left, codes_left)


def find_emergency_start(reader: Reader, *, viewer: Actor, release_id: uuid.UUID) -> EmergencyStart | None:
    """How far the release is that a code has ordered. Needs access:read, in the vehicle's park."""
    viewer.require("access:read")
    query = (
        sa.select(_JOBS.state, _CODES.used_at, _CODES.free_until, Vehicle.park_id)
        .join(EmergencyCode, _CODES.release_job_id == _JOBS.id)
        .join(Vehicle, Vehicle.id == _JOBS.vehicle_id)
        .where(_JOBS.id == release_id)
    )
    row = reader.execute(query).one_or_none()
    if row is None or not viewer.may("access:read", park_id=row.park_id):
        return None
    return EmergencyStart(*tuple(row)[:-1])


def _count_used(reader: Reader, viewer: Actor, job_id: uuid.UUID, reason: Reason) -> int:
    """How many codes the viewer has used on this lock; all locks for one debt are one."""
    since = (
        sa.select(_DEBT.overdue_since)
        .join(Driver, Driver.id == _DEBT.driver_id)
        .where(Driver.user_id == viewer.id)
        .scalar_subquery()
    )
    same = _CODES.lock_job_id == job_id
    if reason is Reason.DEBT:
        same = sa.or_(same, _CODES.used_at >= since)
    query = (
        sa.select(sa.func.count())
        .select_from(EmergencyCode)
        .join(Driver, Driver.id == _CODES.driver_id)
        .where(Driver.user_id == viewer.id, _CODES.used_at.is_not(None), same)
    )
    return reader.execute(query).scalar_one()
