"""Forgetting what was said about a driver before anybody knew that it was about them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core import vault
from core.db import Writer
from core.events.models import EventMatch, LoggedEvent
from core.permissions import Actor, needs


@needs("privacy:erase")
def erase_words_about(session: Writer, *, actor: Actor, at: datetime, driver_id: int) -> None:
    """Destroy the own keys of events that are or were this driver's: their words were sealed when nobody was known.

    What was sealed later is under the key of the person, which whoever erases the person destroys. The files of
    incidents stay: they are about others too, and claims rest on them.
    """
    theirs = sa.select(EventMatch.event_id).where(EventMatch.driver_id == driver_id)
    query = sa.select(LoggedEvent.key_id).where(LoggedEvent.id.in_(theirs), LoggedEvent.key_id.is_not(None))
    for key_id in session.scalars(query).all():
        assert key_id is not None
        vault.erase_key(session, key_id=key_id, at=at)
