"""Reads of geofences: for people, within their parks, and for the detectors, all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from core.db import Reader
from core.errors import NotFound
from core.events.models import FenceKind, Geofence
from core.events.rules.fences import Fence, FenceBook, FenceIndex, ParkFences
from core.events.rules.geojson import circle_as_ring
from core.permissions import Actor
from core.sight import in_reach
from core.telemetry.rules.detector import Circle, Polygon
from core.vehicles.models import Park


@dataclass(frozen=True, slots=True)
class GeofenceRecord:
    """A geofence as the API and the pages show it. `park` is None for one that is everybody's."""

    id: int
    park_id: int | None
    park: str | None
    name: str
    kind: str
    lat: float
    lon: float
    radius_m: float | None
    coordinates: list[Any] | None
    created_by: str
    created_at: datetime
    closed_by: str | None
    closed_at: datetime | None
    version: int
    no_lock: str | None


_RECORD = sa.select(
    Geofence.id,
    Geofence.park_id,
    Park.name.label("park"),
    Geofence.name,
    Geofence.kind,
    Geofence.lat,
    Geofence.lon,
    Geofence.radius_m,
    Geofence.coordinates,
    Geofence.created_by,
    Geofence.created_at,
    Geofence.closed_by,
    Geofence.closed_at,
    Geofence.version,
    Geofence.no_lock,
).outerjoin(Park, Park.id == Geofence.park_id)


def get_geofence(reader: Reader, *, viewer: Actor, geofence_id: int) -> GeofenceRecord:
    """The geofence `geofence_id`, open or closed. Needs events:read. Raises NotFound, also when out of sight."""
    viewer.require("events:read")
    row = reader.execute(_RECORD.where(_in_sight(viewer), Geofence.id == geofence_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no geofence {geofence_id}.")
    return GeofenceRecord(*tuple(row))


def list_geofences(
    reader: Reader,
    *,
    viewer: Actor,
    text: str = "",
    closed: bool = False,
    after_id: int = 0,
    most: int | None = None,
) -> list[GeofenceRecord]:
    """The geofences of the viewer's parks and everybody's, by id, after `after_id`. Needs events:read.

    `text` is looked for in the name; `closed` gives the closed ones instead of the open.
    """
    viewer.require("events:read")
    query = _RECORD.where(_in_sight(viewer), Geofence.id > after_id).order_by(Geofence.id)
    query = query.where(Geofence.closed_at.is_not(None) if closed else Geofence.closed_at.is_(None))
    if text.strip():
        query = query.where(Geofence.name.icontains(text.strip(), autoescape=True))
    if most is not None:
        query = query.limit(most)
    return [GeofenceRecord(*tuple(row)) for row in reader.execute(query)]


def list_names(reader: Reader, *, viewer: Actor, geofence_ids: Iterable[int]) -> dict[int, str]:
    """The names of those of these geofences that the viewer may see, closed ones too. Needs events:read."""
    viewer.require("events:read")
    query = sa.select(Geofence.id, Geofence.name).where(_in_sight(viewer), Geofence.id.in_(list(geofence_ids)))
    return {row.id: row.name for row in reader.execute(query)}


def as_geojson(fences: Iterable[GeofenceRecord]) -> dict[str, Any]:
    """Geofences as a GeoJSON FeatureCollection; a circle as a ring of 64 sides with its radius beside it."""
    return {"type": "FeatureCollection", "features": [_as_feature(fence) for fence in fences]}


def _as_feature(fence: GeofenceRecord) -> dict[str, Any]:
    if fence.radius_m is not None:
        ring = circle_as_ring(fence.lat, fence.lon, fence.radius_m)
        geometry: dict[str, Any] = {"type": "Polygon", "coordinates": [ring]}
    else:
        geometry = {"type": "MultiPolygon", "coordinates": fence.coordinates}
    properties = {
        "id": fence.id,
        "name": fence.name,
        "park_id": fence.park_id,
        "radius_m": fence.radius_m,
        "no_lock": fence.no_lock,
    }
    return {"type": "Feature", "id": fence.id, "properties": properties, "geometry": geometry}


def read_fences_version(reader: Reader, *, viewer: Actor) -> tuple[Any, ...]:
    """Something that is the same as long as no geofence was added or closed. Needs events:detect."""
    viewer.require("events:detect")
    query = sa.select(sa.func.count(Geofence.closed_at), sa.func.max(Geofence.id))
    return tuple(reader.execute(query).one())


def load_fences(reader: Reader, *, viewer: Actor, kept_since: datetime) -> FenceBook:
    """What vehicles of each park meet, for the detectors. Needs events:detect.

    Those that were closed at `kept_since` or later are among them, each with the time in which it detects: points
    of that time may be read again and must say the same again.
    """
    viewer.require("events:detect")
    kept = sa.or_(Geofence.closed_at.is_(None), Geofence.closed_at >= kept_since)
    rows = list(reader.execute(_RECORD.where(kept).order_by(Geofence.id)))
    index = FenceIndex(_as_fence(GeofenceRecord(*tuple(row))) for row in rows)
    by_park: dict[int | None, set[int]] = defaultdict(set)
    for row in rows:
        by_park[row.park_id].add(row.id)
    everybodys = frozenset(by_park.pop(None, ()))
    return FenceBook(
        {park_id: ParkFences(index, everybodys | ids) for park_id, ids in by_park.items() if park_id is not None},
        ParkFences(index, everybodys),
    )


class FenceSource:
    """The fences for one process of detection: built once for each version of them, however often they are read."""

    def __init__(self, viewer: Actor, kept: timedelta) -> None:
        """`kept` is for how long points may still be read again: so long a closed fence is known."""
        self._viewer, self._kept = viewer, kept
        self._version: tuple[Any, ...] | None = None
        self._book = FenceBook({}, ParkFences(FenceIndex(()), frozenset()))

    def read(self, reader: Reader, *, at: datetime) -> FenceBook:
        """The fences as they are at the moment `at`. Needs events:detect."""
        version = read_fences_version(reader, viewer=self._viewer)
        if version != self._version:
            self._book = load_fences(reader, viewer=self._viewer, kept_since=at - self._kept)
            self._version = version
        return self._book


def _as_fence(fence: GeofenceRecord) -> Fence:
    form: Circle | Polygon
    if fence.kind == FenceKind.CIRCLE:
        form = Circle(lat=fence.lat, lon=fence.lon, radius_m=fence.radius_m or 0.0)
    else:
        form = msgspec.convert({"coordinates": fence.coordinates}, Polygon)
    until = float("inf") if fence.closed_at is None else fence.closed_at.timestamp()
    return Fence(id=fence.id, form=form, since=fence.created_at.timestamp(), until=until)


def _in_sight(viewer: Actor) -> sa.ColumnElement[bool]:
    return sa.or_(Geofence.park_id.is_(None), in_reach(viewer, "events:read", park_id=Geofence.park_id))
