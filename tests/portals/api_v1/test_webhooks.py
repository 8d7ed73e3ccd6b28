"""Webhook endpoints through the API, as an integrator uses them."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from standardwebhooks import Webhook

from core import clock, outbox
from core.config import Config
from core.db import Database
from core.webhooks.delivery import make_delivery
from portals.doors import ErpApp
from tests.conftest import Fleet
from tests.core.webhooks.receiver import Receiver, receiving

Api = Callable[..., FlaskClient]
ENDPOINTS = "/api/v1/webhooks/endpoints"
BOTH = ("webhooks:read", "webhooks:manage")


@pytest.fixture
def receiver() -> Any:
    with receiving() as opened:
        yield opened


@pytest.fixture
def config(config: Config, receiver: Receiver) -> Config:
    """The product's configuration, which lets the receiver of the test be called."""
    return dataclasses.replace(config, webhook_allow=(receiver.allowed,))


def add(client: FlaskClient, receiver: Receiver, **more: Any) -> Any:
    return client.post(ENDPOINTS, json={"url": receiver.url, **more}, headers=key())


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


def deliver(app: ErpApp, database: Database) -> None:
    delivery = make_delivery(app.settings, database, now=clock.now, worker="test")
    delivery.run_until_idle()
    delivery.close()


def publish(database: Database, name: str, **ids: Any) -> None:
    with database.transaction() as session:
        outbox.publish(session, name, at=clock.now(), **ids)


