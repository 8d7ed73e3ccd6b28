"""Ratings as they stand and how they came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from core.db import Reader
from core.drivers.models import Driver
from core.drivers.queries import name_drivers
from core.errors import NotFound
from core.permissions import Actor
from core.ratings.models import DriverRating
from core.ratings.rules.computing import VERSIONS, Rating
from core.ratings.schemas import Inputs
from core.sight import in_reach


@dataclass(frozen=True, slots=True)
class RatingRecord:
    """A rating with its inputs, and explained by the rules that it was stored under."""

    id: int
    driver_id: int
    day: date
    revision: int
    value: float
    trips: int
    rules_version: int
    inputs: Inputs
    computed_at: datetime
    explained: Rating


@dataclass(frozen=True, slots=True)
class RatingLine:
    """One driver in the list of ratings. `value` is None for who was never rated."""

    driver_id: int
    name: str
    value: float | None
    day: date | None
    trips: int | None


def find_rating(reader: Reader, *, viewer: Actor, driver_id: int) -> RatingRecord | None:
    """The newest rating of a driver, None before the first. Needs ratings:read; NotFound out of sight."""
    viewer.require("ratings:read")
    reach = in_reach(viewer, "ratings:read", park_id=Driver.park_id)
    if reader.execute(sa.select(Driver.id).where(Driver.id == driver_id, reach)).one_or_none() is None:
        raise NotFound(f"There is no driver {driver_id}.")
    return _newest(reader, Driver.id == driver_id)


def find_own_rating(reader: Reader, *, viewer: Actor) -> RatingRecord | None:
    """The newest rating of the driver whose account the viewer is, None before the first. Needs ratings:read_own."""
    viewer.require("ratings:read_own")
    return _newest(reader, Driver.user_id == viewer.id)


def list_own_days(reader: Reader, *, viewer: Actor, most: int = 28) -> list[tuple[date, float]]:
    """How the viewer's own rating was on the last days, oldest first. Needs ratings:read_own."""
    viewer.require("ratings:read_own")
    newest = (
        sa.select(DriverRating.day, DriverRating.value)
        .join(Driver, Driver.id == DriverRating.driver_id)
        .where(Driver.user_id == viewer.id)
        .ext(distinct_on(DriverRating.day))
        .order_by(DriverRating.day.desc(), DriverRating.revision.desc())
        .limit(most)
    )
    return [(row.day, row.value) for row in reversed(reader.execute(newest).all())]


def list_ratings(reader: Reader, *, viewer: Actor) -> list[RatingLine]:
    """The newest rating of every driver of the viewer's parks, the lowest first. Needs ratings:read."""
    viewer.require("ratings:read")
    newest = (
        sa.select(DriverRating.driver_id, DriverRating.value, DriverRating.day, DriverRating.trips)
        .ext(distinct_on(DriverRating.driver_id))
        .order_by(DriverRating.driver_id, DriverRating.day.desc(), DriverRating.revision.desc())
        .subquery()
    )
    query = (
        sa.select(Driver.id, newest.c.value, newest.c.day, newest.c.trips)
        .outerjoin(newest, newest.c.driver_id == Driver.id)
        .where(in_reach(viewer, "ratings:read", park_id=Driver.park_id))
        .order_by(newest.c.value.nulls_last(), Driver.id)
    )
    rows = reader.execute(query).all()
    names = name_drivers(reader, [row.id for row in rows])
    return [RatingLine(row.id, names[row.id], row.value, row.day, row.trips) for row in rows]


def _newest(reader: Reader, about: sa.ColumnElement[bool]) -> RatingRecord | None:
    query = (
        sa.select(*DriverRating.__table__.c)
        .join(Driver, Driver.id == DriverRating.driver_id)
        .where(about)
        .order_by(DriverRating.day.desc(), DriverRating.revision.desc())
        .limit(1)
    )
    row = reader.execute(query).one_or_none()
    if row is None:
        return None
    stored = dict(row._mapping)
    inputs = msgspec.convert(stored.pop("inputs"), Inputs)
    return RatingRecord(**stored, inputs=inputs, explained=VERSIONS[row.rules_version](inputs))
