"""Detections written straight into their table, as the follower leaves them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.db import Database
from core.events.models import Detection


def detect(database: Database, at: datetime, vehicle_id: int, kind: str, minutes_ago: float = 0, **fields: Any) -> None:
    """Something detected so many minutes ago; a moment unless `ended_at` says otherwise."""
    started_at = at - timedelta(minutes=minutes_ago)
    values = {
        "vehicle_id": vehicle_id,
        "id": uuid.uuid4(),
        "kind": kind,
        "started_at": started_at,
        "ended_at": started_at,
        "detail": {},
        "detected_at": at,
        "changed_at": at,
        **fields,
    }
    with database.transaction() as session:
        session.execute(sa.insert(Detection).values(values))
