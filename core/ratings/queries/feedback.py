"""Feedback: what one said oneself and what was released. Nobody reads what waits about them, nor that it does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from core import vault
from core.db import Reader
from core.drivers.models import Driver
from core.drivers.queries import name_drivers
from core.permissions import Actor
from core.ratings.models import Feedback, FeedbackBatch
from core.ratings.rules.days import rating_day
from core.ratings.rules.releasing import K, period_of
from core.sight import in_reach
from core.vehicles.models import Park

FIELD = "ratings.feedback_words"


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the same park, and what the viewer said of them this period, if anything."""

    driver_id: int
    name: str
    score: int | None


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """Feedback that was released: of so many raters, of periods before `before`."""

    before: date
    raters: int
    mean: float
    words: tuple[str, ...]


def list_own_batches(reader: Reader, *, viewer: Actor) -> list[BatchRecord]:
    """What was released about the driver whose account the viewer is, newest first. Needs ratings:read_own."""
    viewer.require("ratings:read_own")
    return _batches(reader, Driver.user_id == viewer.id)


def list_batches(reader: Reader, *, viewer: Actor, driver_id: int) -> list[BatchRecord]:
    """What was released about a driver, newest first; nothing out of sight. Needs ratings:read."""
    viewer.require("ratings:read")
    return _batches(reader, Driver.id == driver_id, in_reach(viewer, "ratings:read", park_id=Driver.park_id))


def list_colleagues(reader: Reader, *, viewer: Actor, at: datetime) -> list[Colleague]:
    """The other drivers of the viewer's park by name. Needs ratings:give_feedback."""
    viewer.require("ratings:give_feedback")
    own = reader.execute(sa.select(Driver.id, Driver.park_id).where(Driver.user_id == viewer.id)).one_or_none()
    if own is None:
        return []
    period = current_period(reader, park_id=own.park_id, at=at)
    said = sa.and_(Feedback.driver_id == Driver.id, Feedback.rater_id == own.id, Feedback.period == period)
    query = (
        sa.select(Driver.id, Feedback.score)
        .outerjoin(Feedback, said)
        .where(Driver.park_id == own.park_id, Driver.id != own.id, Driver.name_sealed.is_not(None))
    )
    scores = {row.id: row.score for row in reader.execute(query)}
    names = name_drivers(reader, scores)
    people = [Colleague(id_, names[id_], score) for id_, score in scores.items()]
    return sorted(people, key=lambda one: (one.name.casefold(), one.driver_id))


def list_due_feedback(reader: Reader, *, viewer: Actor, at: datetime, most: int) -> list[int]:
    """Drivers about whom enough waits of past periods to be released. Needs ratings:compute."""
    viewer.require("ratings:compute")
    due: list[int] = []
    for park in reader.execute(sa.select(Park.id, Park.time_zone)).all():
        query = (
            sa.select(Feedback.driver_id)
            .join(Driver, Driver.id == Feedback.driver_id)
            .where(Driver.park_id == park.id, Feedback.period < period_of(rating_day(at, park.time_zone)))
            .group_by(Feedback.driver_id)
            .having(sa.func.count(Feedback.rater_id.distinct()) >= K)
            .limit(most - len(due))
        )
        due.extend(reader.execute(query).scalars())
    return due


def current_period(reader: Reader, *, park_id: int, at: datetime) -> date:
    """The period in which feedback is given in a park now."""
    time_zone = reader.execute(sa.select(Park.time_zone).where(Park.id == park_id)).scalar_one()
    return period_of(rating_day(at, time_zone))


def _batches(reader: Reader, *about: sa.ColumnElement[bool]) -> list[BatchRecord]:
    query = (
        sa.select(FeedbackBatch.before, FeedbackBatch.raters, FeedbackBatch.mean, FeedbackBatch.words_sealed)
        .join(Driver, Driver.id == FeedbackBatch.driver_id)
        .where(*about)
        .order_by(FeedbackBatch.before.desc())
    )
    return [
        BatchRecord(row.before, row.raters, row.mean, tuple(word for word in words if word is not None))
        for row in reader.execute(query).all()
        for words in [vault.open_texts(reader, row.words_sealed, field=FIELD)]
    ]
