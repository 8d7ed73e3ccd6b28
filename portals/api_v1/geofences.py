"""Geofences: read as records or as GeoJSON, added, changed, closed, imported."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from flask import Response, url_for
from msgspec import Meta

from core.events import queries, service
from core.events.queries import GeofenceRecord
from core.events.schemas import GeofenceChange, GeofenceImport, ImportReport, NewGeofence
from portals.api_v1 import bp, pages
from portals.api_v1.conditional import show_record, wanted_versions
from portals.api_v1.contract import Answer, operation
from portals.api_v1.idempotency import require_key
from portals.doors import actor, at, read, write

GEOJSON = "application/geo+json"
Position = list[float]


class Circle(msgspec.Struct, frozen=True, kw_only=True):
    """A place and how far around it."""

    lat: float
    lon: float
    radius_m: float


class MultiPolygon(msgspec.Struct, frozen=True, kw_only=True):
    """A geometry of GeoJSON (RFC 7946): longitude first."""

    type: Literal["MultiPolygon"]
    coordinates: list[list[list[Position]]]


class Geofence(msgspec.Struct, frozen=True, kw_only=True):
    """A place that vehicles enter and leave: a circle or a geometry."""

    id: int
    name: str
    park_id: Annotated[int | None, Meta(description="Null for one that is everybody's.")]
    kind: str
    circle: Circle | None
    geometry: MultiPolygon | None
    no_lock: Annotated[str | None, Meta(description="Why no vehicle may be locked there, nor within 25 m of it.")]
    created_by: str
    created_at: datetime
    closed_by: str | None
    closed_at: Annotated[datetime | None, Meta(description="It detects nothing more.")]


class GeofencePage(pages.Page, frozen=True, kw_only=True):
    """Geofences by id."""

    items: list[Geofence]


class FeatureProperties(msgspec.Struct, frozen=True, kw_only=True):
    """What GeoJSON says beside the form."""

    id: int
    name: str
    park_id: int | None
    radius_m: Annotated[float | None, Meta(description="Of a circle, which comes as a ring of 64 sides.")]
    no_lock: str | None


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """A geofence as a feature of GeoJSON."""

    type: Literal["Feature"]
    id: int
    properties: FeatureProperties
    geometry: dict[str, Any]


class GeofenceCollection(pages.Page, frozen=True, kw_only=True):
    """A page of geofences as a FeatureCollection of GeoJSON."""

    type: Literal["FeatureCollection"]
    features: list[Feature]


class GeofenceQuery(pages.PageQuery, frozen=True, kw_only=True):
    """Which geofences, and in what form."""

    q: Annotated[str, Meta(max_length=120, description="A part of the name.")] = ""
    closed: Annotated[bool, Meta(description="The closed ones instead of the open.")] = False
    format: Annotated[Literal["json", "geojson"], Meta(description="Records, or GeoJSON for a map.")] = "json"
    limit: pages.UpTo500 = 50


EXAMPLE = {"name": "Depot", "circle": {"lat": 37.7749, "lon": -122.4194, "radius_m": 150}}
_RING = [[-122.42, 37.77], [-122.41, 37.77], [-122.41, 37.78], [-122.42, 37.77]]
_FEATURE = {
    "type": "Feature",
    "properties": {"name": "General Hospital", "no_lock": "hospital"},
    "geometry": {"type": "Polygon", "coordinates": [_RING]},
}
IMPORT_EXAMPLE = {"collection": {"type": "FeatureCollection", "features": [_FEATURE]}, "dry_run": True}


@bp.get("/geofences")
@operation(
    query=GeofenceQuery,
    answers={200: {"application/json": GeofencePage, GEOJSON: GeofenceCollection}},
)
def list_geofences(query: GeofenceQuery) -> dict[str, Any] | Response:
    """The geofences in sight, by id: the open ones, or the closed with `closed=true`; `format=geojson` for a map."""
    most = query.limit
    fences = queries.list_geofences(
        read(),
        viewer=actor(),
        text=query.q,
        closed=query.closed,
        after_id=pages.after_id(query.cursor),
        most=most,
    )
    page = pages.page([_show(fence) for fence in fences], most=most, last_id=fences[-1].id if fences else None)
    if query.format != "geojson":
        return page
    collection = {**queries.as_geojson(fences), "next_cursor": page["next_cursor"]}
    return Response(msgspec.json.encode(collection), mimetype=GEOJSON)


@bp.post("/geofences")
@operation(body=NewGeofence, answers={201: Geofence}, refuses=(404, 409), keyed=True, example=EXAMPLE)
def add_geofence(body: NewGeofence) -> Answer:
    """Add a circle or a polygon. It detects from now on."""
    session = write()
    geofence_id = service.add_geofence(session, actor=actor(), at=at(), new=body)
    return _show_written(geofence_id, location=url_for("api_v1.get_geofence", geofence_id=geofence_id))


@bp.get("/geofences/<int:geofence_id>")
@operation(answers={200: Geofence})
def get_geofence(geofence_id: int) -> Answer:
    """One geofence, open or closed."""
    fence = queries.get_geofence(read(), viewer=actor(), geofence_id=geofence_id)
    return show_record(_show(fence), fence.version)


@bp.patch("/geofences/<int:geofence_id>")
@operation(
    body=GeofenceChange, answers={200: Geofence}, refuses=(409,), conditional=True, example={"no_lock": "hospital"}
)
def change_geofence(geofence_id: int, body: GeofenceChange) -> Answer:
    """Give it another name, or make it a place where nothing may be locked. Its form stays: close it, add another."""
    service.change_geofence(
        write(), actor=actor(), at=at(), geofence_id=geofence_id, change=body, versions=wanted_versions()
    )
    return _show_written(geofence_id)


@bp.delete("/geofences/<int:geofence_id>")
@operation(answers={200: Geofence}, refuses=(409,), conditional=True)
def close_geofence(geofence_id: int) -> Answer:
    """Close it: it detects nothing more, and stays to be read."""
    session = write()
    service.close_geofence(session, actor=actor(), at=at(), geofence_id=geofence_id, versions=wanted_versions())
    session.flush()
    return _show_written(geofence_id)


@bp.post("/geofences/import")
@operation(body=GeofenceImport, answers={200: ImportReport}, refuses=(404, 409), example=IMPORT_EXAMPLE)
def import_geofences(body: GeofenceImport) -> ImportReport:
    """Read a FeatureCollection: what is good and what is bad of it.

    Adds the good ones when `dry_run` is false, which takes an Idempotency-Key.
    """
    if not body.dry_run:
        require_key()
    return service.import_geofences(write(), actor=actor(), at=at(), wanted=body)


def _show_written(geofence_id: int, *, location: str | None = None) -> Answer:
    """As it stands in this transaction, to whoever may write it but perhaps not read."""
    reader = write().connection()
    fence = queries.get_geofence(reader, viewer=service.RECORDER, geofence_id=geofence_id)
    return show_record(_show(fence), fence.version, location=location)


def _show(fence: GeofenceRecord) -> Geofence:
    circle = geometry = None
    if fence.radius_m is not None:
        circle = Circle(lat=fence.lat, lon=fence.lon, radius_m=fence.radius_m)
    if fence.coordinates is not None:
        geometry = MultiPolygon(type="MultiPolygon", coordinates=fence.coordinates)
    return Geofence(
        id=fence.id,
        name=fence.name,
        park_id=fence.park_id,
        kind=fence.kind,
        circle=circle,
        geometry=geometry,
        no_lock=fence.no_lock,
        created_by=fence.created_by,
        created_at=fence.created_at,
        closed_by=fence.closed_by,
        closed_at=fence.closed_at,
    )
