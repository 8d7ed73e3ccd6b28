"""What drivers owe, as whoever keeps the money tells it, and what follows at once: no lock outlives its debt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from core import audit, outbox
from core.access.models import OPEN_STATES, Debt, JobState, OrderKind, Reason
from core.access.models import ImmobilizationJob as Job
from core.access.rules import DebtNow, find_settlement
from core.access.schemas import ToldDebt
from core.access.service.held import hold_orders
from core.access.service.orders import release
from core.access.service.verdict import finish
from core.config import AccessTiming
from core.db import Writer
from core.drivers.models import Driver
from core.errors import Conflict, Invalid, NotFound
from core.permissions import Actor, needs, system
from core.vehicles.models import Tracker

PAYMENT = system("payment", "access:release")
# A clock of another system may be ahead by this much; a moment further on would keep out all that is told later.
AHEAD = timedelta(minutes=1)
_FIELDS = (*DebtNow.__slots__, "as_of")


@needs("access:note_debt")
def note_debt(
    session: Writer, *, actor: Actor, at: datetime, driver_id: int, debt: ToldDebt, timing: AccessTiming
) -> bool:
    """Note what a driver owes as of a moment; False when that, or something younger, was known already.

    When nothing is owed, or it is promised or disputed, the driver's open locks for debt are cancelled, and what is
    locked for that debt, or may be, is released: in this very transaction. Raises NotFound, Invalid, and Conflict when
    something else was told as of the same moment.
    """
    _check(session, actor, at, driver_id, debt)
    locks = _hold_locks(session, driver_id)
    known = session.get(Debt, driver_id, with_for_update=True)
    if known is not None and debt.as_of <= known.as_of:
        if debt.as_of == known.as_of and any(getattr(known, name) != getattr(debt, name) for name in _FIELDS):
            raise Conflict(
                "Something else was told as of the same moment. Tell it with the moment as of which it is true.",
                driver_id=driver_id,
                as_of=known.as_of.isoformat(),
            )
        return False
    told = {name: getattr(debt, name) for name in _FIELDS}
    if known is None:
        session.add(Debt(driver_id=driver_id, **told, noted_by=actor.name, noted_at=at))
    else:
        for name, value in {**told, "noted_by": actor.name, "noted_at": at}.items():
            setattr(known, name, value)
    audit.record(
        session,
        actor=actor,
        at=at,
        action="access.debt_noted",
        subject=("driver", driver_id),
        **msgspec.to_builtins(debt),
    )
    outbox.publish(session, "access.debt_noted", at=at, driver_id=driver_id)
    settled = find_settlement(DebtNow(**{name: told[name] for name in DebtNow.__slots__}), at=at)
    if settled is not None:
        _let_go(session, locks, driver_id=driver_id, words=settled, at=at, timing=timing)
    return True


def _check(session: Writer, actor: Actor, at: datetime, driver_id: int, debt: ToldDebt) -> None:
    park_id = session.scalar(sa.select(Driver.park_id).where(Driver.id == driver_id))
    if park_id is None or not actor.sees_park(park_id):
        raise NotFound(f"There is no driver {driver_id}.")
    actor.require("access:note_debt", park_id=park_id)
    if (debt.owed_minor > 0) != (debt.overdue_since is not None):
        told = "Say since when it is overdue." if debt.owed_minor else "Leave it out: nothing is owed."
        raise Invalid("The debt was not noted.", fields={"overdue_since": told})
    if debt.as_of > at + AHEAD:
        raise Invalid("The debt was not noted.", fields={"as_of": "It lies in the future. Look at your clock."})
    if debt.overdue_since is not None and debt.overdue_since > debt.as_of:
        raise Invalid(
            "The debt was not noted.", fields={"overdue_since": "It is later than as_of: nothing is overdue yet."}
        )


def _hold_locks(session: Writer, driver_id: int) -> list[Job]:
    """The driver's locks for debt that may still do something or have done it, held with all orders of the vehicle.

    One that is ordered while this waits is not among them: the policy reads the debt again before its command leaves.
    """
    wanted = (
        Job.driver_id == driver_id,
        Job.reason == Reason.DEBT,
        Job.kind == OrderKind.IMMOBILIZE,
        sa.or_(Job.state.in_(OPEN_STATES), Job.state.in_([JobState.CONFIRMED, JobState.FAILED])),
    )
    vehicle_ids = session.scalars(sa.select(Job.vehicle_id).where(*wanted).distinct()).all()
    for vehicle_id in sorted(vehicle_ids):
        hold_orders(session, vehicle_id)
    query = sa.select(Job).where(*wanted, Job.vehicle_id.in_(vehicle_ids)).order_by(Job.vehicle_id, Job.ordered_at)
    return list(session.scalars(query.with_for_update()))


def _let_go(
    session: Writer, locks: Sequence[Job], *, driver_id: int, words: str, at: datetime, timing: AccessTiming
) -> None:
    for job in locks:
        if job.state in {JobState.REQUESTED, JobState.NOTIFIED, JobState.ARMED}:
            finish(session, job, actor=PAYMENT, at=at, state=JobState.CANCELLED, verdict=f"No longer: {words}")
    vehicle_ids = {job.vehicle_id for job in locks}
    for vehicle_id in sorted(_find_locked(session, vehicle_ids, driver_id)):
        release(session, actor=PAYMENT, at=at, vehicle_id=vehicle_id, note=words, reason=Reason.PAYMENT, timing=timing)


def _find_locked(session: Writer, vehicle_ids: set[int], driver_id: int) -> set[int]:
    """Those that are locked, or may be, since their last release: for this debt and for no other reason, by a device
    that is still there.
    """
    if not vehicle_ids:
        return set()
    has_relay = sa.exists().where(Tracker.vehicle_id == Job.vehicle_id, Tracker.relay_gateway.is_not(None))
    # A release that failed has let nothing go: it is ordered again.
    stands = sa.or_(
        Job.kind == OrderKind.RELEASE,
        Job.state.in_([JobState.SENDING, JobState.SENT, JobState.CONFIRMED]),
        sa.and_(Job.state == JobState.FAILED, Job.started_at.is_not(None)),
    )
    query = sa.select(Job).where(Job.vehicle_id.in_(vehicle_ids), stands, has_relay).order_by(Job.ordered_at)
    holding: set[int] = set()
    others: set[int] = set()
    for job in session.scalars(query):
        if job.kind is OrderKind.RELEASE:
            if job.state is JobState.CONFIRMED or job.state.is_open:
                holding.discard(job.vehicle_id)
                others.discard(job.vehicle_id)
        elif job.reason is Reason.DEBT and job.driver_id == driver_id:
            holding.add(job.vehicle_id)
        else:
            others.add(job.vehicle_id)
    return holding - others
