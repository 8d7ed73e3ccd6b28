"""The inbox follows what is told, and time: reminders, what was put off, what nobody answers, and the letters."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from core import db
from core.db import Database
from core.identity.service import Post
from core.inbox import service
from core.permissions import system

log = logging.getLogger(__name__)

ACTOR = system("inbox", "inbox:follow", "inbox:read", "identity:maintain")


def follow(database: Database, *, at: datetime) -> int:
    """Ask the sources that facts since the last call are about; returns how many items changed."""
    with database.transaction() as session:
        sources = service.take_facts(session, actor=ACTOR, at=at)
    return _ask(database, sources, at=at)


def sweep(database: Database, *, at: datetime) -> int:
    """Ask every source, wake what was put off, escalate what nobody answers; returns how many items changed.

    Done twice, or by two at once, it is done once. A day on which nobody did it is not made up for.
    """
    changed = _ask(database, service.list_sources(), at=at)
    with database.transaction() as session:
        changed += service.wake_snoozed(session, actor=ACTOR, at=at)
    with database.transaction() as session:
        return changed + service.escalate_unanswered(session, actor=ACTOR, at=at)


def write_letters(database: Database, *, at: datetime, post: Post) -> int:
    """Write the letters that are due; returns how many."""
    with database.transaction() as session:
        return service.write_letters(session, actor=ACTOR, at=at, post=post)


def _ask(database: Database, sources: Iterable[str], *, at: datetime) -> int:
    changed = 0
    for source in sources:
        try:
            changed += _follow(database, source, at=at)
        except db.AWAY:
            raise
        except Exception:
            # One that fails holds up no other.
            log.exception("the inbox could not follow %s", source)
    return changed


def _follow(database: Database, source: str, *, at: datetime) -> int:
    """Ask one source, in short transactions, until all of its items are as it says."""
    changed = 0
    while True:
        with database.transaction() as session:
            step = service.ask_source(session, actor=ACTOR, at=at, source=source)
        changed += step
        if step < service.MOST_CHANGES:
            return changed
