"""A driver appeals, somebody else than who decided first decides, and what was wrong counts no more."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core import audit, outbox, vault
from core.access import service as access
from core.access.schemas import FactKind
from core.config import StandingThresholds
from core.db import Writer
from core.drivers.models import Driver
from core.errors import Conflict, NotFound
from core.permissions import Actor, needs, system
from core.ratings.models import Appeal, AppealState
from core.ratings.queries.appeals import REASON, WORDS, list_own_appealable
from core.ratings.rules.appealing import ANSWER_WITHIN, may_decide
from core.ratings.schemas import AppealKind, Decision, NewAppeal
from core.ratings.service.ratings import rate_driver

# What follows from a granted appeal is the product's own doing: whoever decides need not hold these rights.
EFFECT = system("appeals", "ratings:compute", "access:judge")


@needs("ratings:appeal")
def hand_in_appeal(session: Writer, *, actor: Actor, at: datetime, new: NewAppeal) -> int:
    """Appeal against something that was decided in the last 14 days; returns the id. It is to be answered within 7.

    Raises Conflict for what cannot be appealed against: not there, too old, or appealed against already.
    """
    found = list_own_appealable(session.connection(), viewer=actor, at=at)
    against = next((one for one in found if (one.kind, one.subject) == (new.kind, new.subject)), None)
    if against is None:
        raise Conflict(
            "This cannot be appealed against (any more): it does not stand, is older than 14 days, or you have "
            "appealed already. Call your park about it."
        )
    driver = session.scalars(sa.select(Driver).where(Driver.user_id == actor.id)).one()
    appeal = Appeal(
        driver_id=driver.id,
        kind=against.kind,
        subject=against.subject,
        rating_id=against.rating_id,
        decided_first_at=against.decided_at,
        decided_first_by=against.decided_by,
        state=AppealState.OPEN,
        words_sealed=vault.seal_text(session, key_id=driver.key_id, field=WORDS, text=new.words.strip()),
        handed_in_at=at,
        answer_due_at=at + ANSWER_WITHIN,
    )
    try:
        with session.begin_nested():
            session.add(appeal)
    except IntegrityError as refused:
        raise Conflict("You have appealed against this already.") from refused
    _tell(session, actor, at, appeal, "handed_in")
    outbox.publish(session, "ratings.appeal_handed_in", at=at, appeal_id=appeal.id, driver_id=driver.id)
    return appeal.id


@needs("ratings:appeal")
def withdraw_appeal(session: Writer, *, actor: Actor, at: datetime, appeal_id: int) -> None:
    """Take one's own appeal back before it is decided. Raises NotFound for another's, Conflict when it is over."""
    appeal, driver = _lock(session, appeal_id)
    if driver.user_id != actor.id:
        raise NotFound(f"There is no appeal {appeal_id}.")
    _end(appeal, AppealState.WITHDRAWN, at)
    _tell(session, actor, at, appeal, "withdrawn")
    outbox.publish(session, "ratings.appeal_withdrawn", at=at, appeal_id=appeal.id, driver_id=driver.id)


@needs("ratings:decide_appeal")
def decide_appeal(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    appeal_id: int,
    decision: Decision,
    thresholds: StandingThresholds,
) -> None:
    """Grant or refuse an appeal. Of a granted one the component is excluded and the rating computed anew, the incident
    or refused document counts no more for the standing. What a person put on by hand, they lift by hand.

    Raises NotFound out of sight, Conflict when it is over or the actor is who decided first.
    """
    appeal, driver = _lock(session, appeal_id)
    if not actor.sees_park(driver.park_id):
        raise NotFound(f"There is no appeal {appeal_id}.")
    actor.require("ratings:decide_appeal", park_id=driver.park_id)
    if not may_decide(actor.name, appeal.decided_first_by):
        raise Conflict("You made the decision that this appeal is against. Ask a colleague to decide it.")
    _end(appeal, AppealState.GRANTED if decision.is_granted else AppealState.REFUSED, at)
    appeal.decided_by = actor.name
    appeal.reason_sealed = vault.seal_text(session, key_id=driver.key_id, field=REASON, text=decision.reason.strip())
    session.flush()
    _tell(session, actor, at, appeal, appeal.state.value)
    outbox.publish(session, "ratings.appeal_decided", at=at, appeal_id=appeal.id, driver_id=driver.id)
    if decision.is_granted:
        _let_follow(session, at, appeal, thresholds)


@needs("ratings:compute")
def escalate_appeal(session: Writer, *, actor: Actor, at: datetime, appeal_id: int) -> None:
    """Note that an appeal was not answered in time, and say so to those above. Done twice, it is done once."""
    appeal, driver = _lock(session, appeal_id)
    if appeal.state is not AppealState.OPEN or appeal.answer_due_at > at:
        return
    appeal.state, appeal.escalated_at = AppealState.ESCALATED, at
    _tell(session, actor, at, appeal, "escalated")
    outbox.publish(session, "ratings.appeal_escalated", at=at, appeal_id=appeal.id, driver_id=driver.id)


def _let_follow(session: Writer, at: datetime, appeal: Appeal, thresholds: StandingThresholds) -> None:
    if appeal.kind in {AppealKind.INCIDENT, AppealKind.DOCUMENT}:
        access.withdraw_driver_fact(
            session,
            actor=EFFECT,
            at=at,
            driver_id=appeal.driver_id,
            kind=FactKind(appeal.kind.value),
            key=appeal.subject,
            as_of=at,
            thresholds=thresholds,
        )
    if appeal.kind is not AppealKind.STANDING:
        rate_driver(session, actor=EFFECT, at=at, driver_id=appeal.driver_id, thresholds=thresholds)


def _lock(session: Writer, appeal_id: int) -> tuple[Appeal, Driver]:
    appeal = session.get(Appeal, appeal_id, with_for_update=True, populate_existing=True)
    if appeal is None:
        raise NotFound(f"There is no appeal {appeal_id}.")
    return appeal, session.get_one(Driver, appeal.driver_id)


def _end(appeal: Appeal, state: AppealState, at: datetime) -> None:
    if appeal.state.is_over:
        raise Conflict(f"This appeal is over: it was {appeal.state.value} already.")
    appeal.state, appeal.ended_at = state, at


def _tell(session: Writer, actor: Actor, at: datetime, appeal: Appeal, what: str) -> None:
    audit.record(
        session,
        actor=actor,
        at=at,
        action=f"ratings.appeal_{what}",
        subject=("driver", appeal.driver_id),
        appeal_id=appeal.id,
        kind=appeal.kind,
    )
