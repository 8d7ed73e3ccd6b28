"""Geofences: added, renamed, closed. A closed one stays, for what was detected in it has its name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

from core import audit, outbox
from core.db import Writer
from core.errors import Conflict, Forbidden, Invalid, NotFound, check_version
from core.events.models import FenceKind, Geofence
from core.events.rules.geojson import BadGeometry, count_positions, middle_of, read_polygon
from core.events.schemas import BadFeature, GeofenceImport, ImportReport, NewCircle, NewGeofence, ReadFeature
from core.permissions import Actor, needs, system
from core.telemetry.rules.detector import Polygon
from core.vehicles.models import Park

MANAGE = "events:manage_geofences"
MOST_FEATURES = 5000
# Reads back what was just written, for an actor who may write but perhaps not read.
RECORDER = system("events", "events:read")
_LONGEST_NAME = 120


@needs(MANAGE)
def add_geofence(session: Writer, *, actor: Actor, at: datetime, new: NewGeofence) -> int:
    """Add a geofence; returns the id. It detects from `at` on: what was before stays as it was found.

    Raises Invalid for a form that cannot be one, Conflict naming the open one that has the name in this park.
    """
    _check_park(session, actor, new.park_id)
    if (new.circle is None) == (new.geometry is None):
        raise Invalid("The geofence was not added.", fields={"geometry": "Give either a circle or a GeoJSON geometry."})
    if new.circle is not None:
        form: NewCircle | Polygon = new.circle
    else:
        try:
            form = read_polygon(new.geometry)
        except BadGeometry as bad:
            raise Invalid(f"The geofence was not added. {bad}", fields={"geometry": str(bad)}) from None
    return _add(session, actor, at, park_id=new.park_id, name=_clean(new.name), form=form)


@needs(MANAGE)
def rename_geofence(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    geofence_id: int,
    name: str,
    versions: Collection[int] | None = None,
) -> None:
    """Give an open geofence another name. Raises Conflict when it is closed or the name is taken.

    With `versions` only if it still has one of them; else PreconditionFailed.
    """
    fence = _get_open(session, actor, geofence_id, versions)
    before, name = fence.name, _clean(name)
    if name == before:
        return
    known = _find_named(session, fence.park_id, name)
    if known is not None:
        raise _taken(name, known)
    fence.name = name
    session.flush()
    audit.record(
        session,
        actor=actor,
        at=at,
        action="events.geofence_renamed",
        subject=("geofence", geofence_id),
        before=before,
        name=name,
    )
    outbox.publish(session, "events.geofence_renamed", at=at, geofence_id=geofence_id)


@needs(MANAGE)
def close_geofence(
    session: Writer, *, actor: Actor, at: datetime, geofence_id: int, versions: Collection[int] | None = None
) -> None:
    """Detect nothing more in it from `at` on; stays in it end. It is never deleted. Conflict when it is closed.

    With `versions` only if it still has one of them; else PreconditionFailed.
    """
    fence = _get_open(session, actor, geofence_id, versions)
    fence.closed_by, fence.closed_at = actor.name, at
    audit.record(session, actor=actor, at=at, action="events.geofence_closed", subject=("geofence", geofence_id))
    outbox.publish(session, "events.geofence_closed", at=at, geofence_id=geofence_id)


@needs(MANAGE)
def import_geofences(session: Writer, *, actor: Actor, at: datetime, wanted: GeofenceImport) -> ImportReport:
    """Read a GeoJSON FeatureCollection; add what is good of it unless it is a dry run, and name what is bad and why.

    Raises Invalid when it is no collection at all.
    """
    _check_park(session, actor, wanted.park_id)
    features = _features(wanted.collection)
    taken = set(_names(session, wanted.park_id))
    good: list[ReadFeature] = []
    bad: list[BadFeature] = []
    for index, name, read in _read(features, wanted.name_property):
        problem = read if isinstance(read, str) else _name_problem(name, taken)
        if problem is not None or isinstance(read, str):
            bad.append(BadFeature(index=index, name=name, reason=str(problem)))
            continue
        taken.add(name)
        added = None
        if not wanted.dry_run:
            added = _add(session, actor, at, park_id=wanted.park_id, name=name, form=read)
        good.append(ReadFeature(index=index, name=name, position_count=count_positions(read), geofence_id=added))
    return ImportReport(dry_run=wanted.dry_run, good=good, bad=bad)


def _check_park(session: Writer, actor: Actor, park_id: int | None) -> None:
    reach = actor.reach(MANAGE)
    if park_id is None:
        if reach.parks is not None:
            raise Invalid(
                "The geofence was not added: one without a park is everybody's, and you see only some parks.",
                fields={"park_id": "Choose one of your parks."},
            )
        return
    if session.get(Park, park_id) is None or not reach.covers(park_id):
        raise Invalid(
            "The geofence was not added: that park does not exist.",
            fields={"park_id": f"There is no park {park_id}."},
        )


def _get_open(session: Writer, actor: Actor, geofence_id: int, versions: Collection[int] | None) -> Geofence:
    fence = session.get(Geofence, geofence_id, with_for_update=True)
    if fence is None or (fence.park_id is not None and not actor.sees_park(fence.park_id)):
        raise NotFound(f"There is no geofence {geofence_id}.")
    if fence.park_id is not None:
        actor.require(MANAGE, park_id=fence.park_id)
    elif actor.reach(MANAGE).parks is not None:
        raise Forbidden(
            f"{fence.name} is everybody's geofence. Ask someone who sees all parks to change it.",
            permission=MANAGE,
        )
    check_version(fence.version, versions)
    if fence.closed_at is not None:
        raise Conflict(
            f"{fence.name} is closed and stays as it is. Add a new geofence instead.", geofence_id=geofence_id
        )
    return fence


def _add(
    session: Writer, actor: Actor, at: datetime, *, park_id: int | None, name: str, form: NewCircle | Polygon
) -> int:
    known = _find_named(session, park_id, name)
    if known is not None:
        raise _taken(name, known)
    if isinstance(form, Polygon):
        lat, lon = middle_of(form)
        shape: dict[str, Any] = {"kind": FenceKind.POLYGON, "coordinates": form.coordinates}
    else:
        lat, lon = form.lat, form.lon
        shape = {"kind": FenceKind.CIRCLE, "radius_m": form.radius_m}
    fence = Geofence(park_id=park_id, name=name, lat=lat, lon=lon, created_by=actor.name, created_at=at, **shape)
    try:
        with session.begin_nested():
            session.add(fence)
    except IntegrityError as refused:
        if not isinstance(refused.orig, UniqueViolation):
            raise
        raise _taken(name, _find_named(session, park_id, name)) from refused
    audit.record(session, actor=actor, at=at, action="events.geofence_added", subject=("geofence", fence.id), name=name)
    outbox.publish(session, "events.geofence_added", at=at, geofence_id=fence.id)
    return fence.id


def _same_park(park_id: int | None) -> sa.ColumnElement[bool]:
    return Geofence.park_id.is_(None) if park_id is None else Geofence.park_id == park_id


def _find_named(session: Writer, park_id: int | None, name: str) -> int | None:
    query = sa.select(Geofence.id).where(_same_park(park_id), Geofence.name == name, Geofence.closed_at.is_(None))
    return session.execute(query).scalar_one_or_none()


def _names(session: Writer, park_id: int | None) -> list[str]:
    query = sa.select(Geofence.name).where(_same_park(park_id), Geofence.closed_at.is_(None))
    return list(session.execute(query).scalars())


def _taken(name: str, geofence_id: int | None) -> Conflict:
    return Conflict(
        f"Geofence {geofence_id} of this park is called {name} already. Choose another name, or close that one first.",
        fields={"name": f"Already used by geofence {geofence_id}."},
        geofence_id=geofence_id,
    )


def _clean(name: str) -> str:
    cleaned = " ".join(name.replace("\0", "").split())
    if not cleaned:
        raise Invalid("The geofence needs a name.", fields={"name": "Enter a name."})
    return cleaned


def _features(collection: Mapping[str, Any]) -> list[Any]:
    features = collection.get("features")
    if collection.get("type") != "FeatureCollection" or not isinstance(features, list) or not features:
        raise Invalid(
            "This is not a GeoJSON FeatureCollection with features in it.",
            fields={"collection": 'Give {"type": "FeatureCollection", "features": [...]}.'},
        )
    if len(features) > MOST_FEATURES:
        raise Invalid(
            f"{len(features)} features are more than {MOST_FEATURES}. Import them in several files.",
            fields={"collection": f"At most {MOST_FEATURES} features."},
        )
    return features


def _read(features: list[Any], name_property: str) -> Iterator[tuple[int, str, Polygon | str]]:
    """Of each feature its place in the file, its name, and its polygon or what is wrong with it."""
    for index, feature in enumerate(features):
        if not isinstance(feature, Mapping):
            yield index, "", "This is not a GeoJSON feature."
            continue
        said = feature.get("properties")
        name = said.get(name_property) if isinstance(said, Mapping) else None
        text = " ".join(str(name).replace("\0", "").split()) if isinstance(name, str | int) else ""
        try:
            yield index, text, read_polygon(feature.get("geometry"))
        except BadGeometry as bad:
            yield index, text, str(bad)


def _name_problem(name: str, taken: set[str]) -> str | None:
    if not name:
        return "It has no name in that property."
    if len(name) > _LONGEST_NAME:
        return f"Its name is longer than {_LONGEST_NAME} characters."
    if name in taken:
        return f"{name} is the name of another geofence of this park, or of an earlier one in this file."
    return None
