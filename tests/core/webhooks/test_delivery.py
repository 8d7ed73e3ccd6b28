"""What a receiver sees of facts, verified by the library that receivers use."""

from __future__ import annotations

import threading
import uuid
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import standardwebhooks.webhooks
from standardwebhooks import Webhook, WebhookVerificationError

from core.permissions import Actor
from core.webhooks import queries, service
from core.webhooks.delivery import ACTOR
from core.webhooks.models import Message, MessageState
from core.webhooks.rules.retries import MARKS
from core.webhooks.schemas import Replay
from tests.conftest import ROOT
from tests.core.webhooks.receiver import Got
from tests.core.webhooks.world import KEY, World

STATUS = "vehicles.status_changed"


@pytest.fixture
def verified_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receivers' library lives in the time of the test: it refuses messages that are more than 5 minutes off."""

    class Then(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return world.now()

    monkeypatch.setattr(standardwebhooks.webhooks, "datetime", Then)


def subject_of(got: Got) -> int:
    return got.data["vehicle_id"]


class TestAMessage:
    def test_is_signed_as_receivers_expect(self, world: World) -> None:
        made = world.add_endpoint()
        world.publish(STATUS, vehicle_id=world.fleet.vehicle_id)
        world.deliver()
        [got] = world.receiver.got
        body = Webhook(made.secret).verify(got.body, got.headers)
        assert body["type"] == STATUS
        assert body["data"] == {"vehicle_id": world.fleet.vehicle_id}
        assert datetime.fromisoformat(body["timestamp"]).tzinfo == UTC
        assert got.headers["content-type"] == "application/json"
        assert got.headers["host"] == f"127.0.0.1:{world.receiver.port}"
        with pytest.raises(WebhookVerificationError):
            Webhook(made.secret).verify(got.body + b" ", got.headers)

    def test_is_sent_once_when_it_is_taken(self, world: World) -> None:
        endpoint = world.add_endpoint()
        world.publish(STATUS, vehicle_id=world.fleet.vehicle_id)
        world.deliver()
        world.forward(timedelta(days=1))
        world.deliver()
        assert len(world.receiver.got) == 1
        [message] = world.messages()
        assert message.state is MessageState.DELIVERED
        assert [attempt["status"] for attempt in world.attempts(message)] == [204]
        assert world.endpoint(endpoint.endpoint_id).last_success_at is not None

    def test_carries_both_signatures_for_a_day_after_a_new_secret(self, world: World) -> None:
        old = world.add_endpoint()
        with world.database.transaction() as session:
            new = service.rotate_secret(
                session,
                actor=ROOT,
                at=world.now(),
                endpoint_id=old.endpoint_id,
                end_previous_now=False,
                sealing_key=KEY,
            )
        world.publish(STATUS, vehicle_id=world.fleet.vehicle_id)
        world.deliver()
        [got] = world.receiver.got
        for secret in (old.secret, new.secret):
            Webhook(secret).verify(got.body, got.headers)
        with world.database.transaction() as session:
            service.rotate_secret(
                session,
                actor=ROOT,
                at=world.now(),
                endpoint_id=old.endpoint_id,
                end_previous_now=True,
                sealing_key=KEY,
            )
        world.publish(STATUS, vehicle_id=world.fleet.vehicle_id)
        world.deliver()
        assert " " not in world.receiver.got[-1].headers["webhook-signature"]

    def test_about_several_vehicles_is_one_for_each_with_what_lies_beside_it(self, world: World) -> None:
        world.add_endpoint()
        both = [world.fleet.vehicle_id, world.fleet.other_vehicle_id]
        world.publish("telemetry.trip_ended", vehicle_ids=both, started_ms=[10, 20])
        world.deliver()
        told = sorted((got.data["vehicle_ids"], got.data["started_ms"]) for got in world.receiver.got)
        assert told == [([both[0]], [10]), ([both[1]], [20])]


@pytest.mark.usefixtures("verified_at")
class TestAReceiverThatFailsForAnHour:
    def test_gets_everything_later_once_each_and_in_order_for_each_subject(self, world: World) -> None:
        made = world.add_endpoint()
        began = world.now()

        def answer(got: Got) -> int:
            Webhook(made.secret).verify(got.body, got.headers)
            return 500 if world.now() - began < timedelta(hours=1) else 204

        world.receiver.answer = answer
        vehicles = [world.fleet.vehicle_id, world.fleet.other_vehicle_id]
        published: list[tuple[int, int]] = []
        for minute in range(0, 180, 6):
            for vehicle_id in vehicles:
                world.publish(STATUS, vehicle_id=vehicle_id, minute=minute)
                published.append((vehicle_id, minute))
            world.deliver()
            world.forward(timedelta(minutes=6))
        world.deliver()
        taken: defaultdict[int, list[int]] = defaultdict(list)
        for got in world.receiver.taken():
            taken[subject_of(got)].append(got.data["minute"])
        expected = list(range(0, 180, 6))
        assert dict(taken) == dict.fromkeys(vehicles, expected)
        assert len({got.id for got in world.receiver.taken()}) == len(published)
        assert {got.id for got in world.receiver.got} == {got.id for got in world.receiver.taken()}

    def test_gets_what_waits_at_once_when_it_takes_a_message_again(self, world: World) -> None:
        made = world.add_endpoint()
        world.receiver.answer = lambda got: 500
        world.publish(STATUS, vehicle_id=world.fleet.vehicle_id)
        for _ in range(4):
            world.deliver()
            world.forward(timedelta(minutes=30))
        world.receiver.answer = lambda got: 204
        with world.database.transaction() as session:
            service.ping(session, actor=ROOT, at=world.now(), endpoint_id=made.endpoint_id)
        world.deliver()
        assert [got.type for got in world.receiver.taken()] == ["webhooks.ping", STATUS]
        assert world.endpoint(made.endpoint_id).state == "open"


class TestAMessageThatWaits:
    def test_holds_back_later_ones_of_its_subject_and_no_others(self, world: World) -> None:
        world.add_endpoint()
        bad = world.fleet.vehicle_id
        world.receiver.answer = lambda got: 500 if subject_of(got) == bad else 204
        for number in range(3):
            for vehicle_id in (bad, world.fleet.other_vehicle_id):
                world.publish(STATUS, vehicle_id=vehicle_id, number=number)
        world.deliver()
        assert [got.data["number"] for got in world.receiver.got if subject_of(got) == bad] == [0]
        assert [got.data["number"] for got in world.receiver.taken()] == [0, 1, 2]

    def test_is_dead_after_the_last_try_and_its_subject_goes_on(self, world: World) -> None:
        world.add_endpoint()
        world.receiver.answer = lambda got: 500 if got.data.get("number") == 0 else 204
        for number in range(2):
            world.publish(STATUS, vehicle_id=world.fleet.vehicle_id, number=number)
        world.deliver()
        for _ in MARKS:
            world.forward_to_next_try()
            world.deliver()
        dead, delivered = world.messages()
        assert (dead.state, delivered.state) == (MessageState.DEAD, MessageState.DELIVERED)
        assert len(world.attempts(dead)) == len(MARKS) + 1
        assert [got.data["number"] for got in world.receiver.taken()] == [1]

    def test_keeps_its_id_when_it_is_sent_again_by_hand(self, world: World) -> None:
        made = world.add_endpoint()
        for number in range(2):
            world.publish(STATUS, vehicle_id=world.fleet.vehicle_id, number=number)
        world.deliver()
        with world.database.transaction() as session:
            again = Replay(state="finished", since=world.now() - timedelta(minutes=1))
            count = service.replay_messages(
                session, actor=ROOT, at=world.now(), endpoint_id=made.endpoint_id, wanted=again
            )
        world.deliver()
        assert count == 2
        ids = [got.id for got in world.receiver.taken()]
        assert ids[:2] == ids[2:]

    def test_is_neither_shown_to_nor_sent_again_by_whoever_may_not_read_what_it_is_about(self, world: World) -> None:
        made = world.add_endpoint(facts=[STATUS, "access.job_ordered"])
        world.publish(STATUS, vehicle_id=world.fleet.vehicle_id, number=1)
        world.publish("access.job_ordered", vehicle_id=world.fleet.vehicle_id, job_id=str(uuid.uuid4()))
        world.deliver()
        rights = frozenset({"webhooks:read", "webhooks:manage", "vehicles:read"})
        clerk = Actor("user", 1, "Clerk", grants=rights, parks=None)
        with world.database.transaction() as session:
            which: dict[str, Any] = {"at": world.now(), "endpoint_id": made.endpoint_id}
            shown = queries.list_messages(session.connection(), viewer=clerk, **which)
            again = Replay(state="finished", since=world.now() - timedelta(minutes=1))
            count = service.replay_messages(session, actor=clerk, wanted=again, **which)
        assert [message.name for message in shown] == [STATUS]
        assert count == 1


class TestTheReceiversAnswer:
    def test_410_disables_the_endpoint(self, world: World) -> None:
        made = world.add_endpoint()
        world.receiver.answer = lambda got: 410
        for number in range(2):
            world.publish(STATUS, vehicle_id=world.fleet.vehicle_id, number=number)
        world.deliver()
        world.forward(timedelta(days=1))
        world.deliver()
        assert len(world.receiver.got) == 1
        assert "410" in (world.endpoint(made.endpoint_id).disabled_why or "")

    def test_429_holds_all_messages_as_long_as_it_asks(self, world: World) -> None:
        world.add_endpoint()
        world.receiver.answer = lambda got: (429, {"retry-after": "120"})
        world.publish(STATUS, vehicle_id=world.fleet.vehicle_id)
        world.deliver()
        world.publish(STATUS, vehicle_id=world.fleet.other_vehicle_id)
        world.receiver.answer = lambda got: 204
        world.forward(timedelta(seconds=100))
        world.deliver()
        assert world.receiver.taken() == []
        world.forward(timedelta(seconds=30))
        world.deliver()
        assert len(world.receiver.taken()) == 2

    def test_a_redirect_is_not_followed(self, world: World) -> None:
        world.add_endpoint()
        world.receiver.answer = lambda got: (302, {"location": world.receiver.url})
        world.publish(STATUS, vehicle_id=world.fleet.vehicle_id)
        world.deliver()
        assert len(world.receiver.got) == 1
        [message] = world.messages()
        assert "redirect" in world.attempts(message)[0]["words"]

    def test_of_five_days_of_failures_disables_the_endpoint(self, world: World) -> None:
        made = world.add_endpoint()
        world.receiver.answer = lambda got: 500
        for day in range(7):
            world.publish(STATUS, vehicle_id=world.fleet.vehicle_id, day=day)
            world.deliver()
            world.forward(timedelta(days=1))
        endpoint = world.endpoint(made.endpoint_id)
        assert endpoint.disabled_at is not None
        assert endpoint.disabled_by is None
        assert "took nothing since" in (endpoint.disabled_why or "")


class TestEndpointsBesideEachOther:
    def test_are_not_held_up_by_one_that_hangs(self, world: World) -> None:
        world.timeout_s = 1.0
        released = threading.Event()
        world.add_endpoint(url=f"http://127.0.0.1:{world.receiver.port}/hangs")
        world.add_endpoint(url=f"http://127.0.0.1:{world.receiver.port}/well")
        seen: dict[str, list[float]] = defaultdict(list)

        def hang(handler: object) -> None:
            seen[handler.path].append(0)  # type: ignore[attr-defined]
            if handler.path == "/hangs":  # type: ignore[attr-defined]
                released.wait(10)
            else:
                handler.send_response(204)  # type: ignore[attr-defined]
                handler.end_headers()  # type: ignore[attr-defined]

        world.receiver.answer = lambda got: hang
        for _ in range(20):
            world.publish(STATUS, vehicle_id=world.fleet.vehicle_id)
        worker = world.worker()
        stop = threading.Event()
        thread = threading.Thread(target=worker.run, kwargs={"until": stop.is_set})
        thread.start()
        try:
            for _ in range(200):
                if len(seen["/well"]) == 20:
                    break
                stop.wait(0.05)
            assert len(seen["/well"]) == 20
            assert len(seen["/hangs"]) == 1
        finally:
            released.set()
            stop.set()
            thread.join()


class TestTwoWorkers:
    def test_never_send_one_message_at_the_same_time(self, world: World) -> None:
        world.add_endpoint()
        for number in range(60):
            vehicle_id = (world.fleet.vehicle_id, world.fleet.other_vehicle_id)[number % 2]
            world.publish(STATUS, vehicle_id=vehicle_id, number=number)
        stop = threading.Event()
        threads = [
            threading.Thread(target=world.worker(name).run, kwargs={"until": stop.is_set}) for name in ("one", "two")
        ]
        for thread in threads:
            thread.start()
        for _ in range(400):
            if len(world.receiver.answered) >= 60:
                break
            stop.wait(0.05)
        stop.set()
        for thread in threads:
            thread.join()
        assert world.receiver.overlapping == []
        numbers = [got.data["number"] for got in world.receiver.taken()]
        assert sorted(numbers) == list(range(60))
        for parity in (0, 1):
            own = [number for number in numbers if number % 2 == parity]
            assert own == sorted(own)

    def test_take_over_what_a_dead_one_had_in_its_hands(self, world: World) -> None:
        made = world.add_endpoint()
        world.publish(STATUS, vehicle_id=world.fleet.vehicle_id)
        dead, heir = world.worker("dead"), world.worker("heir")
        dead.read_facts()
        with world.database.transaction() as session:
            turn = service.take_turn(
                session,
                actor=ACTOR,
                at=world.now(),
                endpoint_id=made.endpoint_id,
                worker="dead",
                results=[],
                room=8,
                room_when_failing=1,
            )
        assert len(turn.claims) == 1
        world.deliver(heir)
        assert world.receiver.got == []
        world.forward(timedelta(seconds=46))
        world.deliver(heir)
        assert len(world.receiver.got) == 1
        with world.database.transaction() as session:
            assert session.scalars(sa.select(Message.state)).all() == [MessageState.DELIVERED]
