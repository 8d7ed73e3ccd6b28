"""Which vehicles stand where nothing may be locked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

import sqlalchemy as sa

from core.db import Reader
from core.events.models import Geofence
from core.events.rules.no_lock import is_in_or_near
from core.telemetry.rules.detector import Circle, Polygon

UNKNOWN = "its place is not known, and there are such places"


class VehiclePlace(NamedTuple):
    """Where a vehicle of a park is known to be, or None. Degrees, WGS 84."""

    vehicle_id: int
    park_id: int
    lat: float | None
    lon: float | None


def list_no_lock_zones(reader: Reader, places: Iterable[tuple[int, int, float | None, float | None]]) -> dict[int, str]:
    """Of these vehicles (`VehiclePlace`) those in a no-lock zone or within 25 m of one, with its name and reason.

    Asked by the policy, for the order and not for a person: so it has no viewer, and says nothing but that. Zones of
    the vehicle's park and everybody's count. One query, however many vehicles. One of which the place is not known
    may be in any of its zones, and is told as if it were.
    """
    asked = [VehiclePlace(*place) for place in places]
    if not asked:
        return {}
    parks = {place.park_id for place in asked}
    zones = (
        sa.select(
            Geofence.park_id,
            Geofence.name,
            Geofence.no_lock,
            Geofence.lat,
            Geofence.lon,
            Geofence.radius_m,
            Geofence.coordinates,
        )
        .where(Geofence.no_lock.is_not(None), Geofence.closed_at.is_(None))
        .where(sa.or_(Geofence.park_id.is_(None), Geofence.park_id.in_(parks)))
        .order_by(Geofence.id)
    )
    found: dict[int, str] = {}
    for zone in reader.execute(zones):
        form = _form_of(zone)
        for place in asked:
            if zone.park_id not in (None, place.park_id) or place.vehicle_id in found:
                continue
            if place.lat is None or place.lon is None:
                found[place.vehicle_id] = UNKNOWN
            elif is_in_or_near(form, place.lat, place.lon):
                found[place.vehicle_id] = f"{zone.name} ({zone.no_lock})"
    return found


def _form_of(zone: sa.Row[Any]) -> Circle | Polygon:
    """Without a check of what was checked when it was added: it is read four times a second."""
    if zone.radius_m is not None:
        return Circle(lat=zone.lat, lon=zone.lon, radius_m=zone.radius_m)
    return Polygon(coordinates=cast("list[list[list[tuple[float, float]]]]", zone.coordinates))
