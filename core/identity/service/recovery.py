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
from core.identity.service.owners import own_id
from core.permissions import Actor, needs


@needs("identity:manage_own")
def renew_recovery_codes(session: Writer, *, actor: Actor, at: datetime) -> list[str]:
    """Ten new codes for the actor, shown once; the old ones are good no longer."""
    user_id = own_id(actor)
    # The lock lets one of two who ask at once write after the other, so that one set remains.
    has_factor = session.scalar(sa.select(HAS_SECOND_FACTOR).where(User.id == user_id).with_for_update(of=User))
    if not has_factor:
        raise Conflict("Recovery codes stand in for a second factor. Set up an app or a passkey first.")
    codes = write_recovery_codes(session, at=at, user_id=user_id)
    audit.record(session, actor=actor, at=at, action="identity.recovery_codes_renewed", subject=("user", user_id))
    return codes
