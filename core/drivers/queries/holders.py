"""Who has had a vehicle, seen from the vehicle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.db import Reader
from core.drivers.models import Assignment, AssignmentKind, Driver
from core.permissions import Actor
from core.sight import in_reach


@dataclass(frozen=True, slots=True)
class HolderChange:
    """A moment at which somebody was given a vehicle (`is_begin`) or had it no longer."""

    at: datetime
    assignment_id: int
    driver_id: int
    kind: AssignmentKind
    is_begin: bool


def list_driven_ids(reader: Reader, *, viewer: Actor, at: datetime) -> list[int]:
    """The vehicles that somebody has at the moment `at`. Needs drivers:read."""
    viewer.require("drivers:read")
    # As one array: a fleet of thousands is asked for its ids at each look at a list.
    query = (
        sa.select(sa.func.array_agg(Assignment.vehicle_id))
        .join(Driver, Driver.id == Assignment.driver_id)
        .where(Assignment.during.contains(at), _is_readable(viewer))
    )
    return list(reader.execute(query).scalar() or ())


def list_holder_changes(
    reader: Reader, *, viewer: Actor, vehicle_id: int, before: datetime, most: int = 50
) -> list[HolderChange]:
    """When a vehicle was given to somebody and when they had it no longer, before a moment, newest first.

    Needs drivers:read; those of drivers out of sight are left out.
    """
    viewer.require("drivers:read")
    begin, end = sa.func.lower(Assignment.during), sa.func.upper(Assignment.during)
    sides = [
        sa.select(
            moment.label("at"),
            Assignment.id,
            Assignment.driver_id,
            Assignment.kind,
            sa.literal(is_begin).label("is_begin"),
        )
        .join(Driver, Driver.id == Assignment.driver_id)
        .where(Assignment.vehicle_id == vehicle_id, moment < before, _is_readable(viewer))
        for moment, is_begin in ((begin, True), (end, False))
    ]
    changes = sa.union_all(*sides).subquery()
    # At a change of hands the one who gives it up stands below the one who takes it.
    newest = sa.select(changes).order_by(changes.c.at.desc(), changes.c.is_begin.desc(), changes.c.id.desc())
    return [HolderChange(*tuple(row)) for row in reader.execute(newest.limit(most))]


def _is_readable(viewer: Actor) -> sa.ColumnElement[bool]:
    return in_reach(viewer, "drivers:read", park_id=Driver.park_id)
