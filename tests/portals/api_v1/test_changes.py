"""The feed of changes: in order, nothing missed, nothing twice, nothing out of sight."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask.testing import FlaskClient

from core import outbox
from core.db import AWAY, Database
from core.outbox import Offset
from portals.api_v1.changes import Cursor
from portals.doors import ErpApp
from tests.conftest import Fleet

Api = Callable[..., FlaskClient]
URL = "/api/v1/changes"


def publish(database: Database, at: datetime, name: str = "telemetry.batch_stored", **ids: object) -> None:
    with database.transaction() as session:
        outbox.publish(session, name, at=at, **ids)


def begin(client: FlaskClient) -> str:
    answer = client.get(URL)
    assert answer.status_code == 200, answer.text
    assert answer.json["items"] == []
    return answer.json["next_cursor"]


class TestTheFeed:
    def test_gives_what_happened_since_the_cursor_once(self, api: Api, fleet: Fleet, database, at) -> None:
        client = api("telemetry:read", "vehicles:read")
        cursor = begin(client)
        publish(database, at, vehicle_ids=[fleet.vehicle_id], since_ms=[7])
        publish(database, at, "vehicles.status_changed", vehicle_id=fleet.vehicle_id)
        page = client.get(f"{URL}?cursor={cursor}").json
        assert [item["name"] for item in page["items"]] == ["telemetry.batch_stored", "vehicles.status_changed"]
        assert page["items"][0]["since_ms"] == [7]
        assert page["more"] is False
        assert client.get(f"{URL}?cursor={page['next_cursor']}").json["items"] == []

    def test_is_cut_to_the_vehicles_in_sight_and_moves_on_past_the_others(
        self, api: Api, fleet: Fleet, database, at
    ) -> None:
        client = api("telemetry:read", "vehicles:read", park_ids=[fleet.park_id])
        cursor = begin(client)
        both = [fleet.vehicle_id, fleet.other_vehicle_id]
        publish(database, at, vehicle_ids=both, since_ms=[1, 2])
        publish(database, at, "vehicles.status_changed", vehicle_id=fleet.other_vehicle_id)
        publish(database, at, "drivers.driver_registered", driver_id=1)
        page = client.get(f"{URL}?cursor={cursor}").json
        assert [(item["vehicle_ids"], item["since_ms"]) for item in page["items"]] == [([fleet.vehicle_id], [1])]
        unseen = client.get(f"{URL}?cursor={cursor}&names=vehicles.status_changed&limit=1").json
        assert (unseen["items"], unseen["more"]) == ([], True)
        assert unseen["next_cursor"] != cursor

    def test_tells_of_orders_only_to_those_who_may_read_them(self, api: Api, fleet: Fleet, database, at) -> None:
        without, having = api("telemetry:read"), api("telemetry:read", "access:read")
        cursor = begin(without)
        publish(database, at, "access.job_ordered", vehicle_id=fleet.vehicle_id, job_id="7")
        assert without.get(f"{URL}?cursor={cursor}").json["items"] == []
        assert len(having.get(f"{URL}?cursor={cursor}").json["items"]) == 1
        assert api("vehicles:read").get(URL).status_code == 403

    def test_can_be_cut_to_names_and_to_a_page(self, api: Api, fleet: Fleet, database, at) -> None:
        client = api("telemetry:read", "vehicles:read")
        cursor = begin(client)
        for _ in range(3):
            publish(database, at, vehicle_ids=[fleet.vehicle_id])
            publish(database, at, "vehicles.status_changed", vehicle_id=fleet.vehicle_id)
        page = client.get(f"{URL}?cursor={cursor}&names=telemetry.batch_stored&limit=2").json
        assert [item["name"] for item in page["items"]] == ["telemetry.batch_stored"] * 2
        assert page["more"] is True
        rest = client.get(f"{URL}?cursor={page['next_cursor']}&names=telemetry.batch_stored").json
        assert (len(rest["items"]), rest["more"]) == (1, False)

    def test_misses_nothing_and_repeats_nothing_while_fifty_write(self, api: Api, fleet: Fleet, database, at) -> None:
        client = api("telemetry:read")
        cursor = begin(client)
        done = threading.Event()
        wide = Database(database.dsn, pool_size=50)
        writers = [
            threading.Thread(target=self._write, args=(wide, at, fleet.vehicle_id, writer)) for writer in range(50)
        ]

        def wait_for_writers() -> None:
            for writer in writers:
                writer.join()
            done.set()

        for writer in writers:
            writer.start()
        threading.Thread(target=wait_for_writers).start()
        seen: list[int] = []
        waits_until = None
        while True:
            was_done = done.is_set()
            page = client.get(f"{URL}?cursor={cursor}&limit=37").json
            seen += [item["number"] for item in page["items"]]
            cursor = page["next_cursor"]
            # A transaction of the database itself, such as an analysis of a table, may hold the last of them back.
            if was_done and waits_until is None:
                waits_until = time.monotonic() + 10
            if was_done and not page["more"] and (len(seen) >= 50 * 6 or time.monotonic() > waits_until):
                break
        wide.close()
        assert len(seen) == len(set(seen)) == 50 * 6

    @staticmethod
    def _write(database: Database, at: datetime, vehicle_id: int, writer: int) -> None:
        for n in range(6):
            # Fifty connections at once take longer to make than a writer waits for one on a busy machine.
            while not TestTheFeed._publish_one(database, at, vehicle_id, writer * 100 + n, (writer * 7 + n) % 5 / 500):
                pass

    @staticmethod
    def _publish_one(database: Database, at: datetime, vehicle_id: int, number: int, pause_s: float) -> bool:
        try:
            with database.transaction() as session:
                outbox.publish(session, "telemetry.batch_stored", at=at, vehicle_ids=[vehicle_id], number=number)
                time.sleep(pause_s)
        except AWAY:
            return False
        return True


class TestWaiting:
    def test_ends_as_soon_as_something_happens_and_holds_no_connection(
        self, app: ErpApp, api: Api, fleet: Fleet, database, at
    ) -> None:
        client = api("telemetry:read")
        only_one = app.database = Database(database.dsn, pool_size=1)
        cursor = begin(client)
        answers = []
        asking = threading.Thread(target=lambda: answers.append(client.get(f"{URL}?cursor={cursor}&wait_s=20")))
        asking.start()
        for _ in range(8):
            time.sleep(0.1)
            with only_one.reading() as reader:
                outbox.head(reader)
        assert not answers
        publish(database, at, vehicle_ids=[fleet.vehicle_id])
        asking.join(30)
        only_one.close()
        assert len(answers[0].json["items"]) == 1

    def test_says_how_long_it_may_be(self, api: Api) -> None:
        for wait in ("26", "-1", "long", "1.5"):
            answer = api("telemetry:read").get(f"{URL}?wait_s={wait}")
            assert answer.json["errors"][0]["field"] == "wait_s"


class TestACursor:
    def test_of_a_database_that_was_restored_since_is_gone(self, api: Api, at: datetime) -> None:
        cursor = Cursor("another.1", Offset(7, 7), at)
        answer = api("telemetry:read").get(f"{URL}?cursor={cursor}")
        assert answer.status_code == 410
        assert answer.json["type"] == "urn:equinomix:problem:cursor-expired"
        assert "without a cursor" in answer.json["detail"]

    def test_after_which_facts_were_dropped_is_gone(self, api: Api, fleet: Fleet, database, at) -> None:
        client = api("telemetry:read")
        fresh = Cursor.parse(begin(client))
        publish(database, at, vehicle_ids=[fleet.vehicle_id])
        old = Cursor(fresh.epoch, Offset(1, 1), at - timedelta(days=5))
        assert client.get(f"{URL}?cursor={old}").status_code == 410

    def test_of_a_quiet_day_is_good_although_nothing_is_kept_from_before_it(self, api: Api, database) -> None:
        with database.transaction() as session:
            session.execute(sa.text("TRUNCATE outbox_facts"))
        client = api("telemetry:read")
        cursor = begin(client)
        assert client.get(f"{URL}?cursor={cursor}").status_code == 200

    def test_that_is_not_ours_is_refused(self, api: Api) -> None:
        forged = base64.urlsafe_b64encode(b"changes:e:1-99999999999999999999:0").decode()
        for cursor in ("x", "YWZ0ZXI6MQ==", forged, "é"):
            answer = api("telemetry:read").get(URL, query_string={"cursor": cursor})
            assert answer.status_code == 422, cursor
