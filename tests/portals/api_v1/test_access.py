"""Orders to immobilize by API. That they are carried out is tested with real workers in tests/tasks."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

from flask.testing import FlaskClient

from core import clock
from core.access import service
from core.access.models import JobState, OrderKind
from core.access.rules import Finish, RelayReading
from core.config import AccessTiming
from core.db import Database
from core.permissions import system
from tests.conftest import Fleet
from tests.orders import PLENTY

Api = Callable[..., FlaskClient]
ORDER = {"method": "vialon_relay", "reason": "theft", "break_glass": True}
SCOPES = ("access:immobilize", "access:read", "access:release")


def conclude(database: Database, job_id: str, state: JobState) -> None:
    """What a worker does at the end."""
    delivery = system("worker")
    with database.transaction() as session:
        service.claim_open_jobs(session, actor=delivery, at=clock.now(), worker="w", timing=AccessTiming())
        proof = RelayReading(relay_on=True, received_at=clock.now(), source="telemetry")
        service.conclude(
            session,
            actor=delivery,
            at=clock.now(),
            worker="w",
            job_id=uuid.UUID(job_id),
            finish=Finish(state, "It holds.", proof),
            limits=PLENTY,
        )


class TestOrderingAnImmobilization:
    def test_answers_202_with_a_job_that_is_pending(self, api: Api, fleet: Fleet) -> None:
        client = api(*SCOPES)
        answer = client.post(f"/api/v1/access/{fleet.vehicle_id}/immobilize", json=ORDER)
        assert answer.status_code == 202
        assert answer.json.keys() == {"job_id", "status"}
        assert answer.json["status"] == "pending"
        job = client.get(answer.headers["Location"]).json
        assert (job["status"], job["result"], job["state"]) == ("pending", None, "armed")

    def test_ends_completed_with_success(self, api: Api, fleet: Fleet, database: Database) -> None:
        client = api(*SCOPES)
        path = f"/api/v1/access/{fleet.vehicle_id}/immobilize"
        job_id = client.post(path, json=ORDER).json["job_id"]
        conclude(database, job_id, JobState.CONFIRMED)
        job = client.get(f"{path}/{job_id}").json
        assert (job["status"], job["result"]) == ("completed", "success")
        assert job["evidence"]["relay_on"] is True

    def test_is_refused_without_the_scope(self, api: Api, fleet: Fleet) -> None:
        answer = api("access:read").post(f"/api/v1/access/{fleet.vehicle_id}/immobilize", json=ORDER)
        assert answer.status_code == 403

    def test_is_refused_for_a_vehicle_without_a_relay(self, api: Api, fleet: Fleet) -> None:
        answer = api(*SCOPES).post(f"/api/v1/access/{fleet.other_vehicle_id}/immobilize", json=ORDER)
        assert answer.status_code == 409
        assert "relay" in answer.json["detail"]

    def test_names_the_order_that_is_already_open(self, api: Api, fleet: Fleet) -> None:
        client = api(*SCOPES)
        first = client.post(f"/api/v1/access/{fleet.vehicle_id}/immobilize", json=ORDER).json
        second = client.post(f"/api/v1/access/{fleet.vehicle_id}/immobilize", json=ORDER)
        assert second.status_code == 409
        assert second.json["job_id"] == first["job_id"]

    def test_says_which_reasons_and_methods_there_are(self, api: Api, fleet: Fleet) -> None:
        client = api(*SCOPES)
        for body in ({"reason": "fun"}, {**ORDER, "method": "sms"}, {}, {**ORDER, "force": True}):
            answer = client.post(f"/api/v1/access/{fleet.vehicle_id}/immobilize", json=body)
            assert answer.status_code == 422, body
            assert answer.json["errors"]

    def test_answers_404_out_of_sight_and_for_orders_that_do_not_exist(self, api: Api, fleet: Fleet) -> None:
        client = api(*SCOPES, park_ids=[fleet.other_park_id])
        path = f"/api/v1/access/{fleet.vehicle_id}/immobilize"
        assert client.post(path, json=ORDER).status_code == 404
        assert client.get(f"{path}/{uuid.uuid4()}").status_code == 404
        assert client.get(f"{path}/nonsense").status_code == 404

    def test_is_accepted_once_of_many_at_the_same_time(self, api: Api, fleet: Fleet, database: Database) -> None:
        clients = [api(*SCOPES) for _ in range(6)]
        statuses: list[int] = []

        def order(client: FlaskClient) -> None:
            answer = client.post(f"/api/v1/access/{fleet.vehicle_id}/immobilize", json=ORDER)
            statuses.append(answer.status_code)

        threads = [threading.Thread(target=order, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [202, *[409] * 5]


class TestCancelling:
    def test_an_order_of_which_nothing_has_left_ends_it(self, api: Api, fleet: Fleet) -> None:
        client = api(*SCOPES)
        path = f"/api/v1/access/{fleet.vehicle_id}/immobilize"
        job_id = client.post(path, json=ORDER).json["job_id"]
        assert client.delete(f"{path}/{job_id}").status_code == 204
        assert client.get(f"{path}/{job_id}").json["result"] == "cancelled"
        assert client.delete(f"{path}/{job_id}").status_code == 409


class TestReleasing:
    def test_cancels_the_open_order_and_returns_the_same_job_when_ordered_again(self, api: Api, fleet: Fleet) -> None:
        client = api(*SCOPES)
        lock = client.post(f"/api/v1/access/{fleet.vehicle_id}/immobilize", json=ORDER)
        first = client.post(f"/api/v1/access/{fleet.vehicle_id}/release", json={})
        again = client.post(f"/api/v1/access/{fleet.vehicle_id}/release", json={})
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json["job_id"] == again.json["job_id"]
        assert client.get(lock.headers["Location"]).json["result"] == "cancelled"
        assert client.get(first.headers["Location"]).json["kind"] == OrderKind.RELEASE

    def test_needs_no_right_to_immobilize(self, api: Api, fleet: Fleet) -> None:
        answer = api("access:release").post(f"/api/v1/access/{fleet.vehicle_id}/release", json={})
        assert answer.status_code == 202


class TestTheSecondPerson:
    """By API: a client acts for nobody, so it can order and never approve."""

    def test_is_waited_for(self, api: Api, fleet: Fleet) -> None:
        client = api(*SCOPES)
        answer = client.post(f"/api/v1/access/{fleet.vehicle_id}/immobilize", json=ORDER | {"break_glass": False})
        job = client.get(answer.headers["Location"]).json
        assert (job["status"], job["state"], job["approved_by"]) == ("pending", "requested", None)
        assert job["decision"]["version"] == 2

    def test_is_no_machine(self, api: Api, fleet: Fleet) -> None:
        path = (
            api(*SCOPES)
            .post(f"/api/v1/access/{fleet.vehicle_id}/immobilize", json=ORDER | {"break_glass": False})
            .headers["Location"]
        )
        answer = api("access:approve", "access:read").put(f"{path}/approval", json={})
        assert answer.status_code == 403
        assert answer.json["detail"] == "Only a person may approve a lock. Ask one who has the right to."

    def test_may_say_no(self, api: Api, fleet: Fleet) -> None:
        client = api(*SCOPES, "access:approve")
        path = client.post(
            f"/api/v1/access/{fleet.vehicle_id}/immobilize", json=ORDER | {"break_glass": False}
        ).headers["Location"]
        assert client.put(f"{path}/refusal", json={"why": "The driver has paid."}).status_code == 204
        job = client.get(path).json
        assert (job["result"], job["verdict"].partition(": ")[2]) == ("cancelled", "The driver has paid.")


class TestTheHold:
    def test_stops_orders_to_lock_and_none_to_release(self, api: Api, fleet: Fleet) -> None:
        client = api(*SCOPES, "access:brake")
        assert client.post("/api/v1/access/brakes", json={"why": "A list was wrong."}).status_code == 204
        shown = client.get("/api/v1/access/brakes").json
        assert [(brake["kind"], brake["why"]) for brake in shown["brakes"]] == [("hold", "A list was wrong.")]
        assert (shown["locks_last_minute"], shown["locks_per_minute"]) == (0, 6)
        refused = client.post(f"/api/v1/access/{fleet.vehicle_id}/immobilize", json=ORDER)
        assert (refused.status_code, refused.json["brake"]) == (409, "hold")
        assert client.post(f"/api/v1/access/{fleet.vehicle_id}/release", json={}).status_code == 202
