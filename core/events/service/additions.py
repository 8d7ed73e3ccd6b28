"""What adding a geofence takes, for one out of a form and for many out of a file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

from core import audit, outbox
from core.db import Writer
from core.errors import Conflict, Invalid
from core.events.models import FenceKind, Geofence
from core.events.rules.geojson import middle_of
from core.events.schemas import NewCircle
from core.permissions import Actor
from core.telemetry.rules.detector import Polygon
from core.vehicles.models import Park


def check_park(session: Writer, actor: Actor, park_id: int | None) -> None:
    """Raises Invalid unless the actor may have geofences in this park; None: geofences that are everybody's."""
    reach = actor.reach("events:manage_geofences")
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


def add(
    session: Writer,
    actor: Actor,
    at: datetime,
    *,
    park_id: int | None,
    name: str,
    form: NewCircle | Polygon,
    no_lock: str | None,
) -> int:
    """Write a geofence that was checked; returns the id. Raises Conflict when its name is taken in the park."""
    known = find_named(session, park_id, name)
    if known is not None:
        raise taken(name, known)
    if isinstance(form, Polygon):
        lat, lon = middle_of(form)
        shape: dict[str, Any] = {"kind": FenceKind.POLYGON, "coordinates": form.coordinates}
    else:
        lat, lon = form.lat, form.lon
        shape = {"kind": FenceKind.CIRCLE, "radius_m": form.radius_m}
    fence = Geofence(
        park_id=park_id,
        name=name,
        lat=lat,
        lon=lon,
        no_lock=no_lock,
        created_by=actor.name,
        created_at=at,
        **shape,
    )
    try:
        with session.begin_nested():
            session.add(fence)
    except IntegrityError as refused:
        if not isinstance(refused.orig, UniqueViolation):
            raise
        raise taken(name, find_named(session, park_id, name)) from refused
    audit.record(
        session,
        actor=actor,
        at=at,
        action="events.geofence_added",
        subject=("geofence", fence.id),
        name=name,
        no_lock=no_lock,
    )
    outbox.publish(session, "events.geofence_added", at=at, geofence_id=fence.id)
    return fence.id


def _same_park(park_id: int | None) -> sa.ColumnElement[bool]:
    return Geofence.park_id.is_(None) if park_id is None else Geofence.park_id == park_id


def find_named(session: Writer, park_id: int | None, name: str) -> int | None:
    """The open geofence of this name in this park, or among those that are everybody's."""
    query = sa.select(Geofence.id).where(_same_park(park_id), Geofence.name == name, Geofence.closed_at.is_(None))
    return session.execute(query).scalar_one_or_none()


def list_taken_names(session: Writer, park_id: int | None) -> list[str]:
    """The names of the open geofences of this park, or of those that are everybody's."""
    query = sa.select(Geofence.name).where(_same_park(park_id), Geofence.closed_at.is_(None))
    return list(session.execute(query).scalars())


def taken(name: str, geofence_id: int | None) -> Conflict:
    """The refusal of a name that another open geofence of the park has."""
    return Conflict(
        f"Geofence {geofence_id} of this park is called {name} already. Choose another name, or close that one first.",
        fields={"name": f"Already used by geofence {geofence_id}."},
        geofence_id=geofence_id,
    )


def clean_reason(why: str | None) -> str | None:
    """Why nothing is locked there, tidied. Raises Invalid when no word is left."""
    if why is None:
        return None
    cleaned = " ".join(why.replace("\0", "").split())
    if not cleaned:
        raise Invalid(
            "A no-lock zone needs its reason.",
            fields={"no_lock": "Say why nothing is locked there, or make it no such zone."},
        )
    return cleaned
