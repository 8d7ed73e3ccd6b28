"""How many locks have left, counted under one lock for the whole fleet, and when that trips the breaker."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from core.access.models import Brake, BrakeKind, ImmobilizationAttempt, JobState, OrderKind, Outcome
from core.access.models import ImmobilizationJob as Job
from core.access.rules import Traffic
from core.access.service.brakes import put_on, read_brakes
from core.config import AccessLimits
from core.db import Writer, take_transaction_lock
from core.permissions import Actor
from core.vehicles.models import Tracker

MINUTE, HOUR, DOUBT_WITHIN = timedelta(minutes=1), timedelta(hours=1), timedelta(minutes=10)


def hold_count(session: Writer) -> None:
    """Let nobody else count until this transaction ends. Taken last: who holds it waits for nothing more."""
    take_transaction_lock(session, "access:limits")


def count_traffic(session: Writer, *, at: datetime) -> Traffic:
    """How many locks have left, of how many vehicles with a relay."""
    is_lock = Job.kind == OrderKind.IMMOBILIZE
    row = session.execute(
        sa.select(
            sa.func.count().filter(Job.started_at > at - MINUTE),
            sa.func.count(sa.distinct(Job.vehicle_id)),
        ).where(is_lock, Job.started_at > at - HOUR)
    ).one()
    fleet = session.scalar(sa.select(sa.func.count()).where(Tracker.relay_gateway.is_not(None))) or 0
    return Traffic(row[0], row[1], fleet)


def trip_if_ordered_too_often(session: Writer, *, actor: Actor, at: datetime, limits: AccessLimits) -> None:
    """Trip the breaker by the order that is one too many within a minute. That order stands; later ones are refused."""
    since = _since_reset(session, at - MINUTE)
    orders = session.scalar(sa.select(sa.func.count()).where(Job.kind == OrderKind.IMMOBILIZE, Job.ordered_at > since))
    if (orders or 0) >= limits.breaker_orders_per_min:
        _trip(session, actor, at, f"{orders} locks were ordered within a minute")


def trip_if_share_is_reached(
    session: Writer, *, actor: Actor, at: datetime, traffic: Traffic, limits: AccessLimits
) -> None:
    """Trip the breaker when one more vehicle wants to be locked than the share of the fleet within an hour.

    Once it is reset it stays so until another has left: those that wait for the hour to pass are no news.
    """
    per_hour = limits.per_hour(traffic.fleet)
    if traffic.last_hour < per_hour:
        return
    since = _since_reset(session, at - HOUR)
    has_left = sa.exists().where(Job.kind == OrderKind.IMMOBILIZE, Job.started_at > since)
    if session.scalar(sa.select(has_left)):
        _trip(session, actor, at, f"{per_hour} of {traffic.fleet} vehicles were locked within an hour, and more wait")


def trip_if_in_doubt(session: Writer, *, actor: Actor, at: datetime, limits: AccessLimits) -> None:
    """Trip the breaker when lock after lock was given to a gateway and never confirmed: something lies."""
    reached = sa.exists().where(
        ImmobilizationAttempt.job_id == Job.id,
        sa.or_(
            ImmobilizationAttempt.outcome.is_(None),
            ImmobilizationAttempt.outcome.in_([Outcome.ACCEPTED, Outcome.UNKNOWN]),
        ),
    )
    doubts = session.scalar(
        sa.select(sa.func.count()).where(
            Job.kind == OrderKind.IMMOBILIZE,
            Job.state == JobState.FAILED,
            Job.finished_at > _since_reset(session, at - DOUBT_WITHIN),
            reached,
        )
    )
    if (doubts or 0) >= limits.breaker_doubts:
        _trip(session, actor, at, f"{doubts} locks within ten minutes were sent and never confirmed")


def _since_reset(session: Writer, since: datetime) -> datetime:
    """`since`, or when the breaker was last reset after that: what was looked at then does not trip it again."""
    reset = session.scalar(sa.select(sa.func.max(Brake.lifted_at)).where(Brake.kind == BrakeKind.BREAKER))
    return since if reset is None else max(since, reset)


def _trip(session: Writer, actor: Actor, at: datetime, why: str) -> None:
    if not any(brake.kind is BrakeKind.BREAKER for brake in read_brakes(session)):
        put_on(session, kind=BrakeKind.BREAKER, actor=actor, at=at, why=why)
