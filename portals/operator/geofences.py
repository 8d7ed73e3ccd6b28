"""Geofences: the list with its map, a new one, one of them, and many out of a file."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import orjson
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from msgspec import Meta

from core.errors import Conflict, Forbidden, Invalid, Refusal
from core.events import queries, service
from core.events.rules.no_lock import PLACES
from core.events.schemas import GeofenceChange, GeofenceImport, NewCircle, NewGeofence
from core.vehicles import queries as vehicles
from portals import hx, uploads
from portals.doors import actor, at, read, write
from portals.forms import parse_form, record_id
from portals.operator import bp

PAGE_SIZE = 200
MOST_ON_MAP = 5000
# What a form carries back to be sent again; a longer text has to be chosen again.
LONGEST_KEPT = 200_000
WANTED = {
    "name": "Enter a name, at most 120 characters.",
    "park_id": "Choose a park.",
    "lat": "A latitude in degrees, -90 to 90.",
    "lon": "A longitude in degrees, -180 to 180.",
    "radius_m": "10 to 200000 metres.",
    "no_lock": "Why nothing is locked there, at most 120 characters: hospital.",
}


class GeofenceForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is typed. `shape` says which half counts; `corners` are lines of "latitude, longitude", or GeoJSON."""

    name: Annotated[str, Meta(min_length=1, max_length=120)]
    shape: Annotated[str, Meta(pattern="^(circle|polygon)$")]
    park_id: int | None = None
    lat: str = ""
    lon: str = ""
    radius_m: str = ""
    corners: str = ""
    no_lock: Annotated[str, Meta(max_length=120)] = ""


@bp.get("/geofences")
def list_geofences() -> Response:
    """The geofences of the operator's parks and everybody's, and a map of them."""
    text, closed = request.args.get("q", ""), bool(request.args.get("closed"))
    after_id = request.args.get("after", 0, type=record_id)
    found = queries.list_geofences(
        read(), viewer=actor(), text=text, closed=closed, after_id=after_id, most=PAGE_SIZE + 1
    )
    shown = found[:PAGE_SIZE]
    return hx.render(
        "operator/geofences/list.html",
        "operator/geofences/_fences.html",
        fences=shown,
        text=text,
        closed=closed,
        after_id=after_id,
        next_after=shown[-1].id if len(found) > PAGE_SIZE else None,
        may_manage=actor().may("events:manage_geofences"),
    )


@bp.get("/geofences.json")
def geofences_json() -> Response:
    """The open geofences as GeoJSON, for the maps of these pages."""
    fences = queries.list_geofences(read(), viewer=actor(), most=MOST_ON_MAP)
    body = orjson.dumps(queries.as_geojson(fences))
    return Response(body, mimetype="application/geo+json", headers={"Cache-Control": "no-store"})


@bp.get("/geofences/new")
def new_geofence() -> Response:
    """The empty form beside the map."""
    return _show_new()


@bp.post("/geofences/new")
def add_geofence() -> ResponseReturnValue:
    """Add the geofence; it detects from now on."""
    try:
        new = _read_form()
        geofence_id = service.add_geofence(write(), actor=actor(), at=at(), new=new)
    except (Invalid, Conflict) as refusal:
        return _show_new(_beside_fields(refusal))
    flash(f"{new.name} was added. Vehicles are detected in it from now on.", "ok")
    return redirect(url_for("operator.show_geofence", geofence_id=geofence_id), 303)


@bp.get("/geofences/<int:geofence_id>")
def show_geofence(geofence_id: int) -> Response:
    """One geofence on the map, with what may be done to it."""
    return _show(geofence_id)


@bp.post("/geofences/<int:geofence_id>/name")
def rename_geofence(geofence_id: int) -> ResponseReturnValue:
    """Give it another name."""
    name = request.form.get("name", "")[:121]
    try:
        if not name.strip() or len(name) > 120:
            raise Invalid("The name was not changed.", fields={"name": WANTED["name"]})
        _change(geofence_id, GeofenceChange(name=name))
    except (Invalid, Conflict, Forbidden) as refusal:
        return _show(geofence_id, refusal)
    flash("The name was changed.", "ok")
    return redirect(url_for("operator.show_geofence", geofence_id=geofence_id), 303)


@bp.post("/geofences/<int:geofence_id>/no-lock")
def change_no_lock(geofence_id: int) -> ResponseReturnValue:
    """Make it a place where no vehicle may be locked, or none any more."""
    why = None if request.form.get("step") == "clear" else request.form.get("no_lock", "")
    try:
        if why is not None and len(why) > 120:
            raise Invalid("The no-lock zone was not changed.", fields={"no_lock": WANTED["no_lock"]})
        _change(geofence_id, GeofenceChange(no_lock=why))
    except (Invalid, Conflict, Forbidden) as refusal:
        return _show(geofence_id, refusal)
    flash("Nothing is locked there any more." if why else "Vehicles may be locked there again.", "ok")
    return redirect(url_for("operator.show_geofence", geofence_id=geofence_id), 303)


@bp.post("/geofences/<int:geofence_id>/closing")
def close_geofence(geofence_id: int) -> ResponseReturnValue:
    """Close it: it detects nothing more."""
    try:
        service.close_geofence(write(), actor=actor(), at=at(), geofence_id=geofence_id)
    except (Conflict, Forbidden) as refusal:
        return _show(geofence_id, refusal)
    flash("The geofence is closed. What was detected in it stays.", "ok")
    return redirect(url_for("operator.show_geofence", geofence_id=geofence_id), 303)


