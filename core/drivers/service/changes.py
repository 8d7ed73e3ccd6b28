"""The verbs by which a driver's record is changed: by the office, and by the driver."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import UNSET

from core import vault
from core.db import Writer
from core.drivers.models import Driver
from core.drivers.queries.names import NAME, PHONE
from core.drivers.schemas.profiles import DriverChanges, Personal
from core.drivers.service.additions import check_personal
from core.drivers.service.records import check_unique, flush_unique, lock_driver, write_profile_change
from core.drivers.service.sealing import blind_licence, write_profile
from core.errors import Forbidden, NotFound, check_version
from core.permissions import Actor, needs

# What drivers change of their own record themselves; the rest is changed by the office, against documents.
OWN = frozenset({"email", "address", "emergency_contact"})


@needs("drivers:change")
def change_driver(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    driver_id: int,
    changes: DriverChanges,
    versions: Collection[int] | None = None,
) -> None:
    """Change what is known of a driver. Which parts were changed is kept, and not what stood there.

    Raises Invalid, Conflict for a phone number or licence of somebody else, PreconditionFailed for another version.
    """
    driver = lock_driver(session, actor=actor, driver_id=driver_id, permission="drivers:change")
    check_version(driver.version, versions)
    _change(session, actor=actor, at=at, driver=driver, changed=_named(changes))


@needs("drivers:change_own")
def change_own_record(session: Writer, *, actor: Actor, at: datetime, changes: DriverChanges) -> None:
    """Change of one's own record what a driver may: e-mail, address, emergency contact."""
    driver = session.scalars(sa.select(Driver).where(Driver.user_id == actor.id).with_for_update()).one_or_none()
    if driver is None or actor.kind != "user":
        raise NotFound("Your account is not linked to a driver. Call your park.")
    changed = _named(changes)
    if foreign := sorted(changed.keys() - OWN):
        raise Forbidden(f"Your park changes this, against your documents: {', '.join(foreign)}. Call it.")
    _change(session, actor=actor, at=at, driver=driver, changed=changed)


def _named(changes: DriverChanges) -> dict[str, Any]:
    return {name: getattr(changes, name) for name in changes.__struct_fields__ if getattr(changes, name) is not UNSET}


def _change(session: Writer, *, actor: Actor, at: datetime, driver: Driver, changed: dict[str, Any]) -> None:
    if not changed:
        return
    personal = {name: value for name, value in changed.items() if name not in {"name", "phone"}}
    check_personal(msgspec.convert(personal, Personal, from_attributes=True), at.date())
    _change_name(session, actor=actor, driver=driver, changed=changed)
    licence = changed.get("licence")
    check_unique(session, actor=actor, licence_blind=None if licence is None else blind_licence(licence), but=driver.id)
    write_profile(session, driver=driver, known=personal, at=at)
    driver.version = Driver.version  # the record changes with its profile
    flush_unique(session)
    write_profile_change(session, actor=actor, at=at, driver_id=driver.id, changed=changed)


def _change_name(session: Writer, *, actor: Actor, driver: Driver, changed: dict[str, Any]) -> None:
    if "name" in changed:
        driver.name_sealed = vault.seal_text(session, key_id=driver.key_id, field=NAME, text=changed["name"].strip())
    if "phone" in changed:
        blind = vault.blind(field=PHONE, text=changed["phone"])
        check_unique(session, actor=actor, phone_blind=blind, but=driver.id)
        driver.phone_blind = blind
        driver.phone_sealed = vault.seal_text(session, key_id=driver.key_id, field=PHONE, text=changed["phone"])
