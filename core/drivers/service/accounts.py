"""The verb by which a driver gets an account of their own."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core import audit, outbox, vault
from core.db import Writer
from core.drivers.models import Driver, Profile, Stage, fields
from core.drivers.queries.names import name_drivers
from core.drivers.service.records import lock_driver
from core.errors import Conflict
from core.identity import service as identity
from core.identity.service import Invited, Post
from core.permissions import Actor, needs
from core.vehicles.models import Park


@needs("identity:invite_drivers")
def give_account(session: Writer, *, actor: Actor, at: datetime, driver_id: int, post: Post) -> Invited:
    """Give a driver an account at the e-mail address of their record, and invite them there to choose a password.

    Raises Conflict for who has one, has no address, or does not drive here; and when the address has an account.
    """
    driver = lock_driver(session, actor=actor, driver_id=driver_id, permission="identity:invite_drivers")
    email = _find_email(session, driver)
    name = name_drivers(session.connection(), [driver.id])[driver.id]
    invited = identity.invite_driver(
        session, actor=actor, at=at, email=email, name=name, time_zone=_find_zone(session, driver), post=post
    )
    driver.user_id = invited.user_id
    session.flush()
    audit.record(
        session,
        actor=actor,
        at=at,
        action="drivers.account_given",
        subject=("driver", driver.id),
        user_id=invited.user_id,
    )
    outbox.publish(session, "drivers.account_given", at=at, driver_id=driver.id)
    return invited


def _find_email(session: Writer, driver: Driver) -> str:
    if driver.user_id is not None:
        raise Conflict("This driver has an account already. An administrator can send another link.")
    if driver.stage not in {Stage.VERIFYING, Stage.ACTIVE}:
        raise Conflict("Only who drives here, or is being verified, is given an account.")
    profile = session.get(Profile, driver.id)
    sealed = None if profile is None else profile.email_sealed
    email = vault.open_text(session.connection(), sealed, field=fields.EMAIL)
    if email is None:
        raise Conflict("There is no e-mail address in the record. Enter it there first.")
    return email


def _find_zone(session: Writer, driver: Driver) -> str:
    return session.execute(sa.select(Park.time_zone).where(Park.id == driver.park_id)).scalar_one()
