"""How much of the API one may have, and what is said about it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from core.identity.tokens import Holder
from portals.api_v1.allowance import COSTS
from portals.meter import Quota

VEHICLES = "/api/v1/vehicles"


@pytest.fixture
def scanty(app):
    """An application where everybody may have little."""
    little = {"requests": Quota("requests", 60), "failures": Quota("unauthenticated", 3)}
    app.extensions["allowances"] = replace(app.extensions["allowances"], **little)
    return app


class TestEveryAnswer:
    def test_says_what_is_left(self, api) -> None:
        client = api("vehicles:read")
        first, second = client.get(VEHICLES), client.get(f"{VEHICLES}/99")
        assert first.headers["RateLimit-Policy"] == '"requests";q=6000;w=60'
        assert first.headers["RateLimit"] == '"requests";r=5999;t=1'
        assert second.status_code == 404
        assert re.fullmatch(r'"requests";r=59\d\d;t=1', second.headers["RateLimit"])

    def test_to_who_lacks_the_scope_says_it_too(self, api) -> None:
        client = api("telemetry:ingest")
        refused = client.get(VEHICLES)
        assert (refused.status_code, refused.headers["RateLimit"]) == (403, '"requests";r=5999;t=1')

    def test_to_who_sends_points_speaks_of_points(self, api) -> None:
        answer = api("telemetry:ingest").post("/api/v1/telemetry", json={"points": []})
        assert answer.headers["RateLimit-Policy"] == '"intake";q=1200000;w=60'


class TestAClient:
    def test_that_has_used_up_its_allowance_is_told_when_to_come_back(self, scanty, api) -> None:
        client, other = api("vehicles:read", "telemetry:read"), api("vehicles:read")
        taken = 0
        while (refused := client.get(VEHICLES)).status_code == 200:
            taken += 1  # one comes back each second, and the machine may be slow
            assert taken < 1000
        assert taken >= 60
        assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
        assert refused.json["type"] == "urn:equinomix:problem:quota-exceeded"
        assert refused.json["violated-policies"] == ["requests"]
        assert refused.headers["Retry-After"] == str(refused.json["retry_after_s"]) == "1"
        assert refused.headers["RateLimit"] == '"requests";r=0;t=60'
        assert other.get(VEHICLES).status_code == 200

    def test_pays_more_for_what_takes_long(self, scanty, api, fleet) -> None:
        client = api("telemetry:read")
        url = f"/api/v1/telemetry/{fleet.vehicle_id}/track.csv?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"
        assert [client.get(url).status_code for _ in range(4)] == [200, 200, 200, 429]

    def test_may_always_release_and_always_send_points(self, scanty, api, fleet) -> None:
        client = api("vehicles:read", "access:release", "telemetry:ingest")
        while client.get(VEHICLES).status_code == 200:
            pass
        assert client.post(f"/api/v1/access/{fleet.vehicle_id}/release", json={}).status_code == 202
        point = {"vehicle_id": fleet.vehicle_id, "ts": "2026-11-24T08:00:00Z", "lat": 1, "lon": 2}
        assert client.post("/api/v1/telemetry", json={"points": [point]}).status_code == 200

    def test_has_no_new_allowance_with_a_new_token(self, scanty, app, api, at) -> None:
        client = api("vehicles:read")
        token = client.environ_base["HTTP_AUTHORIZATION"].split()[1]
        while client.get(VEHICLES).status_code == 200:
            pass
        client_id = app.tokens.check(token, at=at)["client_id"]
        again = app.tokens.issue(Holder(client_id, "Other", parks=None), scope="vehicles:read", at=at)
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {again['access_token']}"
        assert client.get(VEHICLES).status_code == 429


class TestAStranger:
    def test_is_told_to_wait_by_address_and_keeps_nobody_else_out(self, scanty, client, api) -> None:
        wrong = {"Authorization": "Bearer guessed"}
        assert [client.get(VEHICLES, headers=wrong).status_code for _ in range(4)] == [401, 401, 401, 429]
        elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
        assert client.get(VEHICLES, headers=wrong, environ_base=elsewhere).status_code == 401
        assert api("vehicles:read").get(VEHICLES).status_code == 200

    def test_with_many_addresses_in_one_network_is_one(self, scanty, client) -> None:
        statuses = [
            client.get(VEHICLES, environ_base={"REMOTE_ADDR": f"2001:db8::{number:x}"}).status_code
            for number in range(1, 5)
        ]
        assert statuses == [401, 401, 401, 429]


class TestTheCosts:
    def test_are_of_endpoints_that_exist(self, app) -> None:
        assert {rule.endpoint for rule in app.url_map.iter_rules()} >= set(COSTS)
