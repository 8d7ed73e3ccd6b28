"""Devices that report and are in no vehicle."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.db import Reader
from core.inbox.rules.claims import Claim, Said
from core.vehicles.models import UnknownDevice

HEARD_WITHIN = timedelta(days=1)
# One that was heard once is a slip or a scan of the port.
LEAST_HEARD = 3
MOST = 200


def read(reader: Reader, at: datetime) -> Said:
    """Those heard several times and within the last day, one item for each."""
    heard: sa.Select[*tuple[Any, ...]] = (
        sa.select(UnknownDevice.device_uid, sa.func.min(UnknownDevice.first_seen_at).label("first_seen_at"))
        .where(UnknownDevice.last_seen_at >= at - HEARD_WITHIN, UnknownDevice.seen_count >= LEAST_HEARD)
        .group_by(UnknownDevice.device_uid)
        .order_by(sa.func.max(UnknownDevice.last_seen_at).desc())
        .limit(MOST)
    )
    return Said(
        claims=tuple(
            Claim(
                kind="device_unknown",
                key=row.device_uid,
                happened_at=row.first_seen_at,
                detail={"device": row.device_uid},
            )
            for row in reader.execute(heard)
        )
    )
