"""Where a vehicle may go from where it stands."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from threading import Barrier, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.db import Database
from core.errors import Conflict, Invalid, PreconditionFailed, Refusal
from core.permissions import Actor
from core.vehicles import queries, rules, service
from core.vehicles.schemas import VehicleStatus
from tests.conftest import ROOT, Fleet

STATUSES = st.sampled_from(list(VehicleStatus))
PROGRAM = Actor("client", 1, "Program", grants=frozenset({"vehicles:change_status"}), parks=None, client_id="erp-1")


def change(database: Database, fleet: Fleet, at: datetime, status: str, **how: object) -> None:
    actor, reason = how.pop("actor", ROOT), how.pop("reason", "It is so")
    with database.transaction() as session:
        service.change_status(
            session,
            actor=actor,
            at=at,
            vehicle_id=fleet.vehicle_id,
            status=VehicleStatus(status),
            reason=reason,
            **how,
        )


def history(database: Database, fleet: Fleet) -> list[str]:
    with database.reading() as reader:
        changes = queries.list_status_changes(reader, viewer=ROOT, vehicle_id=fleet.vehicle_id)
    return [str(one["status"]) for one in changes]


class TestAStatus:
    @given(STATUSES, STATUSES)
    def test_is_refused_exactly_where_it_is_not_offered(self, before: VehicleStatus, after: VehicleStatus) -> None:
        offered = after in rules.list_next_statuses(before)
        assert (rules.find_status_problem(before, after) is None) is offered

    @given(st.lists(STATUSES, max_size=12))
    def test_never_returns_to_the_beginning_nor_from_the_end(self, wanted: list[VehicleStatus]) -> None:
        status, life = VehicleStatus.ONBOARDING, [VehicleStatus.ONBOARDING]
        for after in wanted:
            if rules.find_status_problem(status, after) is None:
                status = after
                life.append(after)
        assert life.count(VehicleStatus.ONBOARDING) == 1
        assert VehicleStatus.WRITTEN_OFF not in life[:-1]

    @given(STATUSES)
    def test_is_never_the_end_by_a_program(self, before: VehicleStatus) -> None:
        assert rules.find_status_problem(before, VehicleStatus.WRITTEN_OFF, is_program=True) is not None


class TestChangingAStatus:
    def test_of_a_rented_vehicle_does_not_write_it_off(self, database: Database, fleet: Fleet, at: datetime) -> None:
        change(database, fleet, at, "rented")
        with pytest.raises(Conflict, match="End that first") as refusal:
            change(database, fleet, at, "written_off")
        assert refusal.value.facts == {"vehicle_status": "rented"}
        change(database, fleet, at, "blocked")
        change(database, fleet, at, "written_off")
        assert history(database, fleet)[:3] == ["written_off", "blocked", "rented"]

    def test_to_what_it_is_writes_nothing(self, database: Database, fleet: Fleet, at: datetime) -> None:
        change(database, fleet, at, "blocked")
        told = history(database, fleet)
        change(database, fleet, at, "blocked")
        assert history(database, fleet) == told

    @pytest.mark.parametrize("reason", ["", "  \n", "ab", "x" * 501])
    def test_needs_a_reason(self, database: Database, fleet: Fleet, at: datetime, reason: str) -> None:
        with pytest.raises(Invalid) as refusal:
            change(database, fleet, at, "blocked", reason=reason)
        assert set(refusal.value.fields) == {"reason"}

    def test_by_a_program_ends_no_life(self, database: Database, fleet: Fleet, at: datetime) -> None:
        change(database, fleet, at, "blocked", actor=PROGRAM)
        with pytest.raises(Conflict, match="by a person only"):
            change(database, fleet, at, "written_off", actor=PROGRAM)

    def test_is_refused_when_somebody_was_faster(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with pytest.raises(PreconditionFailed):
            change(database, fleet, at, "blocked", versions={99})

    def test_of_many_at_once_leaves_one_end(self, database: Database, fleet: Fleet, at: datetime) -> None:
        wanted = ["written_off", "available", "blocked", "rented", "in_repair"] * 2
        ready, refused = Barrier(len(wanted)), []

        def try_it(status: str) -> None:
            ready.wait()
            try:
                change(database, fleet, at, status)
            except Refusal:
                refused.append(status)

        threads = [Thread(target=try_it, args=(status,)) for status in wanted]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told = list(reversed(history(database, fleet)))
        assert all(rules.find_status_problem(before, after) is None for before, after in pairwise(told))
