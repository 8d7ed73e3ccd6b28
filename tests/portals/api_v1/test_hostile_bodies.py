"""Bodies that are made to hurt: each is answered in words, costs no good point, and leaves nothing behind."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from collections.abc import Callable
from datetime import datetime

import msgspec
import pytest
from flask.testing import FlaskClient

from portals.bodies import Budget
from portals.doors import ErpApp
from tests.conftest import Fleet
from tests.portals.api_v1.test_telemetry import point

Api = Callable[..., FlaskClient]


def post(client: FlaskClient, *points: dict[str, object], extra: str = "{}", **options: object):
    """Post points; the text `extra` is put in as it is wherever a point says "@"."""
    body = json.dumps({"points": points}).replace('"@"', extra)
    return client.post("/api/v1/telemetry", data=body, content_type="application/json", **options)


class TestAPointWithAnImpossibleExtra:
    @pytest.mark.parametrize(
        "extra",
        [
            '{"count": 123456789012345678901234567890}',
            '{"deep": ' + "[" * 300 + "]" * 300 + "}",
            '{"deep":' * 300 + "1" + "}" * 300,
        ],
        ids=["a number too long", "lists in lists", "objects in objects"],
    )
    def test_is_believed_without_it_and_without_cost_to_the_others(
        self, api: Api, fleet: Fleet, at: datetime, extra: str
    ) -> None:
        answer = post(api("telemetry:ingest"), point(fleet, at, 5), {**point(fleet, at, 6), "extra": "@"}, extra=extra)
        assert (answer.status_code, answer.json["stored"], answer.json["refused"]) == (200, 2, [])
        assert [(d["index"], d["rule"], d["values"]) for d in answer.json["left_out"]] == [
            (1, "extra_unstorable", ["extra"])
        ]

    def test_is_no_fault_of_ours_however_deep_it_is(self, api: Api, fleet: Fleet, at: datetime) -> None:
        client = api("telemetry:ingest")
        for levels in (*range(940, 952), 100_000):
            extra = '{"deep":' * levels + "1" + "}" * levels
            answer = post(client, {**point(fleet, at, 6), "extra": "@"}, extra=extra)
            assert answer.status_code in {200, 400}, levels
        assert "nested too deeply" in answer.json["detail"]


class TestAPointThatIsNoText:
    def test_costs_the_others_nothing(self, api: Api, fleet: Fleet, at: datetime) -> None:
        broken = b'{"vehicle_id": 1, "ts": "2026-01-01T00:00:00Z", "extra": {"a": "\x80"}}'
        body = b'{"points": [' + msgspec.json.encode(point(fleet, at, 5)) + b", " + broken + b"]}"
        answer = api("telemetry:ingest").post("/api/v1/telemetry", data=body, content_type="application/json")
        assert (answer.status_code, answer.json["stored"]) == (200, 1)
        assert [(r["index"], r["rule"]) for r in answer.json["refused"]] == [(1, "malformed")]


class TestAnEncodedBody:
    @pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP", "identity, gzip"])
    def test_is_not_unpacked(self, api: Api, fleet: Fleet, at: datetime, encoding: str) -> None:
        bomb = gzip.compress(b" " * 10_000_000)
        answer = api("telemetry:ingest").post(
            "/api/v1/telemetry",
            data=bomb,
            content_type="application/json",
            headers={"Content-Encoding": encoding},
        )
        assert answer.status_code == 415
        assert answer.mimetype == "application/problem+json"
        assert "Send it plain" in answer.json["detail"]

    def test_that_is_not_encoded_at_all_may_say_so(self, api: Api, fleet: Fleet, at: datetime) -> None:
        answer = post(api("telemetry:ingest"), point(fleet, at), headers={"Content-Encoding": "identity"})
        assert answer.json["stored"] == 1


class TestBodiesAtTheSameTime:
    def test_have_a_budget_and_are_told_when_it_is_spent(
        self, api: Api, app: ErpApp, fleet: Fleet, at: datetime
    ) -> None:
        client = api("telemetry:ingest")
        budget = app.extensions["bodies"] = Budget(1_000_000)
        padding = '"' + "x" * 400_000 + '"'
        assert budget.take(700_000)  # what others are sending
        answer = post(client, point(fleet, at), padding, extra=padding)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert "repeat it in a moment" in answer.json["detail"]
        budget.give_back(700_000)
        for _ in range(5):
            assert post(client, {**point(fleet, at), "extra": {"x": "@"}}, extra=padding).status_code == 200
        assert budget.take(1_000_000)

    def test_have_to_say_how_long_they_are(self, api: Api) -> None:
        chunked = {"headers": {"Transfer-Encoding": "chunked"}, "content_type": "application/json"}
        answer = api("telemetry:ingest").post("/api/v1/telemetry", input_stream=io.BytesIO(b"{}"), **chunked)
        assert answer.status_code == 411
        assert "Content-Length" in answer.json["detail"]

    def test_are_not_counted_for_strangers(self, app: ErpApp) -> None:
        app.extensions["bodies"] = Budget(0)
        assert app.test_client().post("/api/v1/telemetry", data=b"x" * 100_000).status_code == 401


class TestABatchThatIsTooLarge:
    @pytest.mark.parametrize("item", ["0", '{"ts":"2026-11-24T12:00:00Z"}', '{"ts":"2026-11-24T12:00:00Z","rpm":1}'])
    def test_is_refused_before_much_is_made_of_it(self, api: Api, item: str) -> None:
        client = api("telemetry:ingest")
        body = '{"points":[' + f"{item}," * (4_000_000 // (len(item) + 1)) + f"{item}]}}"
        tracemalloc.start()
        answer = client.post("/api/v1/telemetry", data=body, content_type="application/json")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert answer.status_code == 422
        assert "Send" in answer.json["detail"]
        assert peak < 100_000_000
