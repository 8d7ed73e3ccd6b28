"""Who drives, and how they stand."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core import audit, outbox, vault
from core.db import Writer
from core.drivers.models import AccessStatus, Driver
from core.drivers.queries.names import NAME, PHONE
from core.drivers.schemas import NewDriver
from core.errors import Conflict, Invalid
from core.permissions import Actor, needs
from core.vehicles import queries as vehicles


@needs("drivers:register")
def register_driver(session: Writer, *, actor: Actor, at: datetime, new: NewDriver, user_id: int | None = None) -> int:
    """Add a driver; returns the id. Raises Conflict naming the driver who already has the phone number."""
    parks = {park["id"] for park in vehicles.list_parks(session.connection(), viewer=actor)}
    if new.park_id not in parks or not actor.may("drivers:register", park_id=new.park_id):
        raise Invalid(
            "The driver was not added: that park does not exist.",
            fields={"park_id": f"There is no park {new.park_id}."},
        )
    phone_blind = vault.blind(field=PHONE, text=new.phone)
    known = session.execute(sa.select(Driver.id).where(Driver.phone_blind == phone_blind)).scalar_one_or_none()
    if known is not None:
        raise Conflict(
            f"{new.phone} is the number of driver {known}. Open that record instead.",
            fields={"phone": f"Already used by driver {known}."},
            driver_id=known,
        )
    key_id = vault.make_key(session, at=at)
    driver = Driver(
        park_id=new.park_id,
        user_id=user_id,
        key_id=key_id,
        name_sealed=vault.seal_text(session, key_id=key_id, field=NAME, text=new.name.strip()),
        phone_sealed=vault.seal_text(session, key_id=key_id, field=PHONE, text=new.phone),
        phone_blind=phone_blind,
        created_at=at,
    )
    session.add(driver)
    session.flush()
    audit.record(session, actor=actor, at=at, action="drivers.driver_registered", subject=("driver", driver.id))
    outbox.publish(session, "drivers.driver_registered", at=at, driver_id=driver.id)
    return driver.id


@needs("drivers:set_access")
def set_access(
    session: Writer, *, actor: Actor, at: datetime, driver_id: int, status: AccessStatus, words: str | None
) -> None:
    """Write down how a driver stands, and in `words` why and what the way back is; whoever judges keeps the record."""
    driver = session.get_one(Driver, driver_id)
    driver.access_status, driver.access_words = status, words
