"""What waits for the office to decide: documents that drivers handed in, and people who apply."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader
from core.drivers.models import Driver
from core.drivers.models.documents import Document, DocumentState
from core.drivers.models.lives import Stage
from core.inbox.rules.claims import Claim, Said


def read_documents(reader: Reader, at: datetime) -> Said:
    """The drivers of whom documents wait, one item for each however many they handed in."""
    waiting: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            Document.driver_id,
            Driver.park_id,
            sa.func.count().label("waiting"),
            sa.func.max(Document.handed_in_at).label("handed_in_at"),
        )
        .join(Driver, Driver.id == Document.driver_id)
        .where(Document.state == DocumentState.HANDED_IN, Document.replaced_at.is_(None))
        .group_by(Document.driver_id, Driver.park_id)
    )
    return Said(
        claims=tuple(
            Claim(
                kind="documents_waiting",
                key=str(row.driver_id),
                park_id=row.park_id,
                driver_id=row.driver_id,
                happened_at=row.handed_in_at,
                detail={"count": row.waiting},
            )
            for row in reader.execute(waiting)
        )
    )


def read_applications(reader: Reader, at: datetime) -> Said:
    """The people who have applied and whom nobody has taken up or refused."""
    applied: sa.Select[*tuple[Any, ...]] = sa.select(Driver.id, Driver.park_id, Driver.stage_since).where(
        Driver.stage == Stage.APPLIED
    )
    return Said(
        claims=tuple(
            Claim(
                kind="application",
                key=str(row.id),
                park_id=row.park_id,
                driver_id=row.id,
                happened_at=row.stage_since,
            )
            for row in reader.execute(applied)
        )
    )
