"""Upkeep of the tables cut by time, as the scheduler does it."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg
import pytest

from core import partitions
from core.config import Retention
from core.db import Database
from core.permissions import system
from core.telemetry import service as telemetry
from core.telemetry.rules.limits import limits_for
from core.telemetry.schemas import IngestReport, Point, Reading
from tasks.storage import keep_storage, make_storage

ACTOR = system("tests")


def ingest(database: Database, at: datetime, *moments: datetime, raw_days: int = 7) -> IngestReport:
    readings = [Reading(index=i, vehicle_id=1, point=Point(ts=moment)) for i, moment in enumerate(moments)]
    with database.transaction() as session:
        return telemetry.ingest(
            session, actor=ACTOR, at=at, source="http", readings=readings, limits=limits_for(raw_days, {})
        )


def days(database: Database, table: str) -> list[str]:
    with database.reading() as reader:
        return [f"{part.start:%Y-%m-%d}" for part in partitions.list_parts(reader, table)]


class TestUpkeep:
    def test_finds_a_place_for_every_point_that_is_taken_in(self, database: Database, at: datetime) -> None:
        retention = Retention(raw_days=3)
        for later in range(12):
            now = at + timedelta(days=later)
            keep_storage(database, at=now, retention=retention)
            oldest, newest = now - timedelta(days=3) + timedelta(seconds=1), now + timedelta(minutes=4)
            assert ingest(database, now, oldest, newest, raw_days=3).stored == 2

    def test_lets_a_scheduler_be_away_for_a_week(self, database: Database, at: datetime) -> None:
        keep_storage(database, at=at, retention=Retention())
        assert ingest(database, at + timedelta(days=partitions.DAYS_AHEAD), at + timedelta(days=6)).stored == 1

    def test_makes_up_for_any_absence_when_whoever_takes_points_in_starts(
        self, database: Database, at: datetime
    ) -> None:
        later = at + timedelta(days=30)
        with pytest.raises(psycopg.errors.CheckViolation, match="no partition"):
            ingest(database, later, later)
        make_storage(database, at=later, retention=Retention())
        assert ingest(database, later, later).stored == 1

    def test_keeps_each_table_as_long_as_it_is_told(self, database: Database, at: datetime) -> None:
        retention = Retention(raw_days=2, minute_days=5, period_days=40)
        for later in range(3, 60, 7):
            keep_storage(database, at=at + timedelta(days=later), retention=retention)
        end = at + timedelta(days=59)
        assert days(database, "telemetry_points")[0] == f"{end - timedelta(days=3):%Y-%m-%d}"
        assert days(database, "telemetry_minutes")[0] == f"{end - timedelta(days=8):%Y-%m-%d}"
        for table, width in (("telemetry_quarters", 7), ("telemetry_hours", 30), ("telemetry_days", 90)):
            oldest = datetime.fromisoformat(days(database, table)[0] + "T00:00:00+00:00")
            assert oldest + timedelta(days=width) > end - timedelta(days=44), table
            assert len(days(database, table)) <= (43 + partitions.DAYS_AHEAD) // width + 2, table

    def test_never_drops_sums_that_late_points_may_still_change(self, database: Database, at: datetime) -> None:
        retention = Retention(raw_days=9, minute_days=1, period_days=1)
        for later in range(1, 30, 7):
            keep_storage(database, at=at + timedelta(days=later), retention=retention)
        end = at + timedelta(days=29)
        assert days(database, "telemetry_minutes")[0] <= f"{end - timedelta(days=11):%Y-%m-%d}"

    def test_leaves_a_table_that_is_read_and_goes_on_with_the_others(self, database: Database, at: datetime) -> None:
        keep_storage(database, at=at, retention=Retention())
        later = at + timedelta(days=1)
        with psycopg.connect(database.dsn) as reader:
            reader.execute("SELECT count(*) FROM telemetry_points")
            dropped = keep_storage(database, at=later, retention=Retention())
        assert not [name for name in dropped if name.startswith("telemetry_points")]
        assert [name for name in dropped if name.startswith("telemetry_refusals")]
        assert keep_storage(database, at=later, retention=Retention()) == [
            f"telemetry_points_p{at - timedelta(days=8):%Y%m%d}"
        ]
