"""What a person puts on a driver by hand, and the review that lifts it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import msgspec

from core import audit
from core.access.models import DriverFact, FactKind
from core.access.rules import standing as rules
from core.access.schemas import AccessStatus, HoldStatus, NewHold
from core.access.service.judging import HOLD, LIFT, keep, load_facts, lock_driver, settle
from core.config import StandingThresholds
from core.db import Writer
from core.drivers.queries import name_drivers
from core.errors import Conflict, Forbidden, Invalid
from core.permissions import Actor, needs


@needs("access:judge")
def hold_driver(
    session: Writer, *, actor: Actor, at: datetime, driver_id: int, new: NewHold, thresholds: StandingThresholds
) -> None:
    """Suspend a driver or lock them out by hand, as a person. It takes the place of an earlier one. Nothing is locked
    by it. Raises Invalid for a lock-out with an end, or an end that has passed.
    """
    _check_person(actor)
    if new.until is not None and (new.status is HoldStatus.LOCKED_OUT or new.until <= at):
        told = "It must be later than now." if new.until <= at else "A lock-out has no end; a person lifts it."
        raise Invalid("Nothing was put on.", fields={"until": told})
    driver = lock_driver(session, actor=actor, driver_id=driver_id)
    value = {name: one for name, one in msgspec.to_builtins(new).items() if one is not None}
    keep(session, actor=actor, at=at, driver_id=driver_id, kind=FactKind.MANUAL, key=HOLD, value=value, as_of=at)
    audit.record(session, actor=actor, at=at, action="access.driver_held", subject=("driver", driver_id), **value)
    settle(session, actor=actor, at=at, driver=driver, thresholds=thresholds)


@needs("access:judge")
def lift_hold(
    session: Writer, *, actor: Actor, at: datetime, driver_id: int, why: str, thresholds: StandingThresholds
) -> AccessStatus:
    """Lift what was put on by hand, and a lock-out whose cause is gone, as a person who has looked into it; returns
    how the driver stands then. Raises Conflict while a cause of a lock-out is there, or when there is nothing to lift.
    """
    _check_person(actor)
    driver = lock_driver(session, actor=actor, driver_id=driver_id)
    facts = load_facts(session, driver_id).facts
    causes = rules.judge(replace(facts, hold=None), at, thresholds)
    if causes.status is AccessStatus.LOCKED_OUT:
        reason = causes.reasons[0]
        name = name_drivers(session.connection(), [driver_id])[driver_id]
        raise Conflict(
            f"{name} stays locked out: {reason.words} {reason.way_back} Note that it is cleared up first.",
            driver_id=driver_id,
            rule=reason.rule,
        )
    if facts.hold is None and driver.access_status is not AccessStatus.LOCKED_OUT:
        name = name_drivers(session.connection(), [driver_id])[driver_id]
        raise Conflict(
            f"Nothing was put on {name} by hand. What else there is ends when its cause does.",
            driver_id=driver_id,
        )
    if facts.hold is not None:
        known = session.get_one(DriverFact, (driver_id, FactKind.MANUAL, HOLD))
        known.withdrawn_at = at
        session.flush()
    value = {"why": why}
    keep(session, actor=actor, at=at, driver_id=driver_id, kind=FactKind.MANUAL, key=LIFT, value=value, as_of=at)
    audit.record(session, actor=actor, at=at, action="access.driver_lifted", subject=("driver", driver_id), why=why)
    return settle(session, actor=actor, at=at, driver=driver, thresholds=thresholds).status


def _check_person(actor: Actor) -> None:
    if actor.kind != "user":
        raise Forbidden("Only a person may do this by hand. Tell facts instead.", permission="access:judge")
