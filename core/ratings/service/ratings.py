"""A driver is rated: computed, stored, and told to whoever judges whether they may drive."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from core import outbox
from core.access import service as access
from core.access.schemas import RatingFact
from core.config import StandingThresholds
from core.db import Writer
from core.drivers.models import Driver
from core.errors import NotFound
from core.permissions import Actor, needs
from core.ratings.models import DriverRating
from core.ratings.queries.inputs import gather_inputs
from core.ratings.rules.computing import VERSION, compute_rating
from core.ratings.rules.days import rating_day
from core.vehicles.models import Park

# Which of the ratings that a driver's standing is judged by is this one.
KEY = "computed"


@needs("ratings:compute")
def rate_driver(
    session: Writer, *, actor: Actor, at: datetime, driver_id: int, thresholds: StandingThresholds
) -> float:
    """Compute the rating of the day anew; returns it. Stored, and told on, only if it rests on anything new.

    Raises NotFound for no driver.
    """
    query = sa.select(Driver.id, Park.time_zone).join(Park, Park.id == Driver.park_id).where(Driver.id == driver_id)
    # Two who rate the same driver come one after the other.
    driver = session.execute(query.with_for_update(key_share=True, of=Driver)).one_or_none()
    if driver is None:
        raise NotFound(f"There is no driver {driver_id}.")
    day = rating_day(at, driver.time_zone)
    inputs, trips = gather_inputs(
        session.connection(), viewer=actor, driver_id=driver_id, day=day, time_zone=driver.time_zone
    )
    value = compute_rating(inputs).value
    stored = msgspec.json.decode(msgspec.json.encode(inputs))
    known = _newest_of(session, driver_id, day)
    if known is not None and known.inputs == stored and known.rules_version == VERSION:
        return value
    rating = DriverRating(
        driver_id=driver_id,
        day=day,
        revision=1 if known is None else known.revision + 1,
        value=value,
        trips=trips,
        rules_version=VERSION,
        inputs=stored,
        computed_at=at,
    )
    session.add(rating)
    session.flush()
    fact = RatingFact(as_of=at, value=round(value, 2), trips=trips)
    access.note_driver_fact(session, actor=actor, at=at, driver_id=driver_id, key=KEY, fact=fact, thresholds=thresholds)
    outbox.publish(session, "ratings.driver_rated", at=at, driver_id=driver_id, rating_id=rating.id)
    return value


def _newest_of(session: Writer, driver_id: int, day: object) -> DriverRating | None:
    query = sa.select(DriverRating).where(DriverRating.driver_id == driver_id, DriverRating.day == day)
    return session.scalars(query.order_by(DriverRating.revision.desc()).limit(1)).one_or_none()
