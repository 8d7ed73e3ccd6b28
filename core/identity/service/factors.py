"""What an administrator does for somebody who lost a phone."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.identity.models import Passkey, RecoveryCode, Totp
from core.identity.service.endings import end_all_sessions
from core.identity.service.persons import lock_user
from core.identity.service.posting import Post, tell_factors_changed
from core.permissions import Actor, needs


@needs("identity:manage")
def reset_factors(session: Writer, *, actor: Actor, at: datetime, user_id: int, post: Post) -> None:
    """Take away a person's app, passkeys and recovery codes, and end their sessions: whoever has what was lost is out.

    They sign in with their password and set up a new second factor.
    """
    user = lock_user(session, user_id)
    for table in (Totp, Passkey, RecoveryCode):
        session.execute(sa.delete(table).where(table.user_id == user_id))
    end_all_sessions(session, at=at, user_id=user_id, why="second factors reset")
    audit.record(session, actor=actor, at=at, action="identity.factors_reset", subject=("user", user_id))
    tell_factors_changed(session, at=at, user=user, post=post, what="An administrator reset your second factors")
