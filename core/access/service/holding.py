"""A person stops all locks, or lets them go on."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core.access.models import Brake, BrakeKind
from core.access.service.brakes import put_on, tell
from core.access.service.held import check_words
from core.access.service.limits import hold_count
from core.db import Writer
from core.errors import Conflict
from core.permissions import Actor, needs


@needs("access:brake")
def hold(session: Writer, *, actor: Actor, at: datetime, why: str) -> None:
    """Stop all locks until an administrator lifts it. Held already: stays as it is."""
    check_words("why", why)
    hold_count(session)  # a lock that is about to leave has left by then, or sees the hold
    put_on(session, kind=BrakeKind.HOLD, actor=actor, at=at, why=why.strip())


@needs("access:reset")
def lift(session: Writer, *, actor: Actor, at: datetime, kind: BrakeKind, why: str) -> None:
    """Lift the hold, or reset the breaker. Raises Conflict when it is not on."""
    check_words("why", why)
    lifted = session.execute(
        sa.update(Brake)
        .where(Brake.kind == kind, Brake.lifted_at.is_(None))
        .values(lifted_by=actor.name, lifted_at=at, lifted_why=why.strip())
        .returning(Brake.id)
    ).scalar()
    if lifted is None:
        raise Conflict(f"The {kind} is not on any more; somebody else has lifted it. Nothing is to be done.")
    tell(session, actor=actor, at=at, brake_id=lifted, what="lifted", kind=kind, why=why.strip())
