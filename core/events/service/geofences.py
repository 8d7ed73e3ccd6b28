"""Geofences: added, renamed, made no-lock zones, closed.

A closed one stays, for what was detected in it has its name.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from msgspec import UNSET

from core import audit, outbox
from core.db import Writer
from core.errors import Conflict, Forbidden, Invalid, NotFound, check_version
from core.events.models import Geofence
from core.events.rules.geojson import BadGeometry, read_polygon
from core.events.schemas import GeofenceChange, NewCircle, NewGeofence
from core.events.service.additions import add, check_park, clean_reason, find_named, taken
from core.permissions import Actor, needs, system
from core.telemetry.rules.detector import Polygon

MANAGE = "events:manage_geofences"
# Reads back what was just written, for an actor who may write but perhaps not read.
RECORDER = system("events", "events:read")


@needs(MANAGE)
def add_geofence(session: Writer, *, actor: Actor, at: datetime, new: NewGeofence) -> int:
    """Add a geofence; returns the id. It detects from `at` on: what was before stays as it was found.

    Raises Invalid for a form that cannot be one, Conflict naming the open one that has the name in this park.
    """
    check_park(session, actor, new.park_id)
    if (new.circle is None) == (new.geometry is None):
        raise Invalid("The geofence was not added.", fields={"geometry": "Give either a circle or a GeoJSON geometry."})
    if new.circle is not None:
        form: NewCircle | Polygon = new.circle
    else:
        try:
            form = read_polygon(new.geometry)
        except BadGeometry as bad:
            raise Invalid(f"The geofence was not added. {bad}", fields={"geometry": str(bad)}) from None
    return add(
        session, actor, at, park_id=new.park_id, name=_clean(new.name), form=form, no_lock=clean_reason(new.no_lock)
    )


@needs(MANAGE)
def change_geofence(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    geofence_id: int,
    change: GeofenceChange,
    versions: Collection[int] | None = None,
) -> None:
    """Give an open geofence another name, or say whether and why no vehicle may be locked in it, from now on.

    Raises Conflict when it is closed or the name is taken. With `versions` only if it still has one of them; else
    PreconditionFailed.
    """
    fence = _get_open(session, actor, geofence_id, versions)
    if change.name is not UNSET:
        _rename(session, fence, _clean(change.name), actor=actor, at=at)
    if change.no_lock is not UNSET:
        _set_no_lock(session, fence, clean_reason(change.no_lock), actor=actor, at=at)


def _rename(session: Writer, fence: Geofence, name: str, *, actor: Actor, at: datetime) -> None:
    before = fence.name
    if name == before:
        return
    known = find_named(session, fence.park_id, name)
    if known is not None:
        raise taken(name, known)
    fence.name = name
    session.flush()
    audit.record(
        session,
        actor=actor,
        at=at,
        action="events.geofence_renamed",
        subject=("geofence", fence.id),
        before=before,
        name=name,
    )
    outbox.publish(session, "events.geofence_renamed", at=at, geofence_id=fence.id)


def _set_no_lock(session: Writer, fence: Geofence, why: str | None, *, actor: Actor, at: datetime) -> None:
    before = fence.no_lock
    if why == before:
        return
    fence.no_lock = why
    session.flush()
    audit.record(
        session,
        actor=actor,
        at=at,
        action="events.no_lock_zone_changed",
        subject=("geofence", fence.id),
        before=before,
        no_lock=why,
    )
    outbox.publish(session, "events.no_lock_zone_changed", at=at, geofence_id=fence.id)


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


def _clean(name: str) -> str:
    cleaned = " ".join(name.replace("\0", "").split())
    if not cleaned:
        raise Invalid("The geofence needs a name.", fields={"name": "Enter a name."})
    return cleaned
