"""Forgetting who a driver was."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core import vault
from core.db import Writer
from core.drivers.models import Driver, Profile
from core.files import service as files
from core.permissions import Actor, needs

_SEALED = [column for column in Profile.__table__.columns if column.name.endswith(("_sealed", "_blind"))]


@needs("privacy:erase")
def erase_person(session: Writer, *, actor: Actor, at: datetime, driver_id: int) -> None:
    """Empty what is personal of a driver and destroy the key under which the rest is sealed."""
    driver = session.get_one(Driver, driver_id, with_for_update=True)
    driver.name_sealed = driver.phone_sealed = driver.phone_blind = None
    forgotten = {column.name: None for column in _SEALED} | {"licence_region": None, "updated_at": at}
    session.execute(sa.update(Profile).where(Profile.driver_id == driver_id).values(**forgotten))
    files.erase_files(session, actor=actor, at=at, key_id=driver.key_id)
    vault.erase_key(session, key_id=driver.key_id, at=at)
