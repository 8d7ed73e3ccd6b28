"""Disputes freeze what is charged until somebody else has decided."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.db import Database
from core.drivers import service as drivers
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.events import queries, service
from core.events.models import DisputeEffect, DisputeGround, DisputeState, RecordReason
from core.events.rules.disputes import MAY_DISPUTE_FOR, charge_after, find_obstacle
from core.events.schemas import Correction, EventSource
from core.events.service import Upload
from tasks.event_records import rematch_assignment
from tests.conftest import ROOT, Fleet
from tests.core.events.log_world import PNG, World


@pytest.fixture
def world(database: Database, fleet: Fleet, at) -> World:
    return World(database, fleet, at)


def dispute(world: World, event_id: int, *, later: float = 0, uploads: tuple[Upload, ...] = ()) -> int:
    return world.do(
        service.dispute_own_event,
        actor=world.ana_self,
        later=later,
        event_id=event_id,
        ground=DisputeGround.NOT_ME,
        words="I was at home with my mother",
        uploads=uploads,
    )


def decide(world: World, dispute_id: int, effect: DisputeEffect, *, by=None, to: int | None = None) -> None:
    world.do(
        service.decide_dispute,
        actor=by or world.chief,
        dispute_id=dispute_id,
        effect=effect,
        reasons="The photo shows somebody else",
        charge_minor=to,
    )


class TestTheRules:
    def test_give_the_driver_thirty_days(self, at) -> None:
        told = {"known_since": at, "is_withdrawn": False, "is_open": False}
        assert find_obstacle(at=at + MAY_DISPUTE_FOR, is_office=False, **told) is None
        late = at + MAY_DISPUTE_FOR + timedelta(seconds=1)
        assert "30 days" in (find_obstacle(at=late, is_office=False, **told) or "")
        assert find_obstacle(at=late, is_office=True, **told) is None

    @pytest.mark.parametrize(
        ("effect", "to", "charge"),
        [
            (DisputeEffect.CHARGE_STANDS, None, 100),
            (DisputeEffect.CHARGE_REDUCED, 40, 40),
            (DisputeEffect.CHARGE_DROPPED, None, 0),
        ],
    )
    def test_say_what_is_charged_then(self, effect: DisputeEffect, to: int | None, charge: int) -> None:
        assert charge_after(effect, amount_minor=100, charge_minor=100, reduced_to=to) == charge

    @pytest.mark.parametrize("to", [None, 0, 100, 500])
    def test_take_no_reduction_that_is_none(self, to: int | None) -> None:
        with pytest.raises(ValueError, match="less"):
            charge_after(DisputeEffect.CHARGE_REDUCED, amount_minor=100, charge_minor=100, reduced_to=to)


class TestADispute:
    def test_freezes_what_is_charged_until_it_is_decided(self, world: World) -> None:
        event_id = world.record(world.fine())
        opened = dispute(world, event_id)
        assert world.get(event_id).line.is_frozen
        assert [line.key for line in world.log(disputed=True)] == [str(event_id)]
        world.do(service.review_dispute, dispute_id=opened)
        decide(world, opened, DisputeEffect.CHARGE_REDUCED, to=5_000)
        found = world.get(event_id)
        assert (found.line.is_frozen, found.line.charge_minor) == (False, 5_000)
        assert found.disputes[0].state is DisputeState.PARTLY_ACCEPTED
        assert found.disputes[0].reasons == "The photo shows somebody else"

    def test_is_decided_by_nobody_who_had_a_hand_in_it(self, world: World) -> None:
        opened = dispute(world, world.record(world.fine()))
        with pytest.raises(Forbidden, match="Somebody else"):
            decide(world, opened, DisputeEffect.CHARGE_STANDS, by=world.clerk)

    def test_is_decided_once(self, world: World) -> None:
        opened = dispute(world, world.record(world.fine()))
        decide(world, opened, DisputeEffect.CHARGE_DROPPED)
        with pytest.raises(Conflict, match="ended"):
            decide(world, opened, DisputeEffect.CHARGE_STANDS)

    def test_is_the_only_one_at_a_time(self, world: World) -> None:
        event_id = world.record(world.fine())
        opened = dispute(world, event_id)
        with pytest.raises(Conflict, match="disputed already"):
            dispute(world, event_id)
        decide(world, opened, DisputeEffect.CHARGE_STANDS)
        assert dispute(world, event_id) != opened

    def test_comes_too_late_after_thirty_days(self, world: World) -> None:
        with pytest.raises(Conflict, match="30 days"):
            dispute(world, world.record(world.fine()), later=31 * 24)

    def test_is_for_one_s_own_events_alone(self, world: World) -> None:
        of_nobody = world.record(world.fine(hours_ago=99))
        with pytest.raises(NotFound):
            dispute(world, of_nobody)
        with world.database.reading() as reader, pytest.raises(NotFound):
            queries.get_own_event(reader, viewer=world.ana_self, event_id=of_nobody)

    def test_keeps_the_words_and_photos_for_who_may_see_them(self, world: World) -> None:
        event_id = world.record(world.fine())
        dispute(world, event_id, uploads=(Upload("home.png", PNG),))
        found = world.get(event_id).disputes[0]
        assert (found.words, found.files[0].name) == ("I was at home with my mother", "home.png")
        with world.database.reading() as reader:
            file_id = found.files[0].id
            own = queries.get_own_event_file(reader, viewer=world.ana_self, event_id=event_id, file_id=file_id)
            assert own.content == PNG
            seen = queries.get_event_file(reader, viewer=world.clerk, event_id=event_id, file_id=file_id)
            assert seen.content == PNG
            with pytest.raises(NotFound):
                queries.get_event_file(reader, viewer=world.clerk, event_id=event_id + 1, file_id=file_id)
            kept = str(reader.execute(sa.text("SELECT t::text FROM events_disputes t")).all())
        assert b"mother".hex() not in kept

    def test_needs_words(self, world: World) -> None:
        with pytest.raises(Invalid):
            world.do(
                service.dispute_event,
                event_id=world.record(world.fine()),
                ground=DisputeGround.OTHER,
                words=" ",
            )

    def test_can_be_taken_back(self, world: World) -> None:
        event_id = world.record(world.fine())
        opened = dispute(world, event_id)
        world.do(service.take_back_dispute, actor=world.ana_self, dispute_id=opened)
        found = world.get(event_id)
        assert (found.line.is_frozen, found.disputes[0].state) == (False, DisputeState.TAKEN_BACK)

    def test_is_won_when_the_event_is_withdrawn(self, world: World) -> None:
        event_id = world.record(world.fine())
        dispute(world, event_id)
        world.do(
            service.withdraw_event,
            event_id=event_id,
            reason=RecordReason.WITHDRAWN_BY_ISSUER,
            source=EventSource.OFFICE,
        )
        found = world.get(event_id)
        assert (found.line.is_frozen, found.disputes[0].state) == (False, DisputeState.ACCEPTED)

    def test_holds_the_event_where_it_is(self, world: World) -> None:
        event_id = world.record(world.fine())
        dispute(world, event_id)
        with pytest.raises(Conflict, match="disputed"):
            world.do(service.decide_driver, event_id=event_id, driver_id=world.ben)
        with pytest.raises(Conflict, match="disputed"):
            world.do(
                service.correct_event,
                event_id=event_id,
                correction=Correction(reason=RecordReason.OTHER_FACTS, record=world.fine(hours_ago=48)),
                source=EventSource.OFFICE,
            )

    def test_outlasts_a_change_of_the_assignment_it_follows_from(self, world: World) -> None:
        lately = world.fine(hours_ago=-1)
        told = world.do(service.record_event, later=2, new=lately, source=EventSource.OFFICE)
        dispute(world, told.event_id, later=2)
        world.do(drivers.end_assignment, actor=ROOT, later=0.5, driver_id=world.ana)
        asked = {"at": world.at, "vehicle_id": world.car, "assignment_id": None}
        assert rematch_assignment(world.database, **asked) == 0
        decide(world, world.get(told.event_id).disputes[0].id, DisputeEffect.CHARGE_STANDS)
        assert rematch_assignment(world.database, **asked) == 1
        assert world.get(told.event_id).line.driver_id is None
