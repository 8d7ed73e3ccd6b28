"""What ends with somebody: shared by the verbs that end it, which hold the right to."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core.db import Writer
from core.identity.models import LoginSession


def end_all_sessions(
    session: Writer, *, at: datetime, user_id: int | None, why: str, keep_id: int | None = None
) -> int:
    """End a person's sessions, but `keep_id`; returns how many ended."""
    over = sa.update(LoginSession).where(LoginSession.user_id == user_id, LoginSession.ended_at.is_(None))
    if keep_id is not None:
        over = over.where(LoginSession.id != keep_id)
    return len(session.execute(over.values(ended_at=at, ended_why=why).returning(LoginSession.id)).all())
