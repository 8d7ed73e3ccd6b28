"""Who looked at what is personal of a driver."""

from __future__ import annotations

from datetime import datetime

from core import audit
from core.db import Writer
from core.permissions import Actor, needs


@needs("drivers:read_documents")
def note_look(session: Writer, *, actor: Actor, at: datetime, driver_id: int, what: str) -> None:
    """Write down that somebody looked at what is personal of a driver: `what` is record, or document with its id."""
    audit.record(
        session, actor=actor, at=at, action="drivers.personal_data_seen", subject=("driver", driver_id), what=what
    )
