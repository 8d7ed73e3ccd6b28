"""Facts become messages once each, for those who may know of them; and what was lost is told."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import outbox
from core.errors import Conflict, Invalid
from core.identity import service as identity
from core.identity.models import ApiClient
from core.permissions import Actor
from core.webhooks import queries, service
from core.webhooks.delivery import ACTOR
from core.webhooks.gateway import Address
from core.webhooks.models import Endpoint, Message, MessageState
from core.webhooks.schemas import EndpointChange
from core.webhooks.service import reading
from tasks.webhooks import clear_old
from tests.conftest import ROOT
from tests.core.webhooks.world import World

STATUS = "vehicles.status_changed"


def read(world: World, endpoint_id: int) -> int:
    with world.database.transaction() as session:
        return service.read_facts(session, actor=ACTOR, at=world.now(), endpoint_id=endpoint_id)


class TestReadingFacts:
    def test_makes_one_message_of_each_however_many_read_and_commit_at_once(self, world: World) -> None:
        endpoint_id = world.add_endpoint().endpoint_id
        stop = threading.Event()

        def write(number: int) -> None:
            for index in range(20):
                with world.database.transaction() as session:
                    outbox.publish(
                        session, STATUS, at=world.now(), vehicle_id=world.fleet.vehicle_id, mark=number * 100 + index
                    )
                    stop.wait(0.001 * (number % 3))

        def keep_reading() -> None:
            while not stop.is_set():
                read(world, endpoint_id)

        readers = [threading.Thread(target=keep_reading) for _ in range(2)]
        writers = [threading.Thread(target=write, args=(number,)) for number in range(5)]
        for thread in [*readers, *writers]:
            thread.start()
        for thread in writers:
            thread.join()
        stop.set()
        for thread in readers:
            thread.join()
        read(world, endpoint_id)
        marks = [message.body["data"]["mark"] for message in world.messages()]
        assert sorted(marks) == sorted(number * 100 + index for number in range(5) for index in range(20))

    def test_begins_with_what_happens_after_the_endpoint_was_added(self, world: World) -> None:
        world.publish(STATUS, vehicle_id=world.fleet.vehicle_id)
        endpoint_id = world.add_endpoint().endpoint_id
        assert read(world, endpoint_id) == 0

    def test_leaves_out_batches_unless_they_are_named(self, world: World) -> None:
        all_but = world.add_endpoint().endpoint_id
        named = world.add_endpoint(facts=["telemetry.batch_stored"]).endpoint_id
        both = [world.fleet.vehicle_id, world.fleet.other_vehicle_id]
        world.publish("telemetry.batch_stored", vehicle_ids=both, since_ms=[1, 2])
        assert (read(world, all_but), read(world, named)) == (0, 1)
        [message] = world.messages()
        assert message.body["data"] == {"vehicle_ids": both, "since_ms": [1, 2]}

    def test_tells_what_is_of_no_vehicle_only_where_all_parks_are_seen(self, world: World) -> None:
        everywhere = world.add_endpoint().endpoint_id
        one_park = world.add_endpoint(park_ids=[world.fleet.park_id]).endpoint_id
        world.publish("events.geofence_added", geofence_id=7)
        assert (read(world, everywhere), read(world, one_park)) == (1, 0)
        [message] = world.messages()
        assert message.subject == "geofence:7"

    def test_tells_a_person_s_endpoint_what_that_person_could_read(self, world: World) -> None:
        person = Actor(
            "user",
            9,
            "Dora",
            grants=frozenset({"webhooks:manage", "vehicles:read"}),
            parks=frozenset({world.fleet.park_id}),
        )
        endpoint_id = world.add_endpoint(actor=person).endpoint_id
        world.publish(STATUS, vehicle_id=world.fleet.vehicle_id)
        world.publish(STATUS, vehicle_id=world.fleet.other_vehicle_id)
        world.publish("access.job_ordered", vehicle_id=world.fleet.vehicle_id, job_id="x")
        assert read(world, endpoint_id) == 1

    def test_tells_after_a_change_by_another_no_more_than_both_may_read(self, world: World) -> None:
        endpoint_id = world.add_endpoint().endpoint_id
        keeper = Actor("user", 9, "Dora", grants=frozenset({"webhooks:manage", "vehicles:read"}), parks=None)
        for url, told in ((None, 2), (f"{world.receiver.url}?of=dora", 1)):
            address = url and Address(url, "http", "127.0.0.1", world.receiver.port)
            change = EndpointChange(description="Same") if url is None else EndpointChange(url=url)
            with world.database.transaction() as session:
                service.change_endpoint(
                    session, actor=keeper, at=world.now(), endpoint_id=endpoint_id, change=change, address=address
                )
            world.publish(STATUS, vehicle_id=world.fleet.vehicle_id)
            world.publish("access.job_ordered", vehicle_id=world.fleet.vehicle_id, job_id="x")
            assert read(world, endpoint_id) == told

    def test_does_not_let_a_person_turn_a_client_s_endpoint_elsewhere(self, world: World) -> None:
        with world.database.transaction() as session:
            client = identity.create_client(
                session, actor=ROOT, at=world.now(), name="Theirs", scopes=["webhooks:manage", "vehicles:read"]
            )
        actor = Actor(
            "client", None, "Theirs", grants=frozenset({"webhooks:manage"}), parks=None, client_id=client.client_id
        )
        endpoint_id = world.add_endpoint(actor=actor).endpoint_id
        change = EndpointChange(facts=["access.job_ordered"])
        # A page shows the refusal and commits.
        with world.database.transaction() as session, pytest.raises(Conflict, match="belongs to the API client"):
            service.change_endpoint(
                session, actor=ROOT, at=world.now(), endpoint_id=endpoint_id, change=change, address=None
            )
        assert world.endpoint(endpoint_id).facts is None

    def test_goes_where_it_went_when_a_change_is_refused(self, world: World) -> None:
        endpoint_id = world.add_endpoint().endpoint_id
        address = Address(f"{world.receiver.url}?new", "http", "127.0.0.1", world.receiver.port)
        change = EndpointChange(url=address.url, facts=["no.such"])
        with world.database.transaction() as session, pytest.raises(Invalid):
            service.change_endpoint(
                session, actor=ROOT, at=world.now(), endpoint_id=endpoint_id, change=change, address=address
            )
        assert world.endpoint(endpoint_id).url == world.receiver.url

    def test_ends_when_the_client_is_closed(self, world: World) -> None:
        with world.database.transaction() as session:
            client = identity.create_client(
                session, actor=ROOT, at=world.now(), name="Gone", scopes=["webhooks:manage", "vehicles:read"]
            )
        actor = Actor(
            "client", None, "Gone", grants=frozenset({"webhooks:manage"}), parks=None, client_id=client.client_id
        )
        endpoint_id = world.add_endpoint(actor=actor).endpoint_id
        with world.database.transaction() as session:
            session.execute(sa.update(ApiClient).values(disabled_at=world.now()))
        world.publish(STATUS, vehicle_id=world.fleet.vehicle_id)
        assert read(world, endpoint_id) == 0
        assert world.endpoint(endpoint_id).disabled_why == "Its API client was closed."

    def test_stops_while_too_much_waits_and_goes_on_later(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading, "MOST_WAITING", 3)
        endpoint_id = world.add_endpoint().endpoint_id
        for _ in range(3):
            world.publish(STATUS, vehicle_id=world.fleet.vehicle_id)
        assert read(world, endpoint_id) == 3
        world.publish(STATUS, vehicle_id=world.fleet.vehicle_id)
        assert read(world, endpoint_id) == 0
        world.deliver()
        assert len(world.receiver.taken()) == 4


class TestFactsThatWereDropped:
    def test_are_told_of_by_a_message_and_on_the_endpoint(self, world: World) -> None:
        endpoint_id = world.add_endpoint().endpoint_id
        world.publish(STATUS, vehicle_id=world.fleet.vehicle_id, number=1)
        world.forward(timedelta(days=4))
        with world.database.transaction() as session:
            outbox.make_storage(session, at=world.now())
        with world.database.transaction() as session:
            outbox.drop_expired(session, at=world.now())
        world.publish(STATUS, vehicle_id=world.fleet.vehicle_id, number=2)
        assert read(world, endpoint_id) == 1
        missed, told = world.messages()
        assert missed.name == "webhooks.facts_missed"
        assert "dropped" in missed.body["data"]["why"]
        assert told.body["data"]["number"] == 2
        assert world.endpoint(endpoint_id).missed_at is not None

    def test_are_not_spoken_of_when_nothing_was_lost(self, world: World) -> None:
        endpoint_id = world.add_endpoint().endpoint_id
        for _ in range(5):
            world.forward(timedelta(days=1))
            read(world, endpoint_id)
        assert world.messages() == []

    def test_are_told_of_when_the_database_was_restored(self, world: World) -> None:
        endpoint_id = world.add_endpoint().endpoint_id
        with world.database.transaction() as session:
            session.execute(sa.update(Endpoint).values(read_epoch="another.1"))
        read(world, endpoint_id)
        read(world, endpoint_id)
        [missed] = world.messages()
        assert "restored" in missed.body["data"]["why"]


class TestStanding:
    def test_names_what_is_overdue_and_counts_who_needs_somebody(self, world: World) -> None:
        endpoint_id = world.add_endpoint().endpoint_id
        world.publish(STATUS, vehicle_id=world.fleet.vehicle_id)
        read(world, endpoint_id)
        world.forward(timedelta(minutes=5))
        with world.database.reading() as reader:
            standing = queries.check(reader, at=world.now())
        assert standing.overdue_since is not None
        assert (standing.disabled, standing.failing) == (0, 0)


class TestOldMessages:
    def test_are_cleared_the_delivered_after_a_month_and_the_dead_after_three(self, world: World) -> None:
        world.add_endpoint()
        world.receiver.answer = lambda got: 500 if got.data["number"] == 0 else 204
        for number in range(2):
            vehicle_id = (world.fleet.vehicle_id, world.fleet.other_vehicle_id)[number]
            world.publish(STATUS, vehicle_id=vehicle_id, number=number)
        world.deliver()
        with world.database.transaction() as session:
            dead = sa.update(Message).where(Message.state == MessageState.WAITING)
            session.execute(dead.values(state=MessageState.DEAD, next_at=None, finished_at=world.now()))
        assert clear_old(world.database, at=world.now() + timedelta(days=29)) == 0
        assert clear_old(world.database, at=world.now() + timedelta(days=31)) == 1
        assert [message.state for message in world.messages()] == [MessageState.DEAD]
        assert clear_old(world.database, at=world.now() + timedelta(days=91)) == 1
        assert world.messages() == []
