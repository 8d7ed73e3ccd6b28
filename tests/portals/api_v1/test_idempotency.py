"""A request that is repeated under its key is done once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import idempotency
from core.db import Database
from portals.api_v1 import idempotency as gates
from portals.api_v1.idempotency import parse_key
from portals.app import create_app
from portals.doors import ErpApp
from tasks.storage import keep_storage
from tests.portals.api_v1.keys import new_key

URL = "/api/v1/geofences"
DEPOT = {"name": "Depot", "circle": {"lat": 37.76, "lon": -122.42, "radius_m": 200}}
KEY = {"Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}


@pytest.fixture
def client(api):
    return api("events:read", "events:manage_geofences")


def names(client) -> list[str]:
    return [fence["name"] for fence in client.get(URL).json["items"]]


class TestARepeatedRequest:
    def test_is_answered_as_before_and_does_nothing(self, client) -> None:
        first = client.post(URL, json=DEPOT, headers=KEY)
        again = client.post(URL, json=DEPOT, headers=KEY)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.data == first.data
        for name in ("Content-Type", "Location", "ETag"):
            assert again.headers[name] == first.headers[name]
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
        assert names(client) == ["Depot"]

    def test_is_the_same_with_its_key_in_quotes(self, client) -> None:
        client.post(URL, json=DEPOT, headers=KEY)
        quoted = {"Idempotency-Key": f'"{KEY["Idempotency-Key"]}"'}
        assert client.post(URL, json=DEPOT, headers=quoted).headers["Idempotency-Replayed"] == "true"

    def test_is_answered_as_before_even_if_the_record_has_changed_since(self, client) -> None:
        here = client.post(URL, json=DEPOT, headers=new_key())
        headers = {**KEY, "If-Match": here.headers["ETag"]}
        url = here.headers["Location"]
        renamed = client.patch(url, json={"name": "Yard"}, headers=headers)
        assert renamed.status_code == 200
        again = client.patch(url, json={"name": "Yard"}, headers=headers)
        assert (again.status_code, again.data) == (200, renamed.data)
        assert client.patch(url, json={"name": "Yard"}, headers={**new_key(), "If-Match": '"1"'}).status_code == 412

    def test_of_another_client_is_another_request(self, api, client) -> None:
        client.post(URL, json=DEPOT, headers=KEY)
        other = api("events:read", "events:manage_geofences").post(URL, json={**DEPOT, "name": "Yard"}, headers=KEY)
        assert (other.status_code, other.json["name"]) == (201, "Yard")

    def test_is_new_after_a_day(self, client, database, at) -> None:
        client.post(URL, json=DEPOT, headers=KEY)
        _age(database, at - timedelta(hours=25))
        assert client.post(URL, json={**DEPOT, "name": "Yard"}, headers=KEY).status_code == 201
        assert client.post(URL, json={**DEPOT, "name": "Yard"}, headers=KEY).headers["Idempotency-Replayed"]

    def test_is_refused_when_its_answer_was_too_long_to_keep(self, client, monkeypatch) -> None:
        monkeypatch.setattr(idempotency, "LONGEST_KEPT_BYTES", 10)
        assert client.post(URL, json=DEPOT, headers=KEY).status_code == 201
        again = client.post(URL, json=DEPOT, headers=KEY)
        assert (again.status_code, again.json["answered_status"]) == (409, 201)
        assert names(client) == ["Depot"]

    def test_may_have_any_unsafe_method_but_a_safe_one_has_no_key(self, client) -> None:
        url = client.post(URL, json=DEPOT, headers=new_key()).headers["Location"]
        assert client.get(url, headers=KEY).status_code == 200
        assert client.delete(url, headers=KEY).status_code == 200
        assert client.delete(url, headers=KEY).headers["Idempotency-Replayed"] == "true"


class TestAKey:
    def test_names_one_request(self, client) -> None:
        client.post(URL, json=DEPOT, headers=KEY)
        for ask in (
            lambda: client.post(URL, json={**DEPOT, "name": "Yard"}, headers=KEY),
            lambda: client.post(f"{URL}?x=1", json=DEPOT, headers=KEY),
            lambda: client.post(f"{URL}/import", json=DEPOT, headers=KEY),
            lambda: client.patch(URL + "/1", json=DEPOT, headers=KEY),
        ):
            answer = ask()
            assert (answer.status_code, answer.json["type"]) == (422, "urn:equinomix:problem:idempotency-key-reused")

    def test_of_a_refused_request_is_as_good_as_new(self, client) -> None:
        assert client.post(URL, json={"name": "Depot"}, headers=KEY).status_code == 422
        assert client.post(URL, json=DEPOT, headers=KEY).status_code == 201

    def test_is_needed_where_a_thing_would_be_there_twice(self, client, api, fleet) -> None:
        collection = {"type": "FeatureCollection", "features": [{}]}
        mileage = f"/api/v1/telemetry/{fleet.vehicle_id}/mileage"
        recorder = api("telemetry:record_mileage")
        for answer in (
            client.post(URL, json=DEPOT),
            client.post(f"{URL}/import", json={"collection": collection, "dry_run": False}),
            recorder.post(mileage, json={"odometer_m": 1, "reason": "Inspection"}),
        ):
            assert (answer.status_code, answer.json["type"]) == (400, "urn:equinomix:problem:idempotency-key-required")
            assert "UUID" in answer.json["detail"]
        assert client.post(f"{URL}/import", json={"collection": collection}).status_code == 200

    def test_that_is_none_is_refused(self, client) -> None:
        wrong = ("", " ", "a b", "x" * 256, '"open', '""', "\u00c3\u00a9", "a,b", '"a\\b"', '"a" "b"', 'a"b', '"a b"')
        for text in wrong:
            answer = client.post(URL, json=DEPOT, headers={"Idempotency-Key": text})
            assert answer.json["type"] == "urn:equinomix:problem:idempotency-key-malformed", text

    @settings(max_examples=40)
    @given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=255))
    def test_of_visible_characters_is_taken_in_quotes(self, key) -> None:
        escaped = key.replace("\\", "\\\\").replace('"', '\\"')
        assert parse_key(f'"{escaped}"') == key

    @settings(max_examples=40)
    @given(st.text(max_size=300))
    def test_of_whatever_text_is_read_or_not_a_key(self, text) -> None:
        key = parse_key(text)
        assert key is None or (1 <= len(key) <= 255 and key.isascii() and key.isprintable() and " " not in key)

    def test_is_forgotten_after_its_day(self, client, config, database, at) -> None:
        client.post(URL, json=DEPOT, headers=KEY)
        client.post(URL, json={**DEPOT, "name": "Yard"}, headers=new_key())
        _age(database, at - timedelta(hours=25), key=KEY["Idempotency-Key"])
        keep_storage(database, at=at, retention=config.retention)
        assert _count(database) == 1


class TestARelease:
    def test_is_done_once_under_its_key(self, api, fleet) -> None:
        client, url = api("access:release"), f"/api/v1/access/{fleet.vehicle_id}/release"
        first, again = (client.post(url, json={}, headers=KEY) for _ in range(2))
        assert (first.status_code, again.data) == (202, first.data)
        assert again.headers["Idempotency-Replayed"] == "true"

    def test_is_never_refused_for_a_key(self, api, fleet) -> None:
        client, url = api("access:release"), f"/api/v1/access/{fleet.vehicle_id}/release"
        client.post(url, json={}, headers=KEY)
        assert client.post(url, json={"note": "Again"}, headers=KEY).status_code == 202
        assert client.post(url, json={}, headers={"Idempotency-Key": "no key"}).status_code == 202
        assert client.post(url, json={}).status_code == 202


class TestTwentyAtOnce:
    def test_have_one_effect(self, app, client) -> None:
        token = client.environ_base["HTTP_AUTHORIZATION"]
        together, answers = threading.Barrier(20), []

        def ask() -> None:
            browser = app.test_client()
            together.wait()
            answers.append(browser.post(URL, json=DEPOT, headers={**KEY, "Authorization": token}))

        asking = [threading.Thread(target=ask) for _ in range(20)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        statuses = Counter(answer.status_code for answer in answers)
        assert set(statuses) <= {201, 409}
        done = [answer for answer in answers if answer.status_code == 201]
        assert len({answer.data for answer in done}) == 1
        assert sum("Idempotency-Replayed" not in answer.headers for answer in done) == 1
        assert names(client) == ["Depot"]
        for answer in answers:
            if answer.status_code == 409:
                assert answer.json["type"] == "urn:equinomix:problem:idempotency-key-in-flight"
                assert answer.headers["Retry-After"] == "1"


class TestAServerThatIsKilled:
    """SIGKILL: before the answer is kept, when it is kept and not committed, and when it is committed and not sent."""

    @pytest.mark.parametrize("moment", ["before it is kept", "before it is committed", "before it is sent"])
    def test_has_done_it_and_kept_the_answer_or_neither(self, app, client, database, config, moment) -> None:
        token = client.environ_base["HTTP_AUTHORIZATION"]
        context = multiprocessing.get_context("fork")
        server = context.Process(target=_serve_and_die, args=(config, database.dsn, token, moment))
        server.start()
        server.join(30)
        assert server.exitcode == -signal.SIGKILL
        was_done = moment == "before it is sent"
        assert names(client) == (["Depot"] if was_done else [])
        again = client.post(URL, json=DEPOT, headers=KEY)
        assert again.status_code == 201
        assert again.headers.get("Idempotency-Replayed") == ("true" if was_done else None)
        assert names(client) == ["Depot"]


def _serve_and_die(config, dsn: str, token: str, moment: str) -> None:
    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    once = gates._once

    def do_and_die(*args) -> None:
        once(*args)
        die()

    if moment == "before it is kept":
        idempotency.keep = die
    elif moment == "before it is committed":
        gates._once = do_and_die
    app: ErpApp = create_app(config, Database(dsn))
    app.after_request(die)
    app.test_client().post(URL, json=DEPOT, headers={**KEY, "Authorization": token})


def _age(database: Database, at: datetime, *, key: str | None = None) -> None:
    with database.transaction() as session:
        table = idempotency.KeptAnswer.__table__
        statement = table.update().values(created_at=at)
        session.execute(statement if key is None else statement.where(table.c.key == key))


def _count(database: Database) -> int:
    with database.reading() as reader:
        return len(reader.execute(idempotency.KeptAnswer.__table__.select()).all())
