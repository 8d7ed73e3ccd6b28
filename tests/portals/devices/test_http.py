"""Trackers that report by HTTP, from the request to the stored point."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.db import Database
from core.identity import service as identity
from core.identity.service import NewClient
from core.telemetry import queries as telemetry
from core.vehicles import queries as vehicles
from core.vehicles import service
from core.vehicles.schemas import NewTracker
from portals.devices import http
from tests.conftest import ROOT, Fleet

PHONE = "a-phone"
STRANGER = "860000000000099"


@pytest.fixture
def phone(database: Database, fleet: Fleet, at: datetime) -> str:
    """A tracker without a key, in the second vehicle."""
    with database.transaction() as session:
        service.note_unknown_device(session, actor=http.DEVICES, at=at, device_uid=PHONE, source="test", address=None)
        service.claim_device(
            session,
            actor=ROOT,
            at=at,
            source="test",
            vehicle_id=fleet.other_vehicle_id,
            tracker=NewTracker(device_uid=PHONE),
        )
    return PHONE


@pytest.fixture
def machine(database: Database, fleet: Fleet, at: datetime) -> Callable[..., NewClient]:
    """An API client for some scopes, of all parks unless told."""

    def made(*scopes: str, park_ids: list[int] | None = None) -> NewClient:
        with database.transaction() as session:
            return identity.create_client(session, actor=ROOT, at=at, name="Traccar", scopes=scopes, park_ids=park_ids)

    return made


def points(database: Database, vehicle_id: int) -> list[dict[str, Any]]:
    with database.reading() as reader:
        return telemetry.list_last_points(reader, viewer=ROOT, vehicle_id=vehicle_id, most=10)


def refusals(database: Database) -> list[dict[str, Any]]:
    with database.reading() as reader:
        return telemetry.list_refusals(reader, viewer=ROOT)


def waiting(database: Database) -> list[tuple[str, str, int, str | None]]:
    with database.reading() as reader:
        rows = vehicles.list_unknown_devices(reader, viewer=ROOT)
    return [(row["device_uid"], row["source"], row["seen_count"], row["address"]) for row in rows]


def assert_problem(answer: TestResponse, status: int, word: str) -> None:
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
    assert word in answer.json["detail"]


class TestAnOsmandReport:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_is_stored_and_answered_with_nothing(
        self, client: FlaskClient, database: Database, fleet: Fleet, phone: str, at: datetime, method: str
    ) -> None:
        fields = {"id": phone, "lat": "37.7", "lon": "-122.4", "timestamp": str(at.timestamp()), "speed": "10"}
        how: dict[str, Any] = {"query_string": fields} if method == "GET" else {"data": fields}
        answer = client.open("/devices/osmand", method=method, **how)
        assert (answer.status_code, answer.data) == (200, b"")
        (point,) = points(database, fleet.other_vehicle_id)
        assert (point["lat"], point["speed_kmh"]) == (37.7, pytest.approx(18.52))

    def test_may_be_the_json_of_the_newer_client(
        self, client: FlaskClient, database: Database, fleet: Fleet, phone: str, at: datetime
    ) -> None:
        coords = {"latitude": 37.7, "longitude": -122.4, "speed": 10}
        body = {"device_id": phone, "location": {"timestamp": at.isoformat(), "coords": coords}}
        assert client.post("/devices/osmand", json=body).status_code == 200
        assert points(database, fleet.other_vehicle_id)[0]["speed_kmh"] == 36.0

    def test_of_a_tracker_with_a_key_must_show_it(
        self, client: FlaskClient, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        address = f"/devices/osmand?id={fleet.device_uid}&lat=37.7&lon=-122.4"
        for shown, how in (("", {}), ("&key=wrong", {}), ("", {"auth": ("x", "wrong")})):
            assert_problem(client.get(address + shown, **how), 403, "has a key")
        assert points(database, fleet.vehicle_id) == []
        assert client.get(f"{address}&key={fleet.device_key}").status_code == 200
        assert client.get(address, auth=("anything", fleet.device_key)).status_code == 200
        body = {"device_id": fleet.device_uid, "location": {"timestamp": at.isoformat()}}
        assert client.post(f"/devices/osmand?key={fleet.device_key}", json=body).status_code == 200

    def test_of_nobody_we_know_is_noted_and_kept_until_we_do(
        self, client: FlaskClient, database: Database, fleet: Fleet
    ) -> None:
        answer = client.get(f"/devices/osmand?id={STRANGER}&lat=37.7&lon=-122.4&key=secret")
        assert_problem(answer, 400, "was noted")
        body = {"device_id": STRANGER, "location": {"timestamp": "2026-11-24T10:00:00Z"}}
        assert_problem(client.post("/devices/osmand", json=body), 404, "was noted")
        assert waiting(database) == [(STRANGER, "osmand", 2, "127.0.0.1")]
        _, kept = refusals(database)
        assert (kept["rule"], kept["device_uid"], kept["point"]["lat"]) == ("unknown_vehicle", STRANGER, 37.7)
        assert "secret" not in kept["raw"]

    def test_of_nobody_we_know_is_not_kept_when_there_are_too_many(
        self, client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(http, "STRANGERS_MOST", 2)
        for n in range(4):
            assert client.get(f"/devices/osmand?id=stranger-{n}&lat=37.7&lon=-122.4").status_code == 400
        assert len(refusals(database)) == 2
        assert len(waiting(database)) == 4

    def test_of_nobody_we_know_is_noted_though_it_cannot_be_read(self, client: FlaskClient, database: Database) -> None:
        assert_problem(client.get(f"/devices/osmand?id={STRANGER}&lat=north"), 400, "was noted")
        assert (len(waiting(database)), refusals(database)) == (1, [])

    def test_without_an_id_is_refused_and_leaves_nothing(self, client: FlaskClient, database: Database) -> None:
        assert_problem(client.get("/devices/osmand?timestamp=1377177267&lat=60.0&lon=30.0"), 400, "id is missing")
        assert_problem(client.post("/devices/osmand", json={"location": {}}), 400, "device_id")
        assert (refusals(database), waiting(database)) == ([], [])

    def test_that_cannot_be_read_is_kept_counted_and_answered_in_words(
        self, client: FlaskClient, database: Database, fleet: Fleet, phone: str
    ) -> None:
        assert_problem(client.get(f"/devices/osmand?id={phone}&lat=north&lon=1"), 400, "lat is 'north'")
        (kept,) = refusals(database)
        assert (kept["rule"], kept["vehicle_id"]) == ("malformed", fleet.other_vehicle_id)
        assert kept["raw"] == f"id={phone}&lat=north&lon=1"

    def test_that_no_rule_believes_is_answered_like_any_other(
        self, client: FlaskClient, database: Database, phone: str
    ) -> None:
        assert client.get(f"/devices/osmand?id={phone}&lat=0&lon=0").status_code == 200
        assert refusals(database)[0]["rule"] == "coordinates_null_island"

    def test_with_anything_in_its_name_is_no_fault_of_ours(self, client: FlaskClient, database: Database) -> None:
        for name in ("a%00b", "%FF", "x" * 3000, "%F0%9F%9A%97", "%27;--"):
            assert client.get(f"/devices/osmand?id={name}&lat=1&lon=2").status_code == 400, name
        assert waiting(database) == []

    def test_is_bounded(self, client: FlaskClient, phone: str) -> None:
        body = b'{"device_id":"' + phone.encode() + b'","location":' + b" " * 300_000 + b"{}}"
        answer = client.post("/devices/osmand", data=body, content_type="application/json")
        assert_problem(answer, 413, "larger than 256 KB")

    def test_needs_no_token_of_a_form(self, app: Any, client: FlaskClient, phone: str) -> None:
        app.config["WTF_CSRF_ENABLED"] = True
        assert client.post("/devices/osmand", data={"id": phone}).status_code == 200


def forwarded(uid: str, at: datetime, **changed: Any) -> dict[str, Any]:
    moment = at.isoformat(timespec="milliseconds")
    position = {"valid": True, "latitude": 37.7, "longitude": -122.4, "speed": 10.0, "attributes": {"sat": 9}}
    return {"position": {**position, "fixTime": moment, "deviceTime": moment, **changed}, "device": {"uniqueId": uid}}


class TestAForwardedPosition:
    def test_is_stored_with_fixed_credentials(
        self, client: FlaskClient, database: Database, fleet: Fleet, machine: Callable[..., NewClient], at: datetime
    ) -> None:
        made = machine("telemetry:ingest")
        body = forwarded(fleet.device_uid, at)
        first = client.post("/devices/traccar", json=body, auth=(made.client_id, made.client_secret))
        again = client.post("/devices/traccar", json=body, auth=(made.client_id, made.client_secret))
        assert first.json == {"received": 1, "stored": 1, "duplicates": 0, "refused": []}
        assert again.json == {"received": 1, "stored": 0, "duplicates": 1, "refused": []}
        (point,) = points(database, fleet.vehicle_id)
        assert (point["speed_kmh"], point["satellites"]) == (pytest.approx(18.52), 9)

    def test_is_stored_with_an_access_token(self, api: Callable[..., FlaskClient], fleet: Fleet, at: datetime) -> None:
        answer = api("telemetry:ingest").post("/devices/traccar", json=forwarded(fleet.device_uid, at))
        assert answer.json["stored"] == 1

    def test_needs_credentials_with_the_right(
        self, client: FlaskClient, fleet: Fleet, machine: Callable[..., NewClient], at: datetime
    ) -> None:
        body = forwarded(fleet.device_uid, at)
        made = machine("telemetry:read")
        for auth in (None, ("nobody", "x"), (made.client_id, "wrong"), ("a\0b", "x")):
            answer = client.post("/devices/traccar", json=body, auth=auth)
            assert answer.status_code == 401, auth
        answer = client.post("/devices/traccar", json=body, auth=(made.client_id, made.client_secret))
        assert_problem(answer, 403, "telemetry:ingest")

    def test_of_nobody_we_know_is_answered_with_404_and_noted(
        self, api: Callable[..., FlaskClient], database: Database, at: datetime
    ) -> None:
        assert_problem(api("telemetry:ingest").post("/devices/traccar", json=forwarded(STRANGER, at)), 404, "noted")
        assert waiting(database) == [(STRANGER, "traccar", 1, "127.0.0.1")]
        assert refusals(database)[0]["point"]["lat"] == 37.7

    def test_of_a_park_out_of_sight_is_not_known_and_not_noted(
        self, api: Callable[..., FlaskClient], database: Database, fleet: Fleet, at: datetime
    ) -> None:
        sender = api("telemetry:ingest", park_ids=[fleet.other_park_id])
        assert sender.post("/devices/traccar", json=forwarded(fleet.device_uid, at)).status_code == 404
        assert waiting(database) == []

    def test_that_cannot_be_read_is_kept_and_answered_in_words(
        self, api: Callable[..., FlaskClient], database: Database, fleet: Fleet, at: datetime
    ) -> None:
        sender = api("telemetry:ingest")
        answer = sender.post("/devices/traccar", json=forwarded(fleet.device_uid, at, latitude="north"))
        assert_problem(answer, 400, "latitude")
        (kept,) = refusals(database)
        assert (kept["rule"], kept["vehicle_id"]) == ("malformed", fleet.vehicle_id)
        for broken in (b"", b"{", b"[]"):
            answer = sender.post("/devices/traccar", data=broken, content_type="application/json")
            assert answer.status_code == 400, broken

    def test_in_a_list_loses_nothing_to_those_beside_it(
        self, api: Callable[..., FlaskClient], database: Database, fleet: Fleet, at: datetime
    ) -> None:
        earlier = at - timedelta(seconds=5)
        body = [
            forwarded(STRANGER, at),
            forwarded(fleet.device_uid, at, valid="yes"),
            forwarded(fleet.device_uid, earlier),
        ]
        answer = api("telemetry:ingest").post(
            "/devices/traccar", data=json.dumps(body), content_type="application/json"
        )
        assert (answer.status_code, answer.json["stored"]) == (200, 1)
        assert [(r["index"], r["rule"]) for r in answer.json["refused"]] == [(0, "unknown_vehicle"), (1, "malformed")]


class TestABatchByTheApi:
    def test_notes_the_devices_that_nobody_knows(
        self, api: Callable[..., FlaskClient], database: Database, fleet: Fleet, at: datetime
    ) -> None:
        batch = [{"device_uid": uid, "ts": at.isoformat()} for uid in (STRANGER, "not a name", STRANGER)]
        api("telemetry:ingest").post("/api/v1/telemetry", json={"points": batch})
        assert waiting(database) == [(STRANGER, "http", 1, "127.0.0.1")]
        assert [row["point"] is not None for row in refusals(database)] == [True, True, True]
