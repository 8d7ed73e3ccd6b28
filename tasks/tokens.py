"""Upkeep of the authorization server: keys that change, and rows that are finished."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.db import Database
from core.identity import service
from core.permissions import system

ACTOR = system("authorization server", "identity:maintain")
KEYS_CHANGE_EVERY = timedelta(days=30)


def keep_tokens(database: Database, *, at: datetime, secret: bytes) -> str | None:
    """Clear away what is finished, and make a signing key when the newest is a month old; returns its name then.

    May run as often as anybody likes, and twice at once.
    """
    with database.transaction() as session:
        service.clear_finished(session, actor=ACTOR, at=at)
    with database.transaction() as session:
        return service.rotate_signing_key(session, actor=ACTOR, at=at, secret=secret, if_older_than=KEYS_CHANGE_EVERY)
