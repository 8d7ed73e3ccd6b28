"""Reads of what was detected."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.db import Reader
from core.events.models import Detection
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles.models import Vehicle
from core.vehicles.queries import check_sight


class Place(NamedTuple):
    """A place in the list of detections, which is ordered newest first."""

    started_at: datetime
    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class DetectionRecord:
    """Something detected, as the API and the pages show it. `value` is in the unit that the kind names."""

    id: uuid.UUID
    vehicle_id: int
    kind: str
    subject: str
    started_at: datetime
    ended_at: datetime | None
    lat: float | None
    lon: float | None
    value: float | None
    detail: dict[str, Any]
    detected_at: datetime
    changed_at: datetime
    withdrawn_at: datetime | None

    @property
    def place(self) -> Place:
        """Where it stands in the list: the next page begins after the place of the last."""
        return Place(self.started_at, self.id)


_COLUMNS = [getattr(Detection, name) for name in DetectionRecord.__slots__]


def list_detections(
    reader: Reader,
    *,
    viewer: Actor,
    vehicle_id: int | None = None,
    kind: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    open_only: bool = False,
    withdrawn: bool = False,
    after: Place | None = None,
    most: int = 100,
) -> list[DetectionRecord]:
    """What was detected about the vehicles of the viewer's parks, newest first. Needs events:read.

    `since` and `until` are about when it began: since <= began < until. What was taken back is left out unless
    `withdrawn`. `after` is the place of the last one that is known already. Raises NotFound for a vehicle out of sight.
    """
    viewer.require("events:read")
    if vehicle_id is not None:
        check_sight(reader, viewer=viewer, permission="events:read", vehicle_id=vehicle_id)
    query = sa.select(*_COLUMNS).where(*_which(viewer, vehicle_id, since, until, withdrawn))
    if kind is not None:
        query = query.where(Detection.kind == kind)
    if open_only:
        query = query.where(Detection.ended_at.is_(None))
    if after is not None:
        place = sa.tuple_(Detection.started_at, Detection.id)
        query = query.where(place < sa.tuple_(sa.literal(after.started_at), sa.literal(after.id)))
    query = query.order_by(Detection.started_at.desc(), Detection.id.desc()).limit(most)
    return [DetectionRecord(*row) for row in reader.execute(query)]


def list_named(
    reader: Reader, *, viewer: Actor, vehicle_ids: Iterable[int], detection_ids: Iterable[uuid.UUID]
) -> list[DetectionRecord]:
    """The detections of these ids, of these vehicles in the viewer's parks, by when they began. Needs events:read.

    What was taken back since is left out. Both kinds of ids stand in the fact `events.detected`.
    """
    viewer.require("events:read")
    query = sa.select(*_COLUMNS).where(
        *_which(viewer, None, None, None, withdrawn=False),
        Detection.vehicle_id.in_(list(vehicle_ids)),
        Detection.id.in_(list(detection_ids)),
    )
    return [DetectionRecord(*row) for row in reader.execute(query.order_by(Detection.started_at, Detection.id))]


def count_by_kind(
    reader: Reader,
    *,
    viewer: Actor,
    vehicle_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    withdrawn: bool = False,
) -> dict[str, int]:
    """How many of each kind, of the same as `list_detections` gives. Needs events:read."""
    viewer.require("events:read")
    query = sa.select(Detection.kind, sa.func.count()).where(*_which(viewer, vehicle_id, since, until, withdrawn))
    return {row[0]: row[1] for row in reader.execute(query.group_by(Detection.kind))}


def _which(
    viewer: Actor, vehicle_id: int | None, since: datetime | None, until: datetime | None, withdrawn: bool
) -> list[sa.ColumnElement[bool]]:
    which: list[sa.ColumnElement[bool]] = []
    if viewer.reach("events:read").parks is not None:
        readable = in_reach(viewer, "events:read", park_id=Vehicle.park_id, vehicle_id=Vehicle.id)
        which.append(Detection.vehicle_id.in_(sa.select(Vehicle.id).where(readable)))
    if vehicle_id is not None:
        which.append(Detection.vehicle_id == vehicle_id)
    if since is not None:
        which.append(Detection.started_at >= since)
    if until is not None:
        which.append(Detection.started_at < until)
    if not withdrawn:
        which.append(Detection.withdrawn_at.is_(None))
    return which