class TestAnEndpoint:
    def test_is_added_with_a_secret_and_told_what_happens(
        self, app: ErpApp, database: Database, api: Api, receiver: Receiver, fleet: Fleet
    ) -> None:
        client = api(*BOTH, "vehicles:read")
        made = add(client, receiver, facts=["vehicles.status_changed"])
        assert made.status_code == 201, made.text
        assert made.headers["Location"].endswith(f"{ENDPOINTS}/{made.json['id']}")
        assert made.headers["ETag"] == '"1"'
        publish(database, "vehicles.status_changed", vehicle_id=fleet.vehicle_id)
        publish(database, "drivers.driver_registered", driver_id=1)
        deliver(app, database)
        [got] = receiver.got
        assert Webhook(made.json["secret"]).verify(got.body, got.headers)["type"] == "vehicles.status_changed"
        shown = client.get(f"{ENDPOINTS}/{made.json['id']}").json
        assert "secret" not in shown
        [message] = client.get(f"{ENDPOINTS}/{made.json['id']}/messages?state=delivered").json["items"]
        assert (message["id"], message["last_status"]) == (got.id, 204)
        whole = client.get(f"{ENDPOINTS}/{made.json['id']}/messages/{got.id}").json
        assert [each["status"] for each in whole["tries"]] == [204]
        standing = client.get(f"{ENDPOINTS}/{made.json['id']}/standing").json
        assert (standing["state"], standing["waiting"], standing["dead"]) == ("open", 0, 0)

    def test_is_told_only_of_what_its_client_may_read_and_of_its_parks(
        self, app: ErpApp, database: Database, api: Api, receiver: Receiver, fleet: Fleet
    ) -> None:
        client = api(*BOTH, "vehicles:read", "telemetry:read", park_ids=[fleet.park_id])
        assert add(client, receiver, park_ids=[fleet.other_park_id]).status_code == 422
        assert add(client, receiver).status_code == 201
        both = [fleet.vehicle_id, fleet.other_vehicle_id]
        publish(database, "vehicles.status_changed", vehicle_id=fleet.other_vehicle_id)
        publish(database, "access.job_ordered", vehicle_id=fleet.vehicle_id, job_id="x")
        publish(database, "drivers.driver_registered", driver_id=1)
        publish(database, "telemetry.batch_stored", vehicle_ids=both, since_ms=[1, 2])
        publish(database, "telemetry.trip_ended", vehicle_ids=both, started_ms=[1, 2])
        deliver(app, database)
        assert [(got.type, got.data) for got in receiver.got] == [
            ("telemetry.trip_ended", {"vehicle_ids": [fleet.vehicle_id], "started_ms": [1]})
        ]

    def test_of_another_client_is_not_there(self, api: Api, receiver: Receiver) -> None:
        made = add(api(*BOTH), receiver).json
        other = api(*BOTH)
        address = f"{ENDPOINTS}/{made['id']}"
        assert other.get(ENDPOINTS).json["items"] == []
        answers = [
            other.get(address),
            other.get(f"{address}/standing"),
            other.get(f"{address}/messages"),
            other.patch(address, json={"description": "mine"}),
            other.delete(address),
            other.post(f"{address}/secret", json={}, headers=key()),
            other.post(f"{address}/ping"),
            other.post(f"{address}/replay", json={"since": "2026-11-25T00:00:00Z"}),
        ]
        assert [answer.status_code for answer in answers] == [404] * len(answers)

    def test_needs_the_scope(self, api: Api, receiver: Receiver) -> None:
        assert add(api("webhooks:read"), receiver).status_code == 403
        assert api("vehicles:read").get(ENDPOINTS).status_code == 403

    def test_is_refused_where_nothing_may_be_called(self, api: Api) -> None:
        client = api(*BOTH)
        for url, words in (
            ("http://127.0.0.1:1/", "https"),
            ("https://127.0.0.1/", "private network"),
            ("https://169.254.169.254/latest/meta-data", "private network"),
            ("https://hooks.example.com:22/", ""),
            ("https://u:p@hooks.example.com/", "name and password"),
        ):
            answer = client.post(ENDPOINTS, json={"url": url}, headers=key())
            assert answer.status_code == 422, (url, answer.text)
            assert words in answer.text, url

    def test_is_refused_with_facts_that_do_not_exist(self, api: Api, receiver: Receiver) -> None:
        answer = add(api(*BOTH), receiver, facts=["vehicles.exploded"])
        assert answer.status_code == 422
        assert "vehicles.exploded" in answer.text

    def test_is_changed_only_as_it_was_read(self, api: Api, receiver: Receiver) -> None:
        client = api(*BOTH)
        made = add(client, receiver)
        address = f"{ENDPOINTS}/{made.json['id']}"
        change = {"description": "Dispatch", "disabled": True}
        changed = client.patch(address, json=change, headers={"If-Match": made.headers["ETag"]})
        assert changed.status_code == 200
        assert (changed.json["description"], changed.json["disabled_at"] is None) == ("Dispatch", False)
        assert client.patch(address, json=change, headers={"If-Match": made.headers["ETag"]}).status_code == 412
        assert client.post(f"{address}/ping").status_code == 409
        assert client.delete(address, headers={"If-Match": changed.headers["ETag"]}).status_code == 204
        assert client.get(address).status_code == 404

    def test_keeps_its_secret_out_of_the_answers_that_are_kept(
        self, api: Api, receiver: Receiver, database: Database
    ) -> None:
        client = api(*BOTH)
        same = key()
        made = client.post(ENDPOINTS, json={"url": receiver.url}, headers=same)
        again = client.post(ENDPOINTS, json={"url": receiver.url}, headers=same)
        assert (made.status_code, again.status_code) == (201, 409)
        assert "whsec_" not in again.text
        assert len(client.get(ENDPOINTS).json["items"]) == 1


class TestAMessage:
    def test_is_sent_again_when_asked(
        self, app: ErpApp, database: Database, api: Api, receiver: Receiver, fleet: Fleet
    ) -> None:
        client = api(*BOTH)
        address = f"{ENDPOINTS}/{add(client, receiver).json['id']}"
        ping = client.post(f"{address}/ping")
        assert ping.status_code == 202
        deliver(app, database)
        assert client.post(f"{address}/messages/{ping.json['id']}/replay").status_code == 202
        deliver(app, database)
        since = (clock.now() - timedelta(hours=1)).isoformat()
        assert client.post(f"{address}/replay", json={"state": "finished", "since": since}).json == {"replayed": 1}
        deliver(app, database)
        assert [got.id for got in receiver.got] == [ping.json["id"]] * 3
        assert client.post(f"{address}/messages/msg_{'0' * 32}/replay").status_code == 404
        assert client.get(f"{address}/messages?state=lost").status_code == 422
