"""The brakes: what stops all locks at once, and lets them go on. A release never looks at them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core import audit, outbox
from core.access.models import Brake, BrakeKind
from core.access.rules import BrakeOn
from core.db import Writer
from core.permissions import Actor


def read_brakes(session: Writer) -> tuple[BrakeOn, ...]:
    """The brakes that are on, a person's hold first."""
    query = sa.select(Brake.kind, Brake.why).where(Brake.lifted_at.is_(None)).order_by(Brake.kind.desc())
    return tuple(BrakeOn(kind, why) for kind, why in session.execute(query))


def put_on(session: Writer, *, kind: BrakeKind, actor: Actor, at: datetime, why: str) -> None:
    """Put a brake on, unless it is on already."""
    new = insert(Brake).values(kind=kind, put_on_by=actor.name, put_on_at=at, why=why)
    brake_id = session.execute(new.on_conflict_do_nothing().returning(Brake.id)).scalar()
    if brake_id is not None:
        tell(session, actor=actor, at=at, brake_id=brake_id, what="put_on", kind=kind, why=why)


def tell(session: Writer, *, actor: Actor, at: datetime, brake_id: int, what: str, kind: BrakeKind, why: str) -> None:
    audit.record(
        session, actor=actor, at=at, action=f"access.brake_{what}", subject=("brake", brake_id), kind=kind, why=why
    )
    if what == "lifted":
        outbox.publish(session, "access.brake_lifted", at=at, brake_id=brake_id)
    else:
        outbox.publish(session, "access.brake_put_on", at=at, brake_id=brake_id)
