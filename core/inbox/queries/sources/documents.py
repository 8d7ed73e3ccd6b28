"""Documents that run out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.access.models import DriverFact, FactKind
from core.access.schemas import DocumentState, name_document
from core.db import Reader
from core.drivers.models import Driver
from core.inbox.rules.claims import Claim, Said
from core.inbox.rules.reminders import FIRST_STAGE
from core.vehicles.models import Park


def read(reader: Reader, at: datetime) -> Said:
    """The documents of drivers that are held and whose last day is at most 30 days off, or past, each once.

    What is known of them is what whether they may drive is judged by: the newest document of each kind, whoever told.
    """
    until = sa.cast(DriverFact.value["valid_until"].astext, sa.DateTime(timezone=True))
    running_out: sa.Select[*tuple[Any, ...]] = (
        sa.select(DriverFact.driver_id, DriverFact.key, Driver.park_id, Park.time_zone, until.label("valid_until"))
        .join(Driver, Driver.id == DriverFact.driver_id)
        .join(Park, Park.id == Driver.park_id)
        .where(
            DriverFact.kind == FactKind.DOCUMENT,
            DriverFact.withdrawn_at.is_(None),
            DriverFact.value["state"].astext == DocumentState.HELD.value,
            until < at + timedelta(days=FIRST_STAGE + 2),
        )
    )
    claims = (_claim(row, at) for row in reader.execute(running_out))
    return Said(
        claims=tuple(claim for claim in claims if claim.days_left is not None and claim.days_left <= FIRST_STAGE)
    )


def _claim(row: Any, at: datetime) -> Claim:
    """`valid_until` is the first moment at which it no longer holds: its last day is that of the moment before."""
    zone = ZoneInfo(row.time_zone)
    last_day = (row.valid_until - timedelta(microseconds=1)).astimezone(zone).date()
    return Claim(
        kind="driver_document",
        key=f"{row.driver_id}:{row.key}",
        park_id=row.park_id,
        driver_id=row.driver_id,
        due_on=last_day,
        days_left=(last_day - at.astimezone(zone).date()).days,
        detail={"document": name_document(row.key)},
    )
