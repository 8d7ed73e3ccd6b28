"""Every read about orders to lock and release, as far as the viewer's right reaches."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from core.access.models import OPEN, Finding, ImmobilizationAttempt, ImmobilizationJob, JobState, OrderKind, Reason
from core.access.rules.emergency import OFFICE_ONLY
from core.db import Reader, plain_rows
from core.drivers import queries as drivers
from core.drivers.models import Driver
from core.errors import NotFound
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles import queries as vehicles
from core.vehicles.models import RelayGateway, Vehicle

_JOBS = ImmobilizationJob.__table__.c
# What an integrator reads (API-4): two words for the state, four for how it ended.
Status = Literal["pending", "completed"]
Result = Literal["success", "failed", "expired", "cancelled"]
STATUS: dict[JobState, tuple[Status, Result | None]] = {
    JobState.REQUESTED: ("pending", None),
    JobState.NOTIFIED: ("pending", None),
    JobState.ARMED: ("pending", None),
    JobState.SENDING: ("pending", None),
    JobState.SENT: ("pending", None),
    JobState.CONFIRMED: ("completed", "success"),
    JobState.FAILED: ("completed", "failed"),
    JobState.EXPIRED: ("completed", "expired"),
    JobState.CANCELLED: ("completed", "cancelled"),
}


# Where an order stands in a list: several can have been ordered at one moment.
JobPlace = tuple[datetime, uuid.UUID]


@dataclass(frozen=True, slots=True)
class JobRecord:
    """An order as the API and the pages show it."""

    id: uuid.UUID
    vehicle_id: int
    vehicle: str
    kind: OrderKind
    method: RelayGateway
    reason: Reason
    note: str
    ordered_by: str
    ordered_at: datetime
    state: JobState
    waiting_for: str | None
    expires_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    verdict: str | None
    evidence: dict[str, Any] | None
    driver_id: int | None
    driver: str | None
    jurisdiction: str | None
    jurisdiction_version: int | None
    decision: dict[str, Any] | None
    is_break_glass: bool
    ordered_by_kind: str
    ordered_by_id: int | None
    approved_by: str | None
    approved_at: datetime | None
    not_before: datetime | None
    armed_at: datetime | None
    review_due_at: datetime | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    finding: Finding | None
    review_note: str | None
    attempts: tuple[dict[str, Any], ...] = ()

    @property
    def place(self) -> JobPlace:
        """Where it stands in a list of orders."""
        return self.ordered_at, self.id

    @property
    def status(self) -> Status:
        """pending or completed."""
        return STATUS[self.state][0]

    @property
    def result(self) -> Result | None:
        """success, failed, expired or cancelled once completed."""
        return STATUS[self.state][1]


_RECORD = (
    sa.select(
        _JOBS.id,
        _JOBS.vehicle_id,
        Vehicle.name.label("vehicle"),
        _JOBS.kind,
        _JOBS.method,
        _JOBS.reason,
        _JOBS.note,
        _JOBS.ordered_by,
        _JOBS.ordered_at,
        _JOBS.state,
        _JOBS.waiting_for,
        _JOBS.expires_at,
        _JOBS.started_at,
        _JOBS.finished_at,
        _JOBS.verdict,
        _JOBS.evidence,
        _JOBS.driver_id,
        Driver.name_sealed.label("driver"),
        _JOBS.jurisdiction,
        _JOBS.jurisdiction_version,
        _JOBS.decision,
        _JOBS.is_break_glass,
        _JOBS.ordered_by_kind,
        _JOBS.ordered_by_id,
        _JOBS.approved_by,
        _JOBS.approved_at,
        _JOBS.not_before,
        _JOBS.armed_at,
        _JOBS.review_due_at,
        _JOBS.reviewed_by,
        _JOBS.reviewed_at,
        _JOBS.finding,
        _JOBS.review_note,
    )
    .join(Vehicle, Vehicle.id == _JOBS.vehicle_id)
    .outerjoin(Driver, Driver.id == _JOBS.driver_id)
)


def _records(reader: Reader, rows: Sequence[sa.Row[Any]]) -> list[JobRecord]:
    names = drivers.open_names(reader, [row.driver_id for row in rows], [row.driver for row in rows])
    return [JobRecord(**{**row._mapping, "driver": name}) for row, name in zip(rows, names, strict=True)]


def get_job(reader: Reader, *, viewer: Actor, vehicle_id: int, job_id: uuid.UUID) -> JobRecord:
    """One order of one vehicle, with its attempts. Needs access:read."""
    vehicles.check_sight(reader, viewer=viewer, permission="access:read", vehicle_id=vehicle_id)
    row = reader.execute(_RECORD.where(_JOBS.id == job_id, _JOBS.vehicle_id == vehicle_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no order {job_id} for vehicle {vehicle_id}.")
    return replace(_records(reader, [row])[0], attempts=_attempts(reader, job_id))


def find_job(reader: Reader, *, viewer: Actor, job_id: uuid.UUID | str) -> JobRecord | None:
    """One order by its id alone, without its attempts, or None. Needs access:read."""
    viewer.require("access:read")
    query = _RECORD.where(_JOBS.id == sa.cast(str(job_id), sa.Uuid), _is_readable(viewer))
    row = reader.execute(query).one_or_none()
    return None if row is None else _records(reader, [row])[0]


def find_latest_job(reader: Reader, *, viewer: Actor, vehicle_id: int) -> JobRecord | None:
    """The newest order of one vehicle, with its attempts, or None. Needs access:read."""
    vehicles.check_sight(reader, viewer=viewer, permission="access:read", vehicle_id=vehicle_id)
    query = _RECORD.where(_JOBS.vehicle_id == vehicle_id).order_by(_JOBS.ordered_at.desc(), _JOBS.kind.desc())
    row = reader.execute(query.limit(1)).one_or_none()
    return None if row is None else replace(_records(reader, [row])[0], attempts=_attempts(reader, row.id))


def list_jobs(
    reader: Reader,
    *,
    viewer: Actor,
    vehicle_id: int | None = None,
    driver_id: int | None = None,
    park_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: JobPlace | None = None,
    most: int = 50,
) -> list[JobRecord]:
    """The newest orders that the viewer may read, newest first, without their attempts. Where asked: of one vehicle, of
    one driver, of the vehicles of one park, ordered from `since` to before `until`, and those that come after the order
    at the place `before`. Needs access:read.
    """
    viewer.require("access:read")
    query = _RECORD.where(_is_readable(viewer)).order_by(_JOBS.ordered_at.desc(), _JOBS.id.desc()).limit(most)
    asked = {
        _JOBS.vehicle_id: vehicle_id,
        _JOBS.driver_id: driver_id,
        Vehicle.park_id: park_id,
    }
    query = query.where(*(column == value for column, value in asked.items() if value is not None))
    if since is not None:
        query = query.where(_JOBS.ordered_at >= since)
    if until is not None:
        query = query.where(_JOBS.ordered_at < until)
    if before is not None:
        query = query.where(sa.tuple_(_JOBS.ordered_at, _JOBS.id) < sa.tuple_(*map(sa.literal, before)))
    return _records(reader, reader.execute(query).all())


def list_approvals(reader: Reader, *, viewer: Actor) -> list[JobRecord]:
    """The orders that wait for a second person, the oldest first. Needs access:read."""
    viewer.require("access:read")
    query = _RECORD.where(_is_readable(viewer), _JOBS.state == JobState.REQUESTED).order_by(_JOBS.ordered_at)
    return _records(reader, reader.execute(query).all())


def count_approvals(reader: Reader, *, viewer: Actor, at: datetime) -> int:
    """How many orders wait for just this viewer: they may approve them and have not given them. None without the
    right. Needs access:read.
    """
    viewer.require("access:read")
    if not viewer.may("access:approve"):
        return 0
    is_own = sa.and_(_JOBS.ordered_by_kind == viewer.kind, _JOBS.ordered_by_id.is_not_distinct_from(viewer.id))
    query = (
        sa.select(sa.func.count())
        .select_from(ImmobilizationJob)
        .join(Vehicle, Vehicle.id == _JOBS.vehicle_id)
        .where(
            _JOBS.state == JobState.REQUESTED,
            _JOBS.expires_at > at,
            ~is_own,
            _is_readable(viewer),
            in_reach(viewer, "access:approve", park_id=Vehicle.park_id, vehicle_id=Vehicle.id),
        )
    )
    return reader.execute(query).scalar_one()


def list_reviews(reader: Reader, *, viewer: Actor) -> list[JobRecord]:
    """The orders by break-glass that nobody has reviewed yet, the most overdue first. Needs access:read."""
    viewer.require("access:read")
    query = _RECORD.where(
        _is_readable(viewer), _JOBS.is_break_glass, _JOBS.reviewed_at.is_(None), _JOBS.finished_at.is_not(None)
    )
    return _records(reader, reader.execute(query.order_by(_JOBS.review_due_at)).all())


def list_shown_locks(
    reader: Reader, *, viewer: Actor, vehicle_ids: Iterable[int] | None = None
) -> dict[int, JobRecord]:
    """The order that each vehicle's marker shows: the open one, or the last one while it locks. Needs access:read."""
    viewer.require("access:read")
    newest = (
        _RECORD.ext(distinct_on(_JOBS.vehicle_id))
        .order_by(_JOBS.vehicle_id, _JOBS.ordered_at.desc())
        .where(_is_readable(viewer), sa.or_(OPEN, _JOBS.state.in_([JobState.CONFIRMED, JobState.FAILED])))
    )
    if vehicle_ids is not None:
        newest = newest.where(_JOBS.vehicle_id.in_(list(vehicle_ids)))
    jobs = _records(reader, reader.execute(newest).all())
    return {job.vehicle_id: job for job in jobs if _is_shown(job)}


