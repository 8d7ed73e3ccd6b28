"""Emergency start: codes that are made beforehand, and the release that one of them orders without the office."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from core import audit, outbox
from core.access.models import OPEN_STATES, Debt, EmergencyCode, JobState, Jurisdiction, OrderKind, Reason
from core.access.models import ImmobilizationJob as Job
from core.access.rules import JurisdictionRules
from core.access.rules.emergency import (
    MOST_LIVE,
    OFFICE_ONLY,
    find_free_until,
    find_refusal,
    make_code,
    plain_code,
    plain_plate,
)
from core.access.service.held import hold_orders
from core.access.service.orders import release
from core.config import AccessTiming
from core.db import Writer
from core.drivers import queries as drivers
from core.drivers.models import Driver
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permissions import Actor, needs, system
from core.vehicles.models import Vehicle

STARTER = system("emergency start", "access:release", "drivers:read")
# One who sends the form twice is shown the same release.
AGAIN_WITHIN = timedelta(minutes=10)
WRONG = "The plate or the code is not right, or the code was used. Look at them again, or call the office."


@needs("access:release")
def make_codes(session: Writer, *, actor: Actor, at: datetime, driver_id: int, how_many: int = MOST_LIVE) -> list[str]:
    """New emergency codes of a driver in place of the old ones, to be handed over; shown once."""
    park_id = session.scalar(sa.select(Driver.park_id).where(Driver.id == driver_id))
    if park_id is None or not actor.sees_park(park_id):
        raise NotFound(f"There is no driver {driver_id}.")
    actor.require("access:release", park_id=park_id)
    return _make(session, actor=actor, at=at, driver_id=driver_id, how_many=how_many)


@needs("access:start_own")
def make_own_codes(session: Writer, *, actor: Actor, at: datetime, how_many: int = MOST_LIVE) -> list[str]:
    """New emergency codes of one's own in place of the old ones; shown once."""
    driver_id = session.scalar(sa.select(Driver.id).where(Driver.user_id == actor.id))
    if driver_id is None:
        raise NotFound("Your account is not tied to a driver yet. Ask the office to do that.")
    return _make(session, actor=actor, at=at, driver_id=driver_id, how_many=how_many)


def start_in_emergency(session: Writer, *, at: datetime, plate: str, code: str, timing: AccessTiming) -> uuid.UUID:
    """Release a locked vehicle by one of its driver's codes; returns the release. Needs no account and no office.

    Count the tries before, in a transaction of their own. Raises Invalid when plate and code do not belong together,
    Forbidden when the lock is not to be opened so, Conflict when nothing is locked: then the code stays good.
    """
    vehicle_id = _find_vehicle(session, plate)
    if vehicle_id is None:
        raise _wrong()
    hold_orders(session, vehicle_id)
    found = session.scalars(
        sa.select(EmergencyCode).where(EmergencyCode.code_hash == _hash(code)).with_for_update()
    ).one_or_none()
    if found is None or found.withdrawn_at is not None:
        raise _wrong()
    if found.used_at is not None:
        return _find_given(session, found, vehicle_id, at)
    lock = _find_lock(session, vehicle_id)
    if found.driver_id not in _drivers_of(session, vehicle_id, lock, at):
        raise _wrong()
    if lock is None:
        raise Conflict("Nothing of ours holds this vehicle, so the code was not used. If it does not start, call us.")
    law = _read_law(session, lock)
    used = _count_used(session, lock, found.driver_id)
    if (refusal := find_refusal(lock.reason, law.debt, used=used)) is not None:
        raise Forbidden(refusal)
    return _start(session, found, lock, law, at=at, timing=timing)


def _start(
    session: Writer, code: EmergencyCode, lock: Job, law: JurisdictionRules, *, at: datetime, timing: AccessTiming
) -> uuid.UUID:
    release_id = release(
        session,
        actor=STARTER,
        at=at,
        vehicle_id=lock.vehicle_id,
        note="By a code of the driver, without the office.",
        reason=Reason.EMERGENCY_START,
        timing=timing,
    )
    code.used_at, code.lock_job_id, code.release_job_id = at, lock.id, release_id
    code.free_until = find_free_until(law.debt, at=at)
    audit.record(
        session,
        actor=STARTER,
        at=at,
        action="access.emergency_started",
        subject=("immobilization", release_id),
        vehicle_id=lock.vehicle_id,
        driver_id=code.driver_id,
        code_id=code.id,
        lock_id=str(lock.id),
        free_until=code.free_until.isoformat(),
    )
    outbox.publish(
        session,
        "access.emergency_started",
        at=at,
        job_id=str(release_id),
        vehicle_id=lock.vehicle_id,
        driver_id=code.driver_id,
    )
    return release_id


