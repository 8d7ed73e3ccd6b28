"""Geofences: read as records or as GeoJSON, added, renamed, closed, imported."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response, jsonify, request, url_for

from core.events import queries, service
from core.events.queries import GeofenceRecord
from core.events.schemas import GeofenceChange, GeofenceImport, NewGeofence
from portals.api_v1 import bp, pages
from portals.api_v1.conditional import show_record, wanted_versions
from portals.api_v1.idempotency import require_key
from portals.doors import actor, at, read, write
from portals.forms import parse_json


@bp.get("/geofences")
def list_geofences() -> Response:
    """The geofences in sight, by id: the open ones, or the closed with `closed=true`; `format=geojson` for a map."""
    most = pages.limit(default=50, most=500)
    closed = request.args.get("closed") == "true"
    fences = queries.list_geofences(
        read(), viewer=actor(), text=request.args.get("q", ""), closed=closed, after_id=pages.after_id(), most=most
    )
    page = pages.page([_show(fence) for fence in fences], most=most, last_id=fences[-1].id if fences else None)
    if request.args.get("format") != "geojson":
        return jsonify(page)
    response = jsonify({**queries.as_geojson(fences), "next_cursor": page["next_cursor"]})
    response.mimetype = "application/geo+json"
    return response


@bp.post("/geofences")
def add_geofence() -> Response:
    """Add a circle or a polygon: 201, its address and its record. It detects from now on."""
    require_key()
    session = write()
    geofence_id = service.add_geofence(session, actor=actor(), at=at(), new=parse_json(NewGeofence))
    fence = queries.get_geofence(session.connection(), viewer=service.RECORDER, geofence_id=geofence_id)
    response = show_record(_show(fence), fence.version, 201)
    response.headers["Location"] = url_for("api_v1.get_geofence", geofence_id=geofence_id)
    return response


@bp.get("/geofences/<int:geofence_id>")
def get_geofence(geofence_id: int) -> Response:
    """One geofence, open or closed."""
    fence = queries.get_geofence(read(), viewer=actor(), geofence_id=geofence_id)
    return show_record(_show(fence), fence.version)


@bp.patch("/geofences/<int:geofence_id>")
def rename_geofence(geofence_id: int) -> Response:
    """Give it another name. Its form cannot change: close it and add another."""
    session = write()
    change = parse_json(GeofenceChange)
    service.rename_geofence(
        session,
        actor=actor(),
        at=at(),
        geofence_id=geofence_id,
        name=change.name,
        versions=wanted_versions(),
    )
    return _show_written(geofence_id)


@bp.delete("/geofences/<int:geofence_id>")
def close_geofence(geofence_id: int) -> Response:
    """Close it: it detects nothing more, and stays to be read."""
    session = write()
    service.close_geofence(session, actor=actor(), at=at(), geofence_id=geofence_id, versions=wanted_versions())
    session.flush()
    return _show_written(geofence_id)


@bp.post("/geofences/import")
def import_geofences() -> Response:
    """Read a FeatureCollection: what is good and what is bad of it. Adds the good ones when `dry_run` is false."""
    wanted = parse_json(GeofenceImport)
    if not wanted.dry_run:
        require_key()
    report = service.import_geofences(write(), actor=actor(), at=at(), wanted=wanted)
    return jsonify(msgspec.to_builtins(report))


def _show_written(geofence_id: int) -> Response:
    """As it stands in this transaction, to whoever may write it but perhaps not read."""
    reader = write().connection()
    fence = queries.get_geofence(reader, viewer=service.RECORDER, geofence_id=geofence_id)
    return show_record(_show(fence), fence.version)


def _show(fence: GeofenceRecord) -> dict[str, Any]:
    circle = None
    if fence.radius_m is not None:
        circle = {"lat": fence.lat, "lon": fence.lon, "radius_m": fence.radius_m}
    geometry = None
    if fence.coordinates is not None:
        geometry = {"type": "MultiPolygon", "coordinates": fence.coordinates}
    return {
        "id": fence.id,
        "name": fence.name,
        "park_id": fence.park_id,
        "kind": fence.kind,
        "circle": circle,
        "geometry": geometry,
        "created_by": fence.created_by,
        "created_at": fence.created_at,
        "closed_by": fence.closed_by,
        "closed_at": fence.closed_at,
    }
