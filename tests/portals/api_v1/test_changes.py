"""The feed of changes: in order, nothing missed, nothing twice, nothing out of sight."""

from __future__ import annotations

import base64
import itertools
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from core import clock, outbox
from core.db import AWAY, Database
from core.outbox import Offset
from portals.api_v1.changes import Cursor
from portals.doors import ErpApp
from portals.meter import Quota
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

    def test_tells_of_what_belongs_to_no_vehicle_to_who_sees_all_parks(self, api: Api, fleet: Fleet, database, at):
        everywhere = api("telemetry:read", "events:read")
        here = api("telemetry:read", "events:read", park_ids=[fleet.park_id])
        without = api("telemetry:read")
        cursor = begin(everywhere)
        publish(database, at, "events.geofence_added", geofence_id=3)
        publish(database, at, "drivers.driver_registered", driver_id=1)
        publish(database, at, "investors.share_sold", share_id=1)
        (item,) = everywhere.get(f"{URL}?cursor={cursor}").json["items"]
        assert (item["name"], item["geofence_id"]) == ("events.geofence_added", 3)
        assert [client.get(f"{URL}?cursor={cursor}").json["items"] for client in (here, without)] == [[], []]

    def test_knows_no_other_names_than_those_of_facts(self, api: Api) -> None:
        client = api("telemetry:read")
        answer = client.get(f"{URL}?names=telemetry.batch_stored,vehicles.vehicle_flown")
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "names")
        assert "vehicles.vehicle_flown" in answer.json["detail"]
        assert "vehicles.vehicle_registered" in answer.json["detail"]

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


class TestTheFeedWhileFiftyWrite:
    """Transactions that overlap, commit in any order, and are rolled back here and there; several read at once."""

    def test_misses_nothing_repeats_nothing_and_keeps_the_order(self, app, api: Api, fleet: Fleet, database) -> None:
        self._prove(app, api, fleet, database, transactions=4, longest_s=0.02)

    @pytest.mark.proof
    @pytest.mark.timeout(600)
    def test_misses_nothing_for_a_long_time(self, app, api: Api, fleet: Fleet, database) -> None:
        self._prove(app, api, fleet, database, transactions=120, longest_s=0.15)

    def _prove(self, app, api: Api, fleet: Fleet, database, *, transactions: int, longest_s: float) -> None:
        plenty = replace(app.extensions["allowances"], requests=Quota("requests", 100_000_000))
        app.extensions["allowances"] = plenty
        client = api("telemetry:read")
        begun, token = begin(client), client.environ_base["HTTP_AUTHORIZATION"]
        crowd = Crowd(database, fleet.vehicle_id, transactions=transactions, longest_s=longest_s)
        crowd.start()
        seen: dict[int, list[int]] = {3: [], 13: [], 1000: []}
        readers = [
            threading.Thread(target=_follow, args=(app, token, begun, limit, crowd.is_done, numbers))
            for limit, numbers in seen.items()
            if limit > 3
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        _follow(app, token, begun, 3, crowd.is_done, seen[3])
        crowd.end()
        with database.reading() as reading:
            ordered = sa.text("SELECT ids->>'number' FROM outbox_facts WHERE ids ? 'number' ORDER BY txid, id")
            stream = [int(number) for number in reading.execute(ordered).scalars()]
        assert sorted(stream) == sorted(crowd.committed)
        assert len(stream) > 50 * transactions
        for limit, numbers in seen.items():
            assert numbers == stream, f"by {limit} at a time"


class Crowd:
    """Fifty threads with a connection each. Each transaction publishes one to three facts with pauses between."""

    def __init__(self, database: Database, vehicle_id: int, *, transactions: int, longest_s: float) -> None:
        self.committed: list[int] = []
        self._database = Database(database.dsn, pool_size=50)
        self._vehicle_id, self._transactions, self._longest_s = vehicle_id, transactions, longest_s
        self._numbers = itertools.count(1)
        self._threads = [threading.Thread(target=self._write, args=(random.Random(n),)) for n in range(50)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def is_done(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def end(self) -> None:
        for thread in self._threads:
            thread.join()
        self._database.close()

    def _write(self, chance: random.Random) -> None:
        for _ in range(self._transactions):
            # Fifty connections at once take longer to make than a writer waits for one on a busy machine.
            while not self._transact(chance):
                pass

    def _transact(self, chance: random.Random) -> bool:
        numbers = [next(self._numbers) for _ in range(chance.randint(1, 3))]
        try:
            with self._database.transaction() as session:
                for number in numbers:
                    ids = {"vehicle_ids": [self._vehicle_id], "number": number}
                    outbox.publish(session, "telemetry.batch_stored", at=clock.now(), **ids)
                    time.sleep(chance.random() ** 4 * self._longest_s)
                if chance.random() < 0.1:
                    raise _ChangedItsMind
        except _ChangedItsMind:
            return True
        except AWAY:
            return False
        self.committed += numbers
        return True


class _ChangedItsMind(Exception):
    """A transaction is rolled back."""


def _follow(app, token: str, cursor: str, limit: int, is_done: Callable[[], bool], numbers: list[int]) -> None:
    """Read on until nobody writes any more and nothing is left."""
    client = app.test_client()
    while True:
        was_done = is_done()
        page = client.get(f"{URL}?cursor={cursor}&limit={limit}", headers={"Authorization": token}).json
        numbers += [item["number"] for item in page["items"]]
        cursor = page["next_cursor"]
        if was_done and not page["more"]:
            return


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