def _make(session: Writer, *, actor: Actor, at: datetime, driver_id: int, how_many: int) -> list[str]:
    if not 1 <= how_many <= MOST_LIVE:
        raise Invalid("No codes were made.", fields={"how_many": f"Between 1 and {MOST_LIVE} can be good at a time."})
    # Two who make codes at once leave those of the later one.
    session.get_one(Driver, driver_id, with_for_update={"key_share": True})
    session.execute(
        sa.update(EmergencyCode)
        .where(
            EmergencyCode.driver_id == driver_id,
            EmergencyCode.used_at.is_(None),
            EmergencyCode.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=at)
    )
    codes = [make_code(secrets.token_bytes(8)) for _ in range(how_many)]
    session.add_all(
        EmergencyCode(driver_id=driver_id, code_hash=_hash(code), made_at=at, made_by=actor.name) for code in codes
    )
    audit.record(
        session,
        actor=actor,
        at=at,
        action="access.emergency_codes_made",
        subject=("driver", driver_id),
        how_many=how_many,
    )
    return codes


def _find_vehicle(session: Writer, plate: str) -> int | None:
    wanted = plain_plate(plate)
    if not wanted:
        return None
    told = sa.func.regexp_replace(sa.func.upper(Vehicle.plate), "[^A-Z0-9]", "", "g")
    return session.scalars(sa.select(Vehicle.id).where(told == wanted).order_by(Vehicle.id).limit(1)).first()


def _find_given(session: Writer, code: EmergencyCode, vehicle_id: int, at: datetime) -> uuid.UUID:
    """The release that this code has just ordered, for a form that was sent twice."""
    given = session.get(Job, code.release_job_id) if code.release_job_id is not None else None
    is_recent = code.used_at is not None and at < code.used_at + AGAIN_WITHIN
    if given is None or given.vehicle_id != vehicle_id or not (given.state.is_open or is_recent):
        raise _wrong()
    return given.id


def _find_lock(session: Writer, vehicle_id: int) -> Job | None:
    """What holds the vehicle, or may, or is about to: the newest order that is no release that was confirmed."""
    may_hold = sa.or_(
        Job.state.in_(OPEN_STATES),
        Job.state == JobState.CONFIRMED,
        sa.and_(Job.state == JobState.FAILED, Job.started_at.is_not(None)),
    )
    orders = session.scalars(
        sa.select(Job).where(Job.vehicle_id == vehicle_id, may_hold).order_by(Job.ordered_at.desc()).limit(20)
    ).all()
    locks: list[Job] = []
    for job in orders:
        if job.kind is OrderKind.RELEASE and job.state is JobState.CONFIRMED:
            break
        if job.kind is OrderKind.IMMOBILIZE:
            locks.append(job)
    # A lock that only the office opens goes before one that a code opens.
    return next((lock for lock in locks if lock.reason in OFFICE_ONLY), locks[0] if locks else None)


def _drivers_of(session: Writer, vehicle_id: int, lock: Job | None, at: datetime) -> set[int | None]:
    current = drivers.list_current_driver_ids(session.connection(), viewer=STARTER, at=at, vehicle_ids=[vehicle_id])
    found: set[int | None] = set(current.values())
    return found | ({lock.driver_id} if lock is not None else set())


def _read_law(session: Writer, lock: Job) -> JurisdictionRules:
    law = session.get_one(Jurisdiction, (lock.jurisdiction or "default", lock.jurisdiction_version or 1))
    return msgspec.convert(law.rules, JurisdictionRules)


def _count_used(session: Writer, lock: Job, driver_id: int) -> int:
    """How many codes were used on this lock; a lock that was ordered again for the same debt is the same."""
    since = None
    if lock.reason is Reason.DEBT:
        since = session.scalar(sa.select(Debt.overdue_since).where(Debt.driver_id == driver_id))
    same = EmergencyCode.lock_job_id == lock.id if since is None else EmergencyCode.used_at >= since
    count = sa.select(sa.func.count()).where(
        EmergencyCode.driver_id == driver_id, EmergencyCode.used_at.is_not(None), same
    )
    return session.scalar(count) or 0


def _hash(code: str) -> str:
    return hashlib.sha256(plain_code(code).encode()).hexdigest()


def _wrong() -> Invalid:
    return Invalid("Nothing was started.", fields={"code": WRONG})
