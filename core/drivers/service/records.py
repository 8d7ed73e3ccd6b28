"""What the verbs about a driver's record share: the driver held, the step written down, the person found unique."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

from core import audit, outbox, vault
from core.db import Writer
from core.drivers.models import Driver, fields
from core.drivers.models.lives import Stage, StageChange, StageReason
from core.drivers.models.profiles import Profile, ProfileChange
from core.errors import Conflict, NotFound, Refusal
from core.permissions import Actor
from core.vehicles.models import Park


def lock_driver(session: Writer, *, actor: Actor, driver_id: int, permission: str) -> Driver:
    """The driver, held until the transaction ends. Raises NotFound out of sight, Forbidden out of reach."""
    driver = _hold(session, driver_id)
    if driver is None or not actor.sees_park(driver.park_id):
        raise NotFound(f"There is no driver {driver_id}.")
    actor.require(permission, park_id=driver.park_id)
    return driver


def lock_driver_or_self(session: Writer, *, actor: Actor, driver_id: int, permission: str) -> Driver:
    """The driver, held: any within reach or, for a driver, themselves."""
    driver = _hold(session, driver_id)
    if driver is not None and is_self(driver, actor):
        return driver
    if driver is None or not actor.sees_park(driver.park_id):
        raise NotFound(f"There is no driver {driver_id}.")
    actor.require(permission, park_id=driver.park_id)
    return driver


def is_self(driver: Driver, actor: Actor) -> bool:
    """Whether the driver is who acts."""
    return actor.kind == "user" and actor.id is not None and driver.user_id == actor.id


def _hold(session: Writer, driver_id: int) -> Driver | None:
    query = sa.select(Driver).where(Driver.id == driver_id).with_for_update(key_share=True)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def find_today(session: Writer, park_id: int, at: datetime) -> date:
    """The day it is in the park."""
    zone = session.execute(sa.select(Park.time_zone).where(Park.id == park_id)).scalar_one()
    return at.astimezone(ZoneInfo(zone)).date()


def write_step(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    driver: Driver,
    to: Stage,
    reason: StageReason,
    words: str = "",
    is_first: bool = False,
) -> int:
    """Write down that somebody went on to a stage, and tell; returns the id of the change."""
    was = None if is_first else driver.stage
    driver.stage, driver.stage_since = to, at
    sealed = vault.seal_text(session, key_id=driver.key_id, field=fields.STAGE_WORDS, text=words) if words else None
    change = StageChange(
        driver_id=driver.id,
        at=at,
        from_stage=was,
        to_stage=to,
        reason=reason,
        words_sealed=sealed,
        actor_kind=actor.kind,
        actor_id=actor.id,
    )
    session.add(change)
    session.flush()
    audit.record(
        session,
        actor=actor,
        at=at,
        action="drivers.stage_changed",
        subject=("driver", driver.id),
        from_stage=was,
        to_stage=to,
        reason=reason,
    )
    outbox.publish(session, "drivers.stage_changed", at=at, driver_id=driver.id, change_id=change.id)
    return change.id


def write_profile_change(
    session: Writer, *, actor: Actor, at: datetime, driver_id: int, changed: Collection[str]
) -> None:
    """Keep which parts of a record were changed, and tell; what stood there is told to nobody."""
    named = sorted(changed)
    session.add(ProfileChange(driver_id=driver_id, at=at, fields=named, actor_kind=actor.kind, actor_id=actor.id))
    audit.record(
        session, actor=actor, at=at, action="drivers.profile_changed", subject=("driver", driver_id), fields=named
    )
    outbox.publish(session, "drivers.profile_changed", at=at, driver_id=driver_id)


def check_unique(
    session: Writer,
    *,
    actor: Actor,
    phone_blind: bytes | None = None,
    licence_blind: bytes | None = None,
    but: int | None = None,
) -> None:
    """Raise Conflict when another driver has this phone or this licence."""
    if phone_blind is not None:
        _refuse_known(session, actor, Driver.phone_blind == phone_blind, field="phone", what="phone number", but=but)
    if licence_blind is not None:
        _refuse_known(session, actor, Profile.licence_blind == licence_blind, field="licence", what="licence", but=but)


def _refuse_known(
    session: Writer, actor: Actor, same: sa.ColumnElement[bool], *, field: str, what: str, but: int | None
) -> None:
    query = sa.select(Driver.id, Driver.park_id).outerjoin(Profile, Profile.driver_id == Driver.id).where(same)
    row = session.execute(query if but is None else query.where(Driver.id != but)).first()
    if row is not None:
        raise known(actor, row.id, row.park_id, field=field, what=what)


def known(actor: Actor, driver_id: int, park_id: int, *, field: str, what: str) -> Refusal:
    """The refusal of a person who is there already; it names the record to those alone who may see it."""
    if actor.may("drivers:read", park_id=park_id):
        return Conflict(
            f"This {what} is that of driver {driver_id}. Open that record instead.",
            fields={field: f"Already used by driver {driver_id}."},
            driver_id=driver_id,
        )
    return Conflict(
        f"Somebody with this {what} is already known here. If that is the same person, ask the office of the fleet.",
        fields={field: "Already known."},
    )


def flush_unique(session: Writer) -> None:
    """Write what is pending; of two who write the same person at once, the later gets the Conflict."""
    try:
        with session.begin_nested():
            session.flush()
    except IntegrityError as refused:
        if not isinstance(refused.orig, UniqueViolation):
            raise
        raise Conflict(
            "The same person was written by somebody else at this very moment. Look at that record first."
        ) from refused
