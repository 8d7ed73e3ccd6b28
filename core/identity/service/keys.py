"""The verb about the keys that tokens are signed with."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from core import audit
from core.db import Writer, take_transaction_lock
from core.identity.models import SigningKey
from core.identity.tokens.lifetimes import KEPT_AFTER_SIGNING, SIGNS_AFTER
from core.identity.tokens.signing import LOCK, make_key
from core.permissions import Actor, needs


@needs("identity:maintain")
def rotate_signing_key(
    session: Writer, *, actor: Actor, at: datetime, secret: bytes, if_older_than: timedelta = timedelta(0)
) -> str | None:
    """Publish a new key, which signs in ten minutes, when everybody has read it; returns its name.

    The keys before are published until the last token that they signed has died. None, and nothing done, when the
    newest key is not yet `if_older_than`.
    """
    take_transaction_lock(session, LOCK)
    newest = session.execute(sa.select(sa.func.max(SigningKey.created_at)).where(_IS_OPEN)).scalar()
    if newest is not None and at - newest < if_older_than:
        return None
    signs_from = at if newest is None else at + SIGNS_AFTER
    session.execute(sa.update(SigningKey).where(_IS_OPEN).values(retired_at=signs_from + KEPT_AFTER_SIGNING))
    made = make_key(secret=secret, at=at, signs_from=signs_from)
    session.add(made)
    audit.record(session, actor=actor, at=at, action="identity.key_rotated", subject=("key", made.kid))
    return made.kid


_IS_OPEN = SigningKey.retired_at.is_(None)