@bp.get("/geofences/import")
def new_import() -> Response:
    """Where a GeoJSON file is chosen or pasted."""
    return _show_import()


@bp.post("/geofences/import")
def import_geofences() -> ResponseReturnValue:
    """Look at the file, and add what is good of it when told to."""
    add = request.form.get("step") == "add"
    text = ""
    try:
        text = _imported_text()
        wanted = GeofenceImport(
            collection=_read_object(text),
            name_property=request.form.get("name_property", "").strip()[:120] or "name",
            no_lock_property=request.form.get("no_lock_property", "").strip()[:120] or "no_lock",
            park_id=request.form.get("park_id", type=record_id),
            dry_run=not add,
        )
        report = service.import_geofences(write(), actor=actor(), at=at(), wanted=wanted)
    except (Invalid, Conflict) as refusal:
        return _show_import(text=text, refusal=refusal)
    if not add or not report.good:
        return _show_import(text=text, report=report)
    flash(f"{len(report.good)} geofences were added, {len(report.bad)} features were left out.", "ok")
    return redirect(url_for("operator.list_geofences"), 303)


def _change(geofence_id: int, change: GeofenceChange) -> None:
    service.change_geofence(write(), actor=actor(), at=at(), geofence_id=geofence_id, change=change)


def _read_form() -> NewGeofence:
    form = parse_form(GeofenceForm)
    no_lock = form.no_lock if form.no_lock.strip() else None
    if form.shape == "polygon":
        geometry = _read_corners(form.corners)
        return NewGeofence(name=form.name, park_id=form.park_id, geometry=geometry, no_lock=no_lock)
    numbers = {name: text.replace(",", ".") for name in ("lat", "lon", "radius_m") if (text := getattr(form, name))}
    missing = {name: WANTED[name] for name in ("lat", "lon", "radius_m") if name not in numbers}
    if missing:
        raise Invalid("The geofence was not added: a circle needs a centre and a radius.", fields=missing)
    return NewGeofence(name=form.name, park_id=form.park_id, circle=parse_form(NewCircle, numbers), no_lock=no_lock)


def _read_corners(text: str) -> dict[str, Any]:
    """A GeoJSON geometry out of GeoJSON, or of one corner a line."""
    if text.lstrip().startswith("{"):
        read_in = _read_object(text, field="corners")
        geometry = read_in.get("geometry") if read_in.get("type") == "Feature" else read_in
        return geometry if isinstance(geometry, dict) else {}
    corners = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            lat, lon = (float(part) for part in line.replace(";", ",").replace(",", " ").split())
        except ValueError:
            raise Invalid(
                "The geofence was not added.",
                fields={"corners": f"Line {number} is not a latitude and a longitude: {line.strip()[:40]}"},
            ) from None
        corners.append([lon, lat])
    if len(corners) < 3:
        raise Invalid("The geofence was not added.", fields={"corners": "A polygon needs at least three corners."})
    return {"type": "Polygon", "coordinates": [corners if corners[0] == corners[-1] else [*corners, corners[0]]]}


def _read_object(text: str, field: str = "text") -> dict[str, Any]:
    try:
        read_in = msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise Invalid("This cannot be read as GeoJSON.", fields={field: f"It is not JSON: {error}."}) from error
    if not isinstance(read_in, dict):
        raise Invalid("This cannot be read as GeoJSON.", fields={field: "It is JSON, but not an object."})
    return read_in


def _imported_text() -> str:
    """The file if one was chosen, else what was pasted."""
    file = request.files.get("file")
    if file is not None and file.filename:
        return uploads.read_text(file, uploads.GEOJSON, field="file")
    return request.form.get("text", "")


def _beside_fields(refusal: Refusal) -> Refusal:
    """The same refusal with its words beside the fields of the form."""
    words = {}
    for name, text in refusal.fields.items():
        known = name.removeprefix("circle.")
        words["corners" if known == "geometry" else known] = WANTED.get(known, text)
    refusal.fields = words
    return refusal


def _show_new(refusal: Refusal | None = None) -> Response:
    return hx.render(
        "operator/geofences/new.html",
        status=refusal.status if refusal else 200,
        **_parks(),
        **_typed(refusal),
    )


def _show(geofence_id: int, refusal: Refusal | None = None) -> Response:
    fence = queries.get_geofence(read(), viewer=actor(), geofence_id=geofence_id)
    reach = actor().reach("events:manage_geofences")
    mine = reach.parks is None if fence.park_id is None else reach.covers(fence.park_id)
    return hx.render(
        "operator/geofences/show.html",
        status=refusal.status if refusal else 200,
        fence=fence,
        feature=queries.as_geojson([fence]),
        may_change=mine and fence.closed_at is None,
        **_typed(refusal),
    )


def _show_import(text: str = "", refusal: Refusal | None = None, report: Any = None) -> Response:
    return hx.render(
        "operator/geofences/import.html",
        status=refusal.status if refusal else 200,
        text=text if len(text) <= LONGEST_KEPT else "",
        is_long=len(text) > LONGEST_KEPT,
        report=report,
        **_parks(),
        **_typed(refusal),
    )


def _parks() -> dict[str, Any]:
    reach = actor().reach("events:manage_geofences")
    parks = [park for park in vehicles.list_parks(read(), viewer=actor()) if reach.covers(park["id"])]
    return {"parks": [(park["id"], park["name"]) for park in parks], "sees_all": reach.parks is None}


def _typed(refusal: Refusal | None) -> dict[str, Any]:
    return {
        "refusal": refusal,
        "errors": refusal.fields if refusal else {},
        "typed": request.form,
        "no_lock_places": PLACES,
    }
