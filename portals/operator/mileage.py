"""What a vehicle has driven in all, how that was found, and what people read off its odometer."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from flask_login import current_user
from msgspec import Meta

from core.errors import Invalid
from core.telemetry import queries, service
from core.vehicles.queries import VehicleRecord
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_form

READINGS_SHOWN = 5
METHODS = {
    "odometer": "as the vehicle's odometer reports it",
    "gps": "counted on by positions since it was last known",
    "reading": "as a person read it off",
}
# The names of the verb, and of the form: each field of a page has a name of its own.
FIELDS = {"read_at": "read_at", "odometer_m": "odometer_km", "reason": "read_for"}
_KILOMETRES = re.compile(r"-?\d{1,9}(\.\d{1,3})?", re.ASCII)
REFUSED = "The reading was not recorded."


class Reading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form. Without `read_at` it was read just now."""

    odometer_km: Annotated[str, Meta(max_length=20)] = ""
    read_at: Annotated[str, Meta(max_length=40)] = ""
    read_for: str = ""


def read_mileage(vehicle: VehicleRecord) -> dict[str, Any]:
    """What the card of the mileage shows."""
    return {
        "mileage": queries.find_mileage(read(), viewer=actor(), vehicle_id=vehicle.id),
        "mileage_methods": METHODS,
        "readings": queries.list_mileage_readings(read(), viewer=actor(), vehicle_id=vehicle.id, most=READINGS_SHOWN),
        "may_record_mileage": actor().may("telemetry:record_mileage", park_id=vehicle.park_id, vehicle_id=vehicle.id),
    }


def record_reading(vehicle_id: int) -> int:
    """Record what was typed; returns the metres. Raises Invalid naming the fields of the form, and Conflict."""
    typed = parse_form(Reading)
    wrong: dict[str, str] = {}
    odometer_m = _parse_metres(typed.odometer_km, wrong)
    read_at = _parse_local(typed.read_at, wrong)
    if wrong:
        raise Invalid(REFUSED, fields=wrong)
    try:
        service.record_mileage_reading(
            write(),
            actor=actor(),
            at=at(),
            vehicle_id=vehicle_id,
            read_at=read_at,
            odometer_m=odometer_m,
            reason=typed.read_for,
            raw_retention_days=erp().settings.raw_retention_days,
        )
    except Invalid as invalid:
        raise Invalid(REFUSED, fields={FIELDS[name]: words for name, words in invalid.fields.items()}) from invalid
    return odometer_m


def _parse_metres(text: str, wrong: dict[str, str]) -> int:
    """Kilometres as typed, with or without spaces, in metres."""
    written = "".join(text.split())
    if not _KILOMETRES.fullmatch(written):
        wrong["odometer_km"] = "Enter the kilometres as a number, such as 80123 or 80123.4."
        return 0
    return int(Decimal(written) * 1000)


def _parse_local(text: str, wrong: dict[str, str]) -> datetime:
    """A moment as typed, in the zone of whoever typed it."""
    if not text:
        return at()
    try:
        moment = datetime.fromisoformat(text)
        if not 1970 <= moment.year <= 9000:
            raise ValueError(text)
    except ValueError:
        wrong["read_at"] = "Enter a date and a time, or leave it empty for now."
        return at()
    return moment.replace(tzinfo=ZoneInfo(current_user.time_zone))
