"""The file of an incident: what is in it, how it goes on, and who answers for it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from core.access import queries as access
from core.config import StandingThresholds
from core.db import Database
from core.errors import Conflict, Invalid, NotFound
from core.events import queries, service
from core.events.models import CostKind, IncidentAct, IncidentState, RecordReason
from core.events.rules.incidents import NEXT, FileState, find_obstacle, list_missing
from core.events.schemas import (
    EventSource,
    IncidentSeverity,
    IncidentType,
    NewCost,
    NewParty,
    NewShare,
    NewShares,
)
from core.permissions import system
from tasks.event_records import judge_incident
from tests.conftest import Fleet
from tests.core.events.log_world import PNG, World

EMPTY = FileState(
    what=IncidentType.COLLISION,
    severity=IncidentSeverity.SERIOUS,
    injured_count=1,
    photo_count=0,
    cost_count=0,
    share_count=0,
    fault_pct=0,
    party_count=0,
    has_police_number=False,
    has_claim_number=False,
)
LOOKER = system("looker", "access:read")


@pytest.fixture
def world(database: Database, fleet: Fleet, at) -> World:
    return World(database, fleet, at)


@pytest.fixture
def event_id(world: World) -> int:
    return world.record(world.incident())


def shares(*told: tuple[int, int]) -> NewShares:
    return NewShares(shares=[NewShare(driver_id=driver_id, fault_pct=pct) for driver_id, pct in told])


def move(world: World, event_id: int, *states: IncidentState) -> None:
    for to in states:
        world.do(service.move_incident, event_id=event_id, to=to)


class TestTheWay:
    def test_is_told_of_everything_that_is_missing(self) -> None:
        assert list_missing(EMPTY) == [
            "photos",
            "police_number",
            "third_party",
            "responsible",
            "costs",
            "claim_number",
        ]

    def test_leads_out_of_every_state(self) -> None:
        assert set(NEXT) == set(IncidentState)
        for now, states in NEXT.items():
            assert states
            for to in set(IncidentState) - set(states):
                assert find_obstacle(now, to, ()) is not None

    def test_waits_for_who_answers_for_it(self) -> None:
        now, to = IncidentState.UNDER_REVIEW, IncidentState.DECIDED
        assert "answers for it" in (find_obstacle(now, to, ["responsible"]) or "")
        assert find_obstacle(now, to, ["photos", "costs"]) is None


class TestAFile:
    def test_goes_from_reported_to_closed(self, world: World, event_id: int) -> None:
        move(world, event_id, IncidentState.UNDER_REVIEW)
        with pytest.raises(Conflict, match="answers for it"):
            move(world, event_id, IncidentState.DECIDED)
        world.do(service.set_shares, event_id=event_id, new=shares((world.ana, 70)))
        move(world, event_id, IncidentState.DECIDED)
        with pytest.raises(Conflict, match="costs"):
            move(world, event_id, IncidentState.CLOSED)
        cost = NewCost(kind=CostKind.REPAIR, amount_minor=90_000, currency="USD")
        world.do(service.add_cost, event_id=event_id, new=cost)
        move(world, event_id, IncidentState.CLOSED)
        with pytest.raises(Conflict, match="closed"):
            world.do(service.add_cost, event_id=event_id, new=cost)
        file = world.get(event_id).incident
        assert file is not None
        assert (file.state, file.cost_minor, file.currency) == (IncidentState.CLOSED, 90_000, "USD")
        assert [step.act for step in file.steps] == [
            IncidentAct.REPORTED,
            IncidentAct.MOVED,
            IncidentAct.SHARES_SET,
            IncidentAct.MOVED,
            IncidentAct.COST_ADDED,
            IncidentAct.MOVED,
        ]

    def test_strikes_a_cost_and_keeps_the_line(self, world: World, event_id: int) -> None:
        cost = NewCost(kind=CostKind.TOWING, amount_minor=100, currency="USD")
        cost_id = world.do(service.add_cost, event_id=event_id, new=cost)
        with pytest.raises(Invalid, match="not added"):
            world.do(service.add_cost, event_id=event_id, new=NewCost(kind="towing", amount_minor=1, currency="EUR"))
        world.do(service.strike_cost, event_id=event_id, cost_id=cost_id)
        file = world.get(event_id).incident
        assert file is not None
        assert (file.cost_minor, len(file.costs)) == (0, 1)

    @pytest.mark.parametrize("told", [((1, 60), (2, 60)), ((1, 10), (1, 10))])
    def test_takes_no_shares_beyond_the_whole_or_twice(
        self, world: World, event_id: int, told: tuple[tuple[int, int], ...]
    ) -> None:
        with pytest.raises(Invalid):
            world.do(service.set_shares, event_id=event_id, new=shares(*told))

    def test_keeps_third_parties_and_numbers_sealed(self, world: World, event_id: int) -> None:
        party = NewParty(name="Zoe Quimby", plate="9XYZ", insurer="Acme")
        world.do(service.add_party, event_id=event_id, new=party)
        world.do(service.set_references, event_id=event_id, police_number="PD-5551", claim_number=" ")
        file = world.get(event_id).incident
        assert file is not None
        assert (file.parties, file.police_number, file.claim_number) == ([party], "PD-5551", None)
        with world.database.reading() as reader:
            tables = ("events_incident_parties", "events_incidents", "events_incident_steps", "audit_entries")
            kept = "".join(str(reader.execute(sa.text(f"SELECT t::text FROM {name} t")).all()) for name in tables)
        for secret in ("Quimby", "PD-5551"):
            assert secret not in kept
            assert secret.encode().hex() not in kept

    def test_takes_photos_and_no_programs(self, world: World, event_id: int) -> None:
        file_id = world.do(service.add_photo, event_id=event_id, name="dent.png", content=PNG)
        with world.database.reading() as reader:
            assert queries.get_event_file(reader, viewer=world.clerk, event_id=event_id, file_id=file_id).content == PNG
        with pytest.raises(Invalid):
            world.do(service.add_photo, event_id=event_id, name="a.png", content=b"MZ\x90\x00 program")

    def test_is_there_for_incidents_alone(self, world: World) -> None:
        fine = world.record(world.fine())
        assert world.get(fine).incident is None
        with pytest.raises(NotFound):
            move(world, fine, IncidentState.UNDER_REVIEW)


class TestWhoAnswersForIt:
    def told(self, world: World, driver_id: int) -> dict[str, Any] | None:
        with world.database.reading() as reader:
            facts = access.list_driver_facts(reader, viewer=LOOKER, driver_id=driver_id)
        return next((fact.value for fact in facts if fact.withdrawn_at is None), None)

    def judge(self, world: World, event_id: int, minutes: int = 0) -> None:
        moment = world.at.replace(microsecond=minutes)
        judge_incident(world.database, at=moment, event_id=event_id, thresholds=StandingThresholds())

    def test_is_whoever_had_the_vehicle_until_shares_are_set(self, world: World, event_id: int) -> None:
        self.judge(world, event_id, 1)
        told = self.told(world, world.ana)
        assert told is not None
        assert (told["severity"], told["resolved_at"]) == ("serious", None)
        with world.database.reading() as reader:
            assert access.get_standing(reader, viewer=LOOKER, driver_id=world.ana, at=world.at).status == "suspended"
        world.do(service.set_shares, event_id=event_id, new=shares((world.ana, 0), (world.ben, 50)))
        self.judge(world, event_id, 2)
        assert self.told(world, world.ana) is None
        assert self.told(world, world.ben) is not None

    def test_has_it_cleared_up_when_it_is_decided(self, world: World, event_id: int) -> None:
        world.do(service.set_shares, event_id=event_id, new=shares((world.ana, 50)))
        move(world, event_id, IncidentState.UNDER_REVIEW, IncidentState.DECIDED)
        self.judge(world, event_id)
        told = self.told(world, world.ana)
        assert told is not None
        assert told["resolved_at"] is not None

    def test_is_nobody_when_it_is_withdrawn(self, world: World, event_id: int) -> None:
        self.judge(world, event_id, 1)
        world.do(service.withdraw_event, event_id=event_id, reason=RecordReason.DUPLICATE, source=EventSource.OFFICE)
        self.judge(world, event_id, 2)
        assert self.told(world, world.ana) is None

    def test_is_told_once(self, world: World, event_id: int) -> None:
        for minute in (1, 2):
            self.judge(world, event_id, minute)
        with world.database.reading() as reader:
            query = "SELECT count(*) FROM audit_entries WHERE action = 'access.driver_fact_noted'"
            assert reader.execute(sa.text(query)).scalar() == 1
