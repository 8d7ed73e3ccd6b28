"""Documents that run out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.access.models import DriverFact, FactKind
from core.access.schemas import DocumentState, name_document
from core.db import Reader
from core.drivers.models import Driver
from core.drivers.models.lives import Stage
from core.inbox.rules.claims import Claim, Said
from core.inbox.rules.reminders import FIRST_STAGE
from core.vehicles.models import DocumentKind, Park, Vehicle, VehicleStatus
from core.vehicles.queries.papers import newest_documents
from core.vehicles.schemas import DOCUMENT_KINDS

_NAMES = {kind: words.lower() for kind, words in DOCUMENT_KINDS.items() if kind != DocumentKind.OTHER}


def read_of_drivers(reader: Reader, at: datetime) -> Said:
    """The documents of active drivers that are held and whose last day is at most 30 days off, or past, each once.

    What is known of them is what whether they may drive is judged by: the newest document of each kind, whoever told.
    """
    until = sa.cast(DriverFact.value["valid_until"].astext, sa.DateTime(timezone=True))
    running_out: sa.Select[*tuple[Any, ...]] = (
        sa.select(DriverFact.driver_id, DriverFact.key, Driver.park_id, Park.time_zone, until.label("valid_until"))
        .join(Driver, Driver.id == DriverFact.driver_id)
        .join(Park, Park.id == Driver.park_id)
        .where(
            Driver.stage == Stage.ACTIVE,
            DriverFact.kind == FactKind.DOCUMENT,
            DriverFact.withdrawn_at.is_(None),
            DriverFact.value["state"].astext == DocumentState.HELD.value,
            until < at + timedelta(days=FIRST_STAGE + 2),
        )
    )
    return _keep_near(_of_driver(row, at) for row in reader.execute(running_out))


def read_of_vehicles(reader: Reader, at: datetime) -> Said:
    """The documents of vehicles that count and whose last day is at most 30 days off, or past."""
    newest = newest_documents()
    until = (at + timedelta(days=FIRST_STAGE + 2)).date()
    running_out: sa.Select[*tuple[Any, ...]] = (
        sa.select(newest.c.vehicle_id, newest.c.kind, newest.c.valid_until, Vehicle.park_id, Park.time_zone)
        .join(Vehicle, Vehicle.id == newest.c.vehicle_id)
        .join(Park, Park.id == Vehicle.park_id)
        .where(newest.c.valid_until < until, Vehicle.status != VehicleStatus.WRITTEN_OFF)
    )
    return _keep_near(_of_vehicle(row, at) for row in reader.execute(running_out))


def _keep_near(claims: Iterable[Claim]) -> Said:
    return Said(claims=tuple(one for one in claims if one.days_left is not None and one.days_left <= FIRST_STAGE))


def _of_vehicle(row: Any, at: datetime) -> Claim:
    today = at.astimezone(ZoneInfo(row.time_zone)).date()
    return Claim(
        kind="vehicle_document",
        key=f"{row.vehicle_id}:{row.kind}",
        park_id=row.park_id,
        vehicle_id=row.vehicle_id,
        due_on=row.valid_until,
        days_left=(row.valid_until - today).days,
        detail={"document": _NAMES.get(row.kind, "document")},
    )


def _of_driver(row: Any, at: datetime) -> Claim:
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
