"""Geofences out of a GeoJSON file: what is good of it is added, what is bad is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.db import Writer
from core.errors import Invalid
from core.events.rules.geojson import BadGeometry, count_positions, read_polygon
from core.events.schemas import BadFeature, GeofenceImport, ImportReport, ReadFeature
from core.events.service.additions import add, check_park, clean_reason, list_taken_names
from core.events.service.geofences import MANAGE
from core.permissions import Actor, needs
from core.telemetry.rules.detector import Polygon

MOST_FEATURES = 5000
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class _Feature:
    """What was read of a feature: its place in the file, name and why not to lock there; or what is wrong with it."""

    index: int
    name: str
    no_lock: str | None = None
    form: Polygon | None = None
    problem: str | None = None


@needs(MANAGE)
def import_geofences(session: Writer, *, actor: Actor, at: datetime, wanted: GeofenceImport) -> ImportReport:
    """Read a GeoJSON FeatureCollection; add what is good of it unless it is a dry run, and name what is bad and why.

    Raises Invalid when it is no collection at all.
    """
    check_park(session, actor, wanted.park_id)
    taken = set(list_taken_names(session, wanted.park_id))
    good: list[ReadFeature] = []
    bad: list[BadFeature] = []
    for read in _read(_features(wanted.collection), wanted):
        problem = read.problem or _name_problem(read.name, taken)
        if problem is not None or read.form is None:
            bad.append(BadFeature(index=read.index, name=read.name, reason=str(problem)))
            continue
        taken.add(read.name)
        added = None
        if not wanted.dry_run:
            added = add(
                session, actor, at, park_id=wanted.park_id, name=read.name, form=read.form, no_lock=read.no_lock
            )
        count = count_positions(read.form)
        good.append(
            ReadFeature(index=read.index, name=read.name, position_count=count, no_lock=read.no_lock, geofence_id=added)
        )
    return ImportReport(dry_run=wanted.dry_run, good=good, bad=bad)


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


def _read(features: list[Any], wanted: GeofenceImport) -> Iterator[_Feature]:
    """Of each feature what it says, or what is wrong with it."""
    for index, feature in enumerate(features):
        if not isinstance(feature, Mapping):
            yield _Feature(index, "", problem="This is not a GeoJSON feature.")
            continue
        said = feature.get("properties")
        properties: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
        name = properties.get(wanted.name_property)
        text = " ".join(str(name).replace("\0", "").split()) if isinstance(name, str | int) else ""
        try:
            no_lock = _read_no_lock(properties.get(wanted.no_lock_property))
            yield _Feature(index, text, no_lock=no_lock, form=read_polygon(feature.get("geometry")))
        except (BadGeometry, Invalid) as bad:
            yield _Feature(index, text, problem=str(bad))


def _read_no_lock(said: object) -> str | None:
    """Why nothing is locked there. What cannot be understood is refused: it would be lost without a word."""
    if said is None or said is False or said == "":
        return None
    if not isinstance(said, str) or len(said) > _LONGEST_NAME:
        raise Invalid(f"Why nothing is locked there must be words, at most {_LONGEST_NAME} characters: hospital.")
    return clean_reason(said)


def _name_problem(name: str, taken: set[str]) -> str | None:
    if not name:
        return "It has no name in that property."
    if len(name) > _LONGEST_NAME:
        return f"Its name is longer than {_LONGEST_NAME} characters."
    if name in taken:
        return f"{name} is the name of another geofence of this park, or of an earlier one in this file."
    return None
