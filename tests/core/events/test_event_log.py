"""The event log: once each, never changed, corrected by what follows, and whose each event is."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import ProgrammingError

from core import vault
from core.db import Database
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.events import queries, service
from core.events.models import MatchState, RecordAct, RecordReason
from core.events.queries import LogQuery
from core.events.rules.matching import Holding, Match, match
from core.events.rules.records import content_of, find_problems, identity_of
from core.events.schemas import (
    Correction,
    EventSource,
    FineOffence,
    IncidentSeverity,
    IncidentType,
    NewFine,
    NewRepair,
    NewViolation,
    RepairWork,
    ViolationRule,
)
from core.permissions import ADMIN, OPERATOR, Actor
from core.privacy import service as privacy
from core.telemetry.models import trips
from tasks.event_records import rematch_assignment
from tests.conftest import ROOT, Fleet
from tests.core.events.log_world import HOUR, World

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def world(database: Database, fleet: Fleet, at: datetime) -> World:
    return World(database, fleet, at)


def fine(**more: Any) -> NewFine:
    told = {
        "vehicle_id": 1,
        "happened_at": NOON,
        "issuer": "City of Oakland",
        "number": "AB-1",
        "offence": FineOffence.SPEEDING,
        "amount_minor": 1,
        "currency": "USD",
    }
    return NewFine(**{**told, **more})


class TestAFineIsTheSame:
    def test_however_issuer_and_number_are_written(self) -> None:
        assert identity_of(fine(), park_id=1) == identity_of(
            fine(issuer="city of  OAKLAND", number="ab 1", amount_minor=5), park_id=1
        )

    def test_but_not_under_another_number_or_in_another_park(self) -> None:
        assert len({identity_of(fine(), park_id=1), identity_of(fine(number="AB-2"), park_id=1)}) == 2
        assert identity_of(fine(), park_id=1) != identity_of(fine(), park_id=2)

    def test_and_told_alike_in_any_zone(self) -> None:
        zone = NOON.astimezone().tzinfo
        assert content_of(fine()) == content_of(fine(happened_at=NOON.astimezone(zone)))
        assert content_of(fine()) != content_of(fine(amount_minor=2))
        assert content_of(fine()) == content_of(fine(words="Ana said so"))


class TestTheRules:
    @pytest.mark.parametrize(
        ("more", "field"),
        [
            ({"happened_at": NOON + timedelta(hours=2)}, "happened_at"),
            ({"happened_at": NOON.replace(year=2001)}, "happened_at"),
            ({"happened_until": NOON}, "happened_until"),
            ({"happened_until": NOON + timedelta(days=4)}, "happened_until"),
            ({"due_on": NOON.date() - timedelta(days=5)}, "due_on"),
            ({"number": "--"}, "number"),
        ],
    )
    def test_of_fines_name_the_field(self, more: dict[str, Any], field: str) -> None:
        assert set(find_problems(fine(**more), at=NOON + HOUR)) == {field}

    def test_let_a_good_one_through(self) -> None:
        assert find_problems(fine(), at=NOON) == {}

    def test_ask_for_who_broke_a_rule_and_for_a_whole_amount(self) -> None:
        told = NewViolation(happened_at=NOON, rule=ViolationRule.SMOKING, amount_minor=5)
        assert set(find_problems(told, at=NOON)) == {"vehicle_id", "currency"}


class TestWhoseItIs:
    holdings = (
        Holding(1, 7, NOON - 5 * HOUR, NOON),
        Holding(2, 8, NOON, NOON + 2 * HOUR),
        Holding(3, 8, NOON + 2 * HOUR, None),
    )

    @pytest.mark.parametrize(
        ("start", "end", "found"),
        [
            (-6, None, Match(MatchState.NOBODY)),
            (-5, None, Match(MatchState.MATCHED, 7, 1)),
            (0, None, Match(MatchState.MATCHED, 8, 2)),
            (99, None, Match(MatchState.MATCHED, 8, 3)),
            (-1, 1, Match(MatchState.AMBIGUOUS)),
            (-6, -1, Match(MatchState.AMBIGUOUS)),
            (-9, -6, Match(MatchState.NOBODY)),
            (1, 30, Match(MatchState.MATCHED, 8, 2)),
        ],
    )
    def test_follows_from_who_had_the_vehicle(self, start: int, end: int | None, found: Match) -> None:
        until = None if end is None else NOON + end * HOUR
        assert match(NOON + start * HOUR, until, self.holdings) == found

    @given(
        times=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10), st.integers(1, 3)), max_size=6),
        start=st.integers(0, 60),
        length=st.integers(1, 20),
    )
    def test_of_a_span_is_whoever_had_it_at_every_moment(
        self, times: list[tuple[int, int, int]], start: int, length: int
    ) -> None:
        holdings, free = [], 0
        for number, (gap, lasts, driver) in enumerate(times):
            begins = free + gap % 4
            free = begins + lasts
            holdings.append(Holding(number, driver, NOON + begins * HOUR, NOON + free * HOUR))
        moments = [match(NOON + n * HOUR, None, holdings).driver_id for n in range(start, start + length)]
        found = match(NOON + start * HOUR, NOON + (start + length) * HOUR, holdings)
        if set(moments) == {None}:
            assert found == Match(MatchState.NOBODY)
        elif len(set(moments)) == 1:
            assert (found.state, found.driver_id) == (MatchState.MATCHED, moments[0])
        else:
            assert found == Match(MatchState.AMBIGUOUS)


class TestAnEvent:
    def test_is_its_who_had_the_vehicle(self, world: World) -> None:
        line = world.get(world.record(world.fine())).line
        assert (line.driver_id, line.match_state, line.charge_minor) == (world.ana, MatchState.MATCHED, 12_000)

    def test_is_there_once_however_often_it_is_told(self, world: World) -> None:
        first = world.record(world.fine())
        assert world.record(world.fine(number="ab1")) == first
        assert len(world.log()) == 1

    def test_told_differently_names_the_one_that_is_there(self, world: World) -> None:
        first = world.record(world.fine())
        with pytest.raises(Conflict) as refused:
            world.record(world.fine(amount_minor=1))
        assert refused.value.facts["event_id"] == first

    def test_is_there_once_when_many_tell_it_at_once(self, world: World) -> None:
        found: list[int] = []
        crowd = [threading.Thread(target=lambda: found.append(world.record(world.fine()))) for _ in range(6)]
        for one in crowd:
            one.start()
        for one in crowd:
            one.join()
        assert len(found) == 6
        assert len(set(found)) == 1

    def test_breaking_a_rule_is_refused_with_its_field(self, world: World) -> None:
        with pytest.raises(Invalid) as refused:
            world.record(world.incident(what=IncidentType.THEFT, severity=IncidentSeverity.MINOR))
        assert set(refused.value.fields) == {"severity"}

    def test_of_another_park_does_not_exist(self, world: World) -> None:
        other = world.record(world.fine(vehicle_id=world.fleet.other_vehicle_id), actor=ROOT)
        with pytest.raises(NotFound):
            world.get(other)
        with pytest.raises(NotFound):
            world.record(world.fine(vehicle_id=world.fleet.other_vehicle_id))
        with pytest.raises(NotFound):
            world.do(service.withdraw_event, event_id=other, reason=RecordReason.DUPLICATE, source=EventSource.OFFICE)

    def test_is_not_for_who_lacks_the_right(self, world: World) -> None:
        with pytest.raises(Forbidden):
            world.record(world.fine(), actor=world.ana_self)

    def test_that_is_a_repair_charges_nobody(self, world: World) -> None:
        repair = NewRepair(
            vehicle_id=world.car,
            happened_at=world.at,
            work=RepairWork.BRAKES,
            reference="R-7",
            amount_minor=5,
            currency="USD",
        )
        assert world.get(world.record(repair)).line.charge_minor is None

    def test_holds_the_words_about_a_person_sealed_under_the_persons_key(self, world: World) -> None:
        event_id = world.record(world.fine(words="Ana was late for her doctor"))
        assert world.get(event_id).words == "Ana was late for her doctor"
        with world.database.reading() as reader:
            tables = ("events_records", "events_logged", "audit_entries", "outbox_facts")
            kept = "".join(str(reader.execute(sa.text(f"SELECT t::text FROM {name} t")).all()) for name in tables)
        assert "doctor" not in kept
        assert b"doctor".hex() not in kept
        with world.database.transaction() as session:
            vault.erase_key(session, key_id=world.key_of(world.ana), at=world.at)
        assert world.get(event_id).words is None
        assert world.get(event_id).line.amount_minor == 12_000

    def test_forgets_words_from_before_its_driver_was_known(self, world: World) -> None:
        event_id = world.record(world.fine(hours_ago=30, words="A man with a red beard"))
        assert world.get(event_id).words == "A man with a red beard"
        world.do(service.decide_driver, event_id=event_id, driver_id=world.ben)
        world.do(privacy.erase_driver, actor=ROOT, driver_id=world.ben, why="asked")
        assert world.get(event_id).words is None
        assert world.get(event_id).line.driver_id == world.ben


class TestTheLog:
    @pytest.mark.parametrize(
        "table", ["events_records", "events_identities", "events_matches", "events_incident_steps", "events_logged"]
    )
    def test_loses_nothing(self, world: World, table: str) -> None:
        world.record(world.incident())
        with pytest.raises(ProgrammingError), world.database.transaction() as session:
            session.execute(sa.text(f"DELETE FROM {table}"))

    def test_is_never_rewritten(self, world: World) -> None:
        world.record(world.fine())
        for change in ("events_records SET source = 'api'", "events_matches SET driver_id = NULL"):
            with pytest.raises(ProgrammingError), world.database.transaction() as session:
                session.execute(sa.text(f"UPDATE {change}"))

    def test_shows_a_driver_the_trips_of_the_time_they_had_the_vehicle(self, world: World) -> None:
        event_id = world.record(world.fine())
        trip = {"distance_m": 5, "moving_s": 5, "idle_s": 0, "max_speed_kmh": 9, "point_count": 2}
        with world.database.transaction() as session:
            for hours in (-30, -4, -1):
                began = world.at + hours * HOUR
                session.execute(
                    sa.insert(trips).values(vehicle_id=world.car, started_at=began, changed_at=world.at, **trip)
                )
        found = world.log(driver_id=world.ana)
        assert [(line.kind, line.driver_id) for line in found] == [("trip", 1), ("fine", 1), ("trip", 1)]
        assert len(world.log(vehicle_id=world.car)) == 4
        assert [line.key for line in world.log(park_id=world.fleet.park_id)] == [str(event_id)]

    def test_comes_in_pages_that_miss_and_repeat_nothing(self, world: World) -> None:
        moment = world.at - HOUR
        for number in range(7):
            world.record(world.fine(number=f"N{number}", happened_at=moment))
        seen, after = [], None
        with world.database.reading() as reader:
            while page := queries.list_log(reader, viewer=world.clerk, query=LogQuery(), after=after, most=3):
                seen += [line.key for line in page]
                after = page[-1].place
        assert len(seen) == len(set(seen)) == 7

    def test_is_filtered(self, world: World) -> None:
        fine_id, crash = world.record(world.fine()), world.record(world.incident(hours_ago=40))
        assert [line.key for line in world.log(kinds=frozenset({"fine"}))] == [str(fine_id)]
        assert [line.key for line in world.log(is_waiting=True)] == [str(crash)]
        assert [line.key for line in world.log(since=world.at - 9 * HOUR)] == [str(fine_id)]
        assert world.log(disputed=True) == []

    def test_of_a_driver_out_of_sight_is_not_there(self, world: World) -> None:
        stranger = Actor("user", 99, "Far", roles=frozenset({OPERATOR}), parks=frozenset({world.fleet.other_park_id}))
        for asked in ({"driver_id": world.ana}, {"vehicle_id": world.car}, {"park_id": world.fleet.park_id}):
            with pytest.raises(NotFound):
                world.log(viewer=stranger, **asked)
        world.record(world.fine())
        assert world.log(viewer=stranger) == []


class TestACorrection:
    def test_takes_the_place_of_what_was_told_and_leaves_it_readable(self, world: World) -> None:
        event_id = world.record(world.fine())
        new = Correction(reason=RecordReason.TYPING_ERROR, record=world.fine(amount_minor=9_000))
        world.do(service.correct_event, event_id=event_id, correction=new, source=EventSource.OFFICE)
        found = world.get(event_id)
        assert (found.line.amount_minor, found.line.charge_minor) == (9_000, 9_000)
        assert [(one.act, one.told["amount_minor"]) for one in found.versions] == [
            (RecordAct.RECORDED, 12_000),
            (RecordAct.CORRECTED, 9_000),
        ]

    def test_finds_out_anew_whose_it_is(self, world: World) -> None:
        event_id = world.record(world.fine())
        new = Correction(reason=RecordReason.OTHER_FACTS, record=world.fine(hours_ago=48))
        world.do(service.correct_event, event_id=event_id, correction=new, source=EventSource.OFFICE)
        found = world.get(event_id)
        assert found.line.match_state is MatchState.NOBODY
        assert [one.driver_id for one in found.matches] == [world.ana, None]

    def test_may_not_make_it_another_event(self, world: World) -> None:
        first, second = world.record(world.fine("AB-1")), world.record(world.fine("AB-2"))
        new = Correction(reason=RecordReason.TYPING_ERROR, record=world.fine("AB-1"))
        with pytest.raises(Conflict) as refused:
            world.do(service.correct_event, event_id=second, correction=new, source=EventSource.OFFICE)
        assert refused.value.facts["event_id"] == first

    def test_leaves_what_was_told_before_known(self, world: World) -> None:
        event_id = world.record(world.fine())
        new = Correction(reason=RecordReason.TYPING_ERROR, record=world.fine("AB-9", amount_minor=1))
        world.do(service.correct_event, event_id=event_id, correction=new, source=EventSource.OFFICE)
        assert world.record(world.fine()) == event_id
        assert world.record(world.fine("AB-9", amount_minor=1)) == event_id

    def test_is_not_for_a_withdrawn_event(self, world: World) -> None:
        event_id = world.record(world.fine())
        withdraw = {"event_id": event_id, "reason": RecordReason.DUPLICATE, "source": EventSource.OFFICE}
        world.do(service.withdraw_event, **withdraw)
        found = world.get(event_id)
        assert (found.line.charge_minor, found.versions[-1].act) == (0, RecordAct.WITHDRAWN)
        assert world.log() == []
        assert len(world.log(withdrawn=True)) == 1
        with pytest.raises(Conflict):
            world.do(service.withdraw_event, **withdraw)
        assert world.record(world.fine()) == event_id


class TestAChangedAssignment:
    def test_moves_what_nobody_decided(self, world: World) -> None:
        event_id = world.record(world.fine(hours_ago=30))
        assert world.get(event_id).line.match_state is MatchState.NOBODY
        world.give(world.ben, -31, -25)
        assert rematch_assignment(world.database, at=world.at, vehicle_id=world.car, assignment_id=None) == 1
        found = world.get(event_id)
        assert (found.line.driver_id, len(found.matches)) == (world.ben, 2)
        assert rematch_assignment(world.database, at=world.at, vehicle_id=world.car, assignment_id=None) == 0

    def test_leaves_what_a_person_decided(self, world: World) -> None:
        event_id = world.record(world.fine(hours_ago=30))
        world.do(service.decide_driver, event_id=event_id, driver_id=world.ana)
        world.give(world.ben, -31, -25)
        assert rematch_assignment(world.database, at=world.at, vehicle_id=world.car, assignment_id=None) == 0
        assert world.get(event_id).line.driver_id == world.ana

    def test_is_no_right_of_people(self, world: World) -> None:
        with pytest.raises(Forbidden):
            world.do(
                service.rematch_vehicles,
                actor=Actor("user", 1, "A", roles=frozenset({ADMIN}), parks=None),
                vehicle_ids=[1],
            )