def find_own_lock(reader: Reader, *, viewer: Actor) -> JobRecord | None:
    """The order that locks, or is about to lock, a vehicle of the viewer's own, or None. Needs telemetry:read_own.

    Not one that nobody has approved yet, and not one for theft or the police before it is confirmed.
    """
    viewer.require("telemetry:read_own")
    query = (
        _RECORD.where(_JOBS.vehicle_id.in_(viewer.assets))
        .where(sa.or_(OPEN, _JOBS.state.in_([JobState.CONFIRMED, JobState.FAILED])), _is_told_to_drivers())
        .order_by(_JOBS.ordered_at.desc())
        .limit(1)
    )
    row = reader.execute(query).one_or_none()
    job = None if row is None else _records(reader, [row])[0]
    return job if job is not None and _is_shown(job) else None


def list_own_locks(reader: Reader, *, viewer: Actor, most: int = 50) -> list[JobRecord]:
    """The locks that were ordered about the viewer as a driver, newest first, as far as a driver is told of them.

    Needs access:start_own.
    """
    viewer.require("access:start_own")
    query = (
        _RECORD.where(Driver.user_id == viewer.id, _JOBS.kind == OrderKind.IMMOBILIZE, _is_told_to_drivers())
        .where(sa.or_(_JOBS.approved_at.is_not(None), _JOBS.is_break_glass))
        .order_by(_JOBS.ordered_at.desc(), _JOBS.id)
        .limit(most)
    )
    return _records(reader, reader.execute(query).all())


def _is_told_to_drivers() -> sa.ColumnElement[bool]:
    """Of what nobody has approved nothing is decided yet; whom a lock is kept from is not warned of it."""
    kept_back = sa.and_(_JOBS.kind == OrderKind.IMMOBILIZE, _JOBS.reason.in_(OFFICE_ONLY))
    return sa.and_(_JOBS.state != JobState.REQUESTED, sa.or_(~kept_back, _JOBS.state == JobState.CONFIRMED))


def _is_readable(viewer: Actor) -> sa.ColumnElement[bool]:
    return in_reach(viewer, "access:read", park_id=Vehicle.park_id, vehicle_id=Vehicle.id)


def _is_shown(job: JobRecord) -> bool:
    """A release that is through leaves nothing to show; one that failed leaves a vehicle that may be locked."""
    return job.kind == "immobilize" or job.state is not JobState.CONFIRMED


def _attempts(reader: Reader, job_id: uuid.UUID) -> tuple[dict[str, Any], ...]:
    query = (
        sa.select(ImmobilizationAttempt.__table__)
        .where(ImmobilizationAttempt.job_id == job_id)
        .order_by(ImmobilizationAttempt.number)
    )
    return tuple(plain_rows(reader.execute(query)))
