"""Telemetry in and out by HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from flask.testing import FlaskClient

from tests.conftest import Fleet

Api = Callable[..., FlaskClient]


def point(fleet: Fleet, at: datetime, seconds_ago: float = 0, **fields: object) -> dict[str, object]:
    moment = (at - timedelta(seconds=seconds_ago)).isoformat()
    return {"vehicle_id": fleet.vehicle_id, "ts": moment, "lat": 37.77, "lon": -122.41, **fields}


class TestSendingABatch:
    def test_reports_what_became_of_every_point(self, api: Api, fleet: Fleet, at: datetime) -> None:
        client = api("telemetry:ingest")
        points = [point(fleet, at, 5), point(fleet, at, 5), point(fleet, at, 3, lat=0, lon=0)]
        answer = client.post("/api/v1/telemetry", json={"points": points})
        assert answer.status_code == 200
        report = answer.json
        assert (report["received"], report["stored"], report["duplicates"]) == (3, 1, 1)
        assert [(r["index"], r["rule"]) for r in report["refused"]] == [(2, "coordinates_null_island")]

    def test_takes_points_by_the_name_of_the_device(self, api: Api, fleet: Fleet, at: datetime) -> None:
        named = {"device_uid": fleet.device_uid, "ts": at.isoformat(), "speed_kmh": 0}
        answer = api("telemetry:ingest").post("/api/v1/telemetry", json={"points": [named]})
        assert answer.json["stored"] == 1

    def test_loses_nothing_good_to_points_that_do_not_fit(self, api: Api, fleet: Fleet, at: datetime) -> None:
        bad = [
            point(fleet, at, 4, speed_mph=30),
            point(fleet, at, 4, lat="north"),
            point(fleet, at, 4, ts="2026-11-23T10:00:00"),
            {"vehicle_id": fleet.vehicle_id},
            "nonsense",
            point(fleet, at, 4, vehicle_id=99_999),
            point(fleet, at, 4, vehicle_id=2**63),
            {**point(fleet, at, 4), "device_uid": fleet.device_uid},
        ]
        answer = api("telemetry:ingest").post("/api/v1/telemetry", json={"points": [*bad, point(fleet, at)]})
        assert answer.status_code == 200
        assert answer.json["stored"] == 1
        rules = {refusal["index"]: refusal["rule"] for refusal in answer.json["refused"]}
        assert rules == {**dict.fromkeys((0, 1, 2, 3, 4, 6, 7), "malformed"), 5: "unknown_vehicle"}
        assert "speed_mph" in answer.json["refused"][0]["detail"]

    def test_answers_422_when_not_one_point_can_be_read(self, api: Api, fleet: Fleet, at: datetime) -> None:
        answer = api("telemetry:ingest").post("/api/v1/telemetry", json={"points": [point(fleet, at, speed_mph=30)]})
        assert answer.status_code == 422
        assert answer.mimetype == "application/problem+json"
        assert answer.json["errors"][0]["field"] == "points[0]"

    def test_answers_broken_json_with_400_and_no_trace(self, api: Api) -> None:
        answer = api("telemetry:ingest").post(
            "/api/v1/telemetry", data=b'{"points": [', content_type="application/json"
        )
        assert answer.status_code == 400
        assert "Traceback" not in answer.text

    def test_answers_a_body_of_the_wrong_shape_with_422(self, api: Api) -> None:
        client = api("telemetry:ingest")
        for body in ([], {"points": {}}, {"points": []}, {"point": []}, 7):
            assert client.post("/api/v1/telemetry", json=body).status_code == 422, body

    def test_answers_a_body_that_is_not_json_with_415(self, api: Api) -> None:
        assert api("telemetry:ingest").post("/api/v1/telemetry", data="a=b").status_code == 415

    def test_never_writes_to_a_vehicle_of_another_park(self, api: Api, fleet: Fleet, at: datetime) -> None:
        client = api("telemetry:ingest", park_ids=[fleet.other_park_id])
        answer = client.post("/api/v1/telemetry", json={"points": [point(fleet, at)]})
        assert answer.json["refused"][0]["rule"] == "unknown_vehicle"

    def test_needs_the_scope(self, api: Api, fleet: Fleet, at: datetime) -> None:
        answer = api("telemetry:read").post("/api/v1/telemetry", json={"points": [point(fleet, at)]})
        assert answer.status_code == 403


class TestReadingTheLastPoints:
    def test_gives_the_newest_first_up_to_the_limit(self, api: Api, fleet: Fleet, at: datetime) -> None:
        client = api("telemetry:ingest", "telemetry:read")
        points = [point(fleet, at, n, speed_kmh=n) for n in range(30)]
        client.post("/api/v1/telemetry", json={"points": points})
        last = client.get(f"/api/v1/telemetry/{fleet.vehicle_id}?limit=12").json["points"]
        assert [p["speed_kmh"] for p in last] == [float(n) for n in range(12)]
        assert len(client.get(f"/api/v1/telemetry/{fleet.vehicle_id}").json["points"]) == 10

    def test_says_what_a_limit_must_be(self, api: Api, fleet: Fleet) -> None:
        for limit in ("0", "1001", "-1", "ten", ""):
            answer = api("telemetry:read").get(f"/api/v1/telemetry/{fleet.vehicle_id}?limit={limit}")
            assert answer.status_code == 422, limit

    def test_answers_404_for_a_vehicle_out_of_sight(self, api: Api, fleet: Fleet) -> None:
        client = api("telemetry:read", park_ids=[fleet.other_park_id])
        assert client.get(f"/api/v1/telemetry/{fleet.vehicle_id}").status_code == 404

    def test_asks_the_database_no_more_than_twice(self, api: Api, fleet: Fleet, app: object) -> None:
        import sqlalchemy as sa

        client = api("telemetry:read")
        asked: list[str] = []
        engine = app.database.reader  # type: ignore[attr-defined]
        sa.event.listen(engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
        client.get(f"/api/v1/telemetry/{fleet.vehicle_id}")
        # What was revoked is read every two seconds by whichever request comes then.
        revoked = ("identity_revocations", "pg_snapshot_xmin")
        assert len([statement for statement in asked if not any(word in statement for word in revoked)]) == 2


class TestTheIntake:
    def test_accounts_for_every_point_ever_sent(self, api: Api, fleet: Fleet, at: datetime) -> None:
        client = api("telemetry:ingest", "telemetry:read")
        points = [point(fleet, at, 1), point(fleet, at, 1), point(fleet, at, 2, lat=0, lon=0)]
        client.post("/api/v1/telemetry", json={"points": points})
        (counts,) = client.get("/api/v1/telemetry/intake").json["items"]
        assert [counts[f"{name}_count"] for name in ("received", "stored", "duplicate", "refused")] == [3, 1, 1, 1]

    def test_shows_refused_points_with_what_was_sent(self, api: Api, fleet: Fleet, at: datetime) -> None:
        client = api("telemetry:ingest", "telemetry:read", "vehicles:read")
        client.post("/api/v1/telemetry", json={"points": [point(fleet, at, lat=0, lon=0)]})
        (refused,) = client.get(f"/api/v1/telemetry/{fleet.vehicle_id}/refused").json["refused"]
        assert refused["rule"] == "coordinates_null_island"
        assert '"lat":0' in refused["raw"]
