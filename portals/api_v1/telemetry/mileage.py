"""The mileage of one vehicle, and what people read off its odometer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.telemetry import queries, service
from core.telemetry.schemas import NewReading
from portals.api_v1 import bp, pages
from portals.api_v1.contract import operation
from portals.doors import actor, at, erp, read, write

UNKNOWN = {"mileage_m": None, "mileage_ts": None, "mileage_method": None}


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a person read off the odometer. It is never changed: a wrong one is put right by a later one."""

    read_at: datetime
    odometer_m: int
    reason: str
    recorded_by: str
    recorded_at: datetime


class RecordedReading(Reading, frozen=True, kw_only=True):
    """A reading and whose it is."""

    vehicle_id: int


class Mileage(msgspec.Struct, frozen=True, kw_only=True):
    """What a vehicle has driven in all, and the newest readings, newest first."""

    vehicle_id: int
    mileage_m: Annotated[float | None, Meta(description="Null while it is not known.")]
    mileage_ts: datetime | None
    mileage_method: Annotated[str | None, Meta(description="odometer, gps or reading.")]
    readings: list[Reading]


class MileageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How many readings."""

    limit: pages.UpTo500 = 50


EXAMPLE = {"odometer_m": 80_123_400, "reason": "Inspection"}


@bp.get("/telemetry/<int:vehicle_id>/mileage")
@operation(query=MileageQuery, answers={200: Mileage})
def get_mileage(vehicle_id: int, query: MileageQuery) -> dict[str, Any]:
    """What it has driven in all, nulls while that is not known, and the newest readings, newest first."""
    mileage = queries.find_mileage(read(), viewer=actor(), vehicle_id=vehicle_id) or UNKNOWN
    readings = queries.list_mileage_readings(read(), viewer=actor(), vehicle_id=vehicle_id, most=query.limit)
    return {"vehicle_id": vehicle_id, **mileage, "readings": [_show(reading) for reading in readings]}


@bp.post("/telemetry/<int:vehicle_id>/mileage")
@operation(
    body=NewReading,
    answers={201: RecordedReading},
    refuses=(409,),
    keyed=True,
    example=EXAMPLE,
)
def record_mileage(vehicle_id: int, body: NewReading) -> RecordedReading:
    """Record a reading: 201 and the reading. The mileage follows from it within seconds."""
    read_at, reason = body.read_at or at(), body.reason.strip()
    service.record_mileage_reading(
        write(),
        actor=actor(),
        at=at(),
        vehicle_id=vehicle_id,
        read_at=read_at,
        odometer_m=body.odometer_m,
        reason=reason,
        raw_retention_days=erp().settings.raw_retention_days,
    )
    return RecordedReading(
        vehicle_id=vehicle_id,
        read_at=read_at,
        odometer_m=body.odometer_m,
        reason=reason,
        recorded_by=actor().name,
        recorded_at=at(),
    )


def _show(reading: dict[str, Any]) -> Reading:
    return Reading(
        read_at=reading["read_at"],
        odometer_m=reading["odometer_m"],
        reason=reading["reason"],
        recorded_by=reading["recorded_by"],
        recorded_at=reading["recorded_at"],
    )
