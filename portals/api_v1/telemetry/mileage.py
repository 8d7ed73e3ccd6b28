"""The mileage of one vehicle, and what people read off its odometer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from flask import Response, jsonify
from msgspec import Meta

from core.telemetry import queries, service
from portals.api_v1 import bp, pages
from portals.api_v1.idempotency import require_key
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_json

UNKNOWN = {"mileage_m": None, "mileage_ts": None, "mileage_method": None}
_SHOWN = ("read_at", "odometer_m", "reason", "recorded_by", "recorded_at")


class NewReading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reading: metres on the odometer, when it was read (now, if left out), and why."""

    odometer_m: int
    reason: str
    read_at: Annotated[datetime, Meta(tz=True)] | None = None


@bp.get("/telemetry/<int:vehicle_id>/mileage")
def get_mileage(vehicle_id: int) -> Response:
    """What it has driven in all, nulls while that is not known, and the newest readings, newest first."""
    most = pages.limit(default=50, most=500)
    mileage = queries.find_mileage(read(), viewer=actor(), vehicle_id=vehicle_id) or UNKNOWN
    readings = queries.list_mileage_readings(read(), viewer=actor(), vehicle_id=vehicle_id, most=most)
    return jsonify({"vehicle_id": vehicle_id, **mileage, "readings": [_show(reading) for reading in readings]})


@bp.post("/telemetry/<int:vehicle_id>/mileage")
def record_mileage(vehicle_id: int) -> tuple[Response, int]:
    """Record a reading: 201 and the reading. The mileage follows from it within seconds."""
    require_key()
    new = parse_json(NewReading)
    read_at, reason = new.read_at or at(), new.reason.replace("\0", "").strip()
    service.record_mileage_reading(
        write(),
        actor=actor(),
        at=at(),
        vehicle_id=vehicle_id,
        read_at=read_at,
        odometer_m=new.odometer_m,
        reason=reason,
        raw_retention_days=erp().settings.raw_retention_days,
    )
    reading = {"read_at": read_at, "odometer_m": new.odometer_m, "reason": reason}
    reading |= {"recorded_by": actor().name, "recorded_at": at()}
    return jsonify({"vehicle_id": vehicle_id, **reading}), 201


def _show(reading: dict[str, Any]) -> dict[str, Any]:
    return {name: reading[name] for name in _SHOWN}
