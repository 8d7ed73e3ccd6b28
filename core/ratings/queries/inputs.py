"""What a rating is computed from, gathered from all that is known of a driver's days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.access.models import DriverFact, FactKind
from core.db import Reader
from core.drivers.models import Assignment, Driver
from core.events.models import Detection
from core.permissions import Actor
from core.ratings.models import Appeal, AppealState, DriverRating, FeedbackBatch
from core.ratings.rules.computing import HARSH, WINDOW_DAYS
from core.ratings.rules.days import rating_day, window_of
from core.ratings.schemas import AppealKind, Component, CountedEvent, CountedFact, Inputs
from core.telemetry.models import trips
from core.vehicles.models import Park

COUNTED = (*sorted(HARSH), "overspeed", "idling")


def gather_inputs(reader: Reader, *, viewer: Actor, driver_id: int, day: date, time_zone: str) -> tuple[Inputs, int]:
    """The inputs of a driver's rating of a day, and how many trips they rest on. Needs ratings:compute.

    What a vehicle did counts for whoever had it when it began.
    """
    viewer.require("ratings:compute")
    since, until = window_of(day, time_zone)
    driven = reader.execute(_driven(driver_id, since, until)).one()
    batch = reader.execute(_newest_batch(driver_id, since.date())).one_or_none()
    return Inputs(
        since=since.date(),
        until=until.date(),
        distance_m=driven.distance_m,
        engine_moving_s=driven.moving_s,
        detections=_detections(reader, driver_id, since, until),
        incidents=_incidents(reader, driver_id, since, until),
        documents=_documents(reader, driver_id, until),
        feedback_mean=None if batch is None else batch.mean,
        feedback_raters=0 if batch is None else batch.raters,
        excluded=_excluded(reader, driver_id, day),
    ), driven.trips


def list_due_ratings(reader: Reader, *, viewer: Actor, at: datetime, most: int) -> list[int]:
    """Drivers who have no rating of the day yet. Needs ratings:compute."""
    viewer.require("ratings:compute")
    parks = reader.execute(sa.select(Park.id, Park.time_zone)).all()
    due: list[int] = []
    for park in parks:
        rated = sa.exists().where(DriverRating.driver_id == Driver.id, DriverRating.day == rating_day(at, park[1]))
        # Nobody is rated who was erased.
        query = sa.select(Driver.id).where(Driver.park_id == park[0], Driver.name_sealed.is_not(None), ~rated)
        due.extend(reader.execute(query.order_by(Driver.id).limit(most - len(due))).scalars())
    return due


def _driven(driver_id: int, since: datetime, until: datetime) -> sa.Select[Any]:
    return sa.select(
        sa.func.coalesce(sa.func.sum(trips.c.distance_m), 0.0).label("distance_m"),
        sa.func.coalesce(sa.func.sum(sa.cast(trips.c.moving_s, sa.Double)), 0.0).label("moving_s"),
        sa.func.count().label("trips"),
    ).where(
        Assignment.driver_id == driver_id,
        trips.c.vehicle_id == Assignment.vehicle_id,
        Assignment.during.contains(trips.c.started_at),
        trips.c.started_at >= since,
        trips.c.started_at < until,
        trips.c.withdrawn_at.is_(None),
    )


def _detections(reader: Reader, driver_id: int, since: datetime, until: datetime) -> tuple[CountedEvent, ...]:
    query = (
        sa.select(Detection.id, Detection.vehicle_id, Detection.kind, Detection.started_at, Detection.value)
        .join(
            Assignment,
            sa.and_(Assignment.vehicle_id == Detection.vehicle_id, Assignment.during.contains(Detection.started_at)),
        )
        .where(
            Assignment.driver_id == driver_id,
            Detection.kind.in_(COUNTED),
            Detection.started_at >= since,
            Detection.started_at < until,
            Detection.withdrawn_at.is_(None),
        )
        .order_by(Detection.started_at, Detection.id)
    )
    return tuple(CountedEvent(**row._mapping) for row in reader.execute(query))


def _facts(reader: Reader, driver_id: int, kind: FactKind) -> list[tuple[str, dict[str, Any]]]:
    query = sa.select(DriverFact.key, DriverFact.value).where(
        DriverFact.driver_id == driver_id, DriverFact.kind == kind, DriverFact.withdrawn_at.is_(None)
    )
    return [(row.key, row.value) for row in reader.execute(query.order_by(DriverFact.key))]


def _incidents(reader: Reader, driver_id: int, since: datetime, until: datetime) -> tuple[CountedFact, ...]:
    return tuple(
        CountedFact(key=key, state=str(value["severity"]))
        for key, value in _facts(reader, driver_id, FactKind.INCIDENT)
        if since <= datetime.fromisoformat(str(value["at"])) < until
    )


def _documents(reader: Reader, driver_id: int, until: datetime) -> tuple[CountedFact, ...]:
    return tuple(
        CountedFact(key=key, state=_document_state(value, until))
        for key, value in _facts(reader, driver_id, FactKind.DOCUMENT)
    )


def _document_state(value: dict[str, object], until: datetime) -> str:
    valid_until = value.get("valid_until")
    if value["state"] == "held" and valid_until is not None and datetime.fromisoformat(str(valid_until)) <= until:
        return "expired"
    return str(value["state"])


def _newest_batch(driver_id: int, since: date) -> sa.Executable:
    return (
        sa.select(FeedbackBatch.mean, FeedbackBatch.raters)
        .where(FeedbackBatch.driver_id == driver_id, FeedbackBatch.before > since)
        .order_by(FeedbackBatch.before.desc())
        .limit(1)
    )


def _excluded(reader: Reader, driver_id: int, day: date) -> tuple[Component, ...]:
    """The components of which an appeal was granted, for as long as the window holds what it was about."""
    query = (
        sa.select(Appeal.subject)
        .join(DriverRating, DriverRating.id == Appeal.rating_id)
        .where(
            Appeal.driver_id == driver_id,
            Appeal.kind == AppealKind.COMPONENT,
            Appeal.state == AppealState.GRANTED,
            DriverRating.day > day - timedelta(days=WINDOW_DAYS),
        )
        .distinct()
        .order_by(Appeal.subject)
    )
    return tuple(Component(subject) for subject in reader.execute(query).scalars())
