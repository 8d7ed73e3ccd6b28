"""Storage: what is wrong first, then each table."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import clock
from core.config import Retention
from core.permissions import system
from core.telemetry import queries
from core.telemetry import service as telemetry
from core.telemetry.rules.storage import TableStorage, find_troubles
from core.telemetry.schemas import Point, Reading
from portals.admin.storage import Disk
from tests.conftest import ROOT
from tests.portals.page import check_page

PRODUCT = system("product")


def look(browser):
    answer = browser.get("/admin/storage")
    assert answer.status_code == 200
    check_page(answer.text)
    return answer.text


@pytest.fixture
def execute(database):
    def executed(statement):
        with database.transaction() as session:
            session.execute(sa.text(statement))

    return executed


class TestThePage:
    def test_says_how_points_are_kept_and_why(self, sign_in):
        text = look(sign_in("admin"))
        assert "Native partitions" in text
        assert "TimescaleDB is not installed on this server" in text
        assert "Every table has room" in text

    def test_lists_every_table_that_is_cut(self, sign_in):
        text = look(sign_in("admin"))
        for table in (*telemetry.CUT_TABLES, "outbox_facts"):
            assert f"<code>{table}</code>" in text

    def test_says_first_that_a_table_has_no_room_for_tomorrow(self, sign_in, execute):
        execute(f"DROP TABLE telemetry_points_p{clock.now() + timedelta(days=1):%Y%m%d}")
        text = look(sign_in("admin"))
        assert text.index("telemetry_points has no partition after") < text.index("How points are kept")
        assert "No room" in text

    def test_says_that_something_is_kept_too_long(self, sign_in, execute):
        day = clock.now() - timedelta(days=40)
        execute(
            f"CREATE TABLE telemetry_points_p{day:%Y%m%d} PARTITION OF telemetry_points "
            f"FOR VALUES FROM ('{day:%Y-%m-%d} 00:00+00') TO ('{day + timedelta(days=1):%Y-%m-%d} 00:00+00')"
        )
        assert f"telemetry_points still holds rows of {day:%Y-%m-%d}" in look(sign_in("admin"))

    def test_is_for_administrators(self, sign_in):
        assert sign_in("operator").get("/admin/storage").status_code == 404


class TestWhatIsKnownOfATable:
    def test_is_counted_by_the_database(self, database, fleet, execute):
        at = clock.now()
        readings = [
            Reading(index=i, vehicle_id=fleet.vehicle_id, point=Point(ts=at - timedelta(seconds=i))) for i in range(500)
        ]
        with database.transaction() as session:
            telemetry.ingest(session, actor=PRODUCT, at=at, source="http", readings=readings)
        with database.reading() as reader:
            described = queries.describe_storage(reader, viewer=ROOT, at=at, retention=Retention())
        assert described.tables[0].row_count is None
        execute("ANALYZE telemetry_points")
        with database.reading() as reader:
            points = queries.describe_storage(reader, viewer=ROOT, at=at, retention=Retention()).tables[0]
        assert points.row_count == 500
        assert points.heap_bytes > 0
        assert points.rows_from <= at < points.rows_to

    def test_is_late_only_when_upkeep_had_time(self, database):
        midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        with database.reading() as reader:
            now = queries.describe_storage(reader, viewer=ROOT, at=midnight, retention=Retention())
            older = queries.describe_storage(reader, viewer=ROOT, at=midnight, retention=Retention(raw_days=6))
        assert find_troubles(now.tables, at=midnight) == []
        assert find_troubles(older.tables, at=midnight + timedelta(hours=1)) == []
        lagging = find_troubles(older.tables, at=midnight + timedelta(hours=3))
        assert {trouble.text.split(" ")[0] for trouble in lagging} >= {"telemetry_points", "telemetry_refusals"}
        assert all(isinstance(table, TableStorage) for table in older.tables)


class TestADisk:
    @pytest.mark.parametrize(("free", "urgent"), [(50, None), (11, None), (9, False), (2, True)])
    def test_is_worth_a_word_before_it_is_full(self, free, urgent):
        trouble = Disk(total=100, free=free).trouble
        assert (trouble and trouble[1]) == urgent
        assert trouble is None or f"{100 - free}% full" in trouble[0]
