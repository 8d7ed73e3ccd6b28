"""The verb about recovery codes: they stand in for a factor that was lost."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import Conflict
from core.identity.models import User
from core.identity.queries.factors import HAS_SECOND_FACTOR
from core.identity.service.codes import write_recovery_codes
from core.identity.service.persons import lock_user
from core.identity.service.posting import Post, tell_factors_changed
from core.permissions import Actor, needs


@needs("identity:manage_own")
def renew_recovery_codes(session: Writer, *, actor: Actor, at: datetime, post: Post) -> list[str]:
    """Ten new codes for the actor, shown once; the old ones are good no longer."""
    user = lock_user(session, actor.id)
    if not session.scalar(sa.select(HAS_SECOND_FACTOR).where(User.id == user.id)):
        raise Conflict("Recovery codes stand in for a second factor. Set up an app or a passkey first.")
    codes = write_recovery_codes(session, at=at, user_id=user.id)
    audit.record(session, actor=actor, at=at, action="identity.recovery_codes_renewed", subject=("user", user.id))
    tell_factors_changed(session, at=at, user=user, post=post, what="New recovery codes were made")
    return codes
