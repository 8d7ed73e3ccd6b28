"""How far a vehicle is on its way to the road."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.db import Reader
from core.permissions import Actor
from core.vehicles import rules
from core.vehicles.models import VehiclePhoto
from core.vehicles.queries.fields import list_missing_fields
from core.vehicles.queries.papers import newest_documents
from core.vehicles.queries.records import get_vehicle
from core.vehicles.rules import Progress
from core.vehicles.schemas import DOCUMENT_KINDS


def read_progress(reader: Reader, *, viewer: Actor, vehicle_id: int, at: datetime, is_heard: bool) -> Progress:
    """What is there of a vehicle at a moment. `is_heard`: whether its tracker has reported, which telemetry knows.

    Needs vehicles:read.
    """
    vehicle = get_vehicle(reader, viewer=viewer, vehicle_id=vehicle_id)
    today = at.astimezone(ZoneInfo(vehicle.time_zone)).date()
    newest = newest_documents()
    documents = reader.execute(
        sa.select(newest.c.kind, newest.c.valid_until).where(newest.c.vehicle_id == vehicle_id)
    ).all()
    photos = sa.select(sa.func.count()).where(VehiclePhoto.vehicle_id == vehicle_id, VehiclePhoto.removed_at.is_(None))
    expired = [
        DOCUMENT_KINDS[row.kind] for row in documents if rules.name_validity(row.valid_until, today=today) == "expired"
    ]
    return Progress(
        has_plate=vehicle.plate is not None,
        has_powertrain=vehicle.powertrain is not None,
        missing_documents=[DOCUMENT_KINDS[kind] for kind in rules.list_missing_kinds(row.kind for row in documents)],
        expired_documents=expired,
        photo_count=reader.execute(photos).scalar_one(),
        has_tracker=vehicle.device_uid is not None,
        is_heard=is_heard,
        missing_fields=list_missing_fields(reader, vehicle_id=vehicle_id),
    )
