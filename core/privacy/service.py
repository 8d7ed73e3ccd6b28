"""Erasing a person. What proves what happened stays: by ids, which lead to nobody any more."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core import audit, outbox
from core.access.models import OPEN, Debt, ImmobilizationJob
from core.db import Writer
from core.drivers import service as drivers
from core.drivers.models import Assignment, Driver
from core.errors import Conflict, NotFound
from core.events import service as events
from core.identity import service as identity
from core.permissions import Actor, needs

WHY = {
    "asked": "The person asked for it",
    "expired": "There is no more reason to keep it",
    "mistake": "It should never have been here",
}


@needs("privacy:erase")
def erase_driver(session: Writer, *, actor: Actor, at: datetime, driver_id: int, why: str) -> None:
    """Forget a driver for good: name, phone, licence, documents, words, signatures and account. `why` is one of WHY.

    The key of the person is destroyed, so that also what stands in append-only tables and is sealed under it says
    nothing any more. Assignments, orders, events and the audit stay, and verify. Done twice, it is done once.
    Raises Conflict, with what to do first, for who has or is to have a vehicle, is being locked, or owes money.
    """
    driver = session.get(Driver, driver_id, with_for_update=True)
    if driver is None or not actor.sees_park(driver.park_id):
        raise NotFound(f"There is no driver {driver_id}.")
    if driver.name_sealed is None:
        return
    _check_nothing_is_open(session, driver_id, at=at)
    events.erase_words_about(session, actor=actor, at=at, driver_id=driver_id)
    drivers.erase_person(session, actor=actor, at=at, driver_id=driver_id)
    if driver.user_id is not None:
        identity.erase_user(session, actor=actor, at=at, user_id=driver.user_id)
    audit.record(session, actor=actor, at=at, action="privacy.driver_erased", subject=("driver", driver_id), why=why)
    outbox.publish(session, "privacy.driver_erased", at=at, driver_id=driver_id)


def _check_nothing_is_open(session: Writer, driver_id: int, *, at: datetime) -> None:
    has_vehicle = sa.exists().where(
        Assignment.driver_id == driver_id,
        sa.or_(sa.func.upper_inf(Assignment.during), sa.func.upper(Assignment.during) > at),
        sa.not_(sa.func.isempty(Assignment.during)),
    )
    if session.scalar(sa.select(has_vehicle)):
        raise Conflict(
            "This driver has a vehicle, or is to have one. End and cancel the assignments first.", driver_id=driver_id
        )
    if session.scalar(sa.select(sa.exists().where(ImmobilizationJob.driver_id == driver_id, OPEN))):
        raise Conflict(
            "An order to a vehicle concerns this driver. Wait for its end, or cancel it.", driver_id=driver_id
        )
    if session.scalar(sa.select(sa.exists().where(Debt.driver_id == driver_id, Debt.owed_minor > 0))):
        raise Conflict("This driver owes money. Settle or write off the debt first.", driver_id=driver_id)
