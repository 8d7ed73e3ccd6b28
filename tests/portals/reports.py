"""Reports of a vehicle, taken in by the product's own verb."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from core.db import Database
from core.permissions import system
from core.telemetry import service
from core.telemetry.schemas import Point, Reading


def report(database: Database, vehicle_id: int, *, at: datetime, seconds: int = 1, **measured: object) -> None:
    """One report a second for the last `seconds`, each with the same values, received at `at`."""
    with database.transaction() as session:
        service.ingest(
            session,
            actor=system("tests"),
            at=at,
            source="tests",
            readings=list(_readings(vehicle_id, at, seconds, measured)),
        )


def _readings(vehicle_id: int, at: datetime, seconds: int, measured: dict[str, object]) -> Iterator[Reading]:
    for index in range(seconds):
        ts = at - timedelta(seconds=seconds - 1 - index)
        point = Point(ts=ts, lat=37.77, lon=-122.42, **measured)  # type: ignore[arg-type]
        yield Reading(index=index, vehicle_id=vehicle_id, point=point)


def report_standing(database: Database, vehicle_id: int, *, at: datetime, relay_on: bool = False) -> None:
    """A vehicle that has stood with the engine off long enough to be locked."""
    for seconds_ago, seconds in ((10, 10), (0, 10)):
        heard = at - timedelta(seconds=seconds_ago)
        report(
            database,
            vehicle_id,
            at=heard,
            seconds=seconds,
            speed_kmh=0.0,
            ignition=False,
            outputs=1 if relay_on else 0,
        )
