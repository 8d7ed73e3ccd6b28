"""Forgetting whose an account was."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import Conflict
from core.identity.models import (
    ExternalLogin,
    Letter,
    LoginSession,
    Passkey,
    RecoveryCode,
    ResetRequest,
    SavedView,
    Totp,
    User,
)
from core.identity.service.endings import end_all_sessions
from core.identity.service.families import end_families
from core.identity.service.persons import lock_user, roles_of
from core.identity.service.posting import kill_links
from core.permissions import DRIVER, Actor, needs

_THEIRS = (ExternalLogin, Passkey, RecoveryCode, SavedView, Totp)


@needs("privacy:erase")
def erase_user(session: Writer, *, actor: Actor, at: datetime, user_id: int) -> None:
    """Close an account for good and empty what names its person; the number stays, under which records know them.

    Raises Conflict for who is more than a driver.
    """
    user = lock_user(session, user_id)
    if roles_of(session, user_id) - {DRIVER}:
        raise Conflict("This person is more than a driver here. Take the other roles from them first.", user_id=user_id)
    _empty(session, user)
    user.disabled_at = user.disabled_at or at
    kill_links(session, at=at, user_id=user_id)
    end_all_sessions(session, at=at, user_id=user_id, why="erased")
    end_families(session, at=at, why="erased", user_id=user_id)
    of_sessions = sa.update(LoginSession).where(LoginSession.user_id == user_id)
    session.execute(of_sessions.values(address="", agent=""))
    audit.record(session, actor=actor, at=at, action="identity.user_erased", subject=("user", user_id))


def _empty(session: Writer, user: User) -> None:
    session.execute(sa.delete(ResetRequest).where(ResetRequest.email == user.email))
    for table in _THEIRS:
        session.execute(sa.delete(table).where(table.user_id == user.id))
    session.execute(sa.update(Letter).where(Letter.user_id == user.id).values(sealed_text=None, next_at=None))
    user.name, user.email, user.password_hash = f"Erased person {user.id}", f"erased-{user.id}@invalid", None
