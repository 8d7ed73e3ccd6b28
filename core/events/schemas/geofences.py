"""The shapes of geofences, shared by the API and the forms."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from core.vehicles.schemas import RecordId

Name = Annotated[str, Meta(min_length=1, max_length=120)]
NoLock = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=120,
        description="Why nothing is locked there: hospital, motorway, tunnel, railway crossing, border, other words.",
    ),
]


class NewCircle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place and how far around it, 10 m to 200 km."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    radius_m: Annotated[float, Meta(ge=10, le=200_000)]


class NewGeofence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is needed to add a geofence: a name, and either a circle or a GeoJSON Polygon or MultiPolygon.

    Without `park_id` it is everybody's, which takes the sight of all parks.
    """

    name: Name
    park_id: RecordId | None = None
    circle: NewCircle | None = None
    geometry: dict[str, Any] | None = None
    no_lock: NoLock | None = None


class GeofenceChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may change about a geofence: what is left out stays. Its form may not: close it and add another.

    `no_lock` null: vehicles may be locked there again.
    """

    name: Name | UnsetType = UNSET
    no_lock: NoLock | UnsetType | None = UNSET


class GeofenceImport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A GeoJSON FeatureCollection, and which properties of its features are the name and why no vehicle may be locked
    there (none: it may). Only looked at if `dry_run`.
    """

    collection: dict[str, Any]
    name_property: Annotated[str, Meta(min_length=1, max_length=120)] = "name"
    no_lock_property: Annotated[str, Meta(min_length=1, max_length=120)] = "no_lock"
    park_id: RecordId | None = None
    dry_run: bool = True


class ReadFeature(msgspec.Struct, frozen=True, kw_only=True):
    """A feature of the file that is, or could become, a geofence."""

    index: int
    name: str
    position_count: int
    no_lock: str | None = None
    geofence_id: int | None = None


class BadFeature(msgspec.Struct, frozen=True, kw_only=True):
    """A feature of the file that cannot become a geofence, and why."""

    index: int
    name: str
    reason: str


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file, or would become of it."""

    dry_run: bool
    good: list[ReadFeature]
    bad: list[BadFeature]
