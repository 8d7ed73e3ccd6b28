"""The orders: to immobilize, to release, to cancel."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from core import audit, outbox
from core.access.gateway import REQUEST_TIMEOUT_S
from core.access.models import OPEN, ImmobilizationAttempt, JobState, OrderKind, Reason
from core.access.models import ImmobilizationJob as Job
from core.access.schemas import ImmobilizationOrder
from core.access.service.verdict import finish
from core.config import AccessTiming
from core.db import Writer, take_transaction_lock
from core.errors import Conflict, NotFound
from core.permissions import Actor, needs, system
from core.vehicles import queries as vehicles

# Reads the registry for an order, after the reach of whoever gives it was checked.
ORDERS = system("access orders", "vehicles:read")


@needs("access:immobilize")
def immobilize(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    vehicle_id: int,
    order: ImmobilizationOrder,
    timing: AccessTiming,
) -> uuid.UUID:
    """Accept an order to immobilize a vehicle; returns the job's id. The one way in for pages, API and command line.

    The job waits until locking is safe and expires if it never is. Raises Conflict when the vehicle has no relay,
    or an order is already open.
    """
    vehicle = _get_vehicle(session, actor, "access:immobilize", vehicle_id)
    method = vehicle.relay_gateway
    if vehicle.device_uid is None or method is None or order.method not in {None, method}:
        wanted = f"no relay behind {order.method}" if order.method else "no relay"
        raise Conflict(
            f"{vehicle.name} has {wanted}. Pair a tracker with a relay gateway first.",
            vehicle_id=vehicle_id,
        )
    _lock_orders(session, vehicle_id)
    if (open_job := _find_open(session, vehicle_id)) is not None:
        raise Conflict(
            f"{vehicle.name} already has an open order ({open_job.kind}, {open_job.state}). Follow that one, "
            "or cancel it first.",
            job_id=str(open_job.id),
        )
    return _open_job(
        session,
        actor=actor,
        at=at,
        vehicle_id=vehicle_id,
        kind=OrderKind.IMMOBILIZE,
        method=method,
        reason=order.reason,
        note=order.note,
        expires_at=at + timedelta(seconds=timing.arm_for_s),
    )


@needs("access:release")
def release(
    session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, note: str = "", timing: AccessTiming
) -> uuid.UUID:
    """Accept an order to release a vehicle; returns the job's id. It overtakes and cancels an open lock.

    Ordering it again while it is on its way returns the same job.
    """
    vehicle = _get_vehicle(session, actor, "access:release", vehicle_id)
    if vehicle.device_uid is None or vehicle.relay_gateway is None:
        raise Conflict(f"{vehicle.name} has no relay to release.", vehicle_id=vehicle_id)
    _lock_orders(session, vehicle_id)
    open_job = _find_open(session, vehicle_id)
    if open_job is not None and open_job.kind is OrderKind.RELEASE:
        return open_job.id
    if open_job is not None:
        finish(session, open_job, actor=actor, at=at, state=JobState.CANCELLED, verdict="Overtaken by a release.")
    return _open_job(
        session,
        actor=actor,
        at=at,
        vehicle_id=vehicle_id,
        kind=OrderKind.RELEASE,
        method=vehicle.relay_gateway,
        reason=Reason.RELEASED,
        note=note,
        expires_at=at + timedelta(seconds=timing.release_for_s),
        quiet_after=_last_lock_dies_at(session, vehicle_id),
    )


@needs("access:release")
def cancel(session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, job_id: uuid.UUID) -> None:
    """Cancel an order to immobilize of which no command has left yet. Raises Conflict when one has."""
    vehicles.check_reach(session.connection(), actor=actor, permission="access:release", vehicle_id=vehicle_id)
    _lock_orders(session, vehicle_id)
    job = session.get(Job, job_id, with_for_update=True)
    if job is None or job.vehicle_id != vehicle_id:
        raise NotFound(f"There is no order {job_id} for this vehicle.")
    if job.kind is OrderKind.RELEASE:
        raise Conflict("A release is not cancelled. Order an immobilization once it is through.", job_id=str(job_id))
    if not job.state.is_open:
        raise Conflict(f"The order is already {job.state}.", job_id=str(job_id))
    if job.state is not JobState.ARMED:
        raise Conflict("A command has already left. Order a release instead: it overtakes.", job_id=str(job_id))
    finish(session, job, actor=actor, at=at, state=JobState.CANCELLED, verdict=f"Cancelled by {actor.name}.")


def _get_vehicle(session: Writer, actor: Actor, permission: str, vehicle_id: int) -> vehicles.VehicleRecord:
    """The vehicle, for an actor who may order but perhaps not read the registry."""
    vehicles.check_reach(session.connection(), actor=actor, permission=permission, vehicle_id=vehicle_id)
    return vehicles.get_vehicle(session.connection(), viewer=ORDERS, vehicle_id=vehicle_id)


def _lock_orders(session: Writer, vehicle_id: int) -> None:
    # Taken before any job row of the vehicle, so orders for one vehicle come one after another.
    take_transaction_lock(session, f"access:{vehicle_id}")


def _find_open(session: Writer, vehicle_id: int) -> Job | None:
    return session.scalars(
        sa.select(Job).where(Job.vehicle_id == vehicle_id, OPEN).order_by(sa.desc(Job.kind)).with_for_update()
    ).first()


def _open_job(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    vehicle_id: int,
    kind: OrderKind,
    method: str,
    reason: Reason,
    note: str,
    expires_at: datetime,
    quiet_after: datetime | None = None,
) -> uuid.UUID:
    job = Job(
        vehicle_id=vehicle_id,
        kind=kind,
        method=method,
        reason=reason,
        note=note,
        ordered_by_kind=actor.kind,
        ordered_by_id=actor.id,
        ordered_by=actor.name,
        ordered_at=at,
        state=JobState.ARMED,
        waiting_for="a worker to take it",
        expires_at=expires_at,
        quiet_after=quiet_after,
    )
    session.add(job)
    session.flush()
    audit.record(
        session,
        actor=actor,
        at=at,
        action=f"access.{kind}_ordered",
        subject=("immobilization", job.id),
        vehicle_id=vehicle_id,
        method=method,
        reason=reason,
        note=note,
    )
    outbox.publish(session, "access.job_ordered", at=at, job_id=str(job.id), vehicle_id=vehicle_id)
    return job.id


def _last_lock_dies_at(session: Writer, vehicle_id: int) -> datetime | None:
    """When the last lock command that may still be on its way has died, however slowly it was taken in.

    The only command of a confirmed lock is not on its way any more: it arrived.
    """
    attempt = ImmobilizationAttempt
    longest_s = attempt.ttl_s + REQUEST_TIMEOUT_S
    dies_at = attempt.started_at + sa.func.make_interval(0, 0, 0, 0, 0, 0, longest_s)
    arrived = sa.and_(Job.state == JobState.CONFIRMED, attempt.number == 1, ~_has_second_attempt())
    result: datetime | None = session.execute(
        sa.select(sa.func.max(dies_at))
        .join(Job, Job.id == attempt.job_id)
        .where(Job.vehicle_id == vehicle_id, Job.kind == OrderKind.IMMOBILIZE, ~arrived)
    ).scalar()
    return result


def _has_second_attempt() -> sa.ColumnElement[bool]:
    second = aliased(ImmobilizationAttempt)
    return sa.exists().where(second.job_id == Job.id, second.number == 2)
