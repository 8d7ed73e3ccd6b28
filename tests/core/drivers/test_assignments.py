"""Planning, moving, ending and exchanging assignments, and what PostgreSQL itself refuses."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, ProgrammingError

from core.db import Database
from core.drivers import queries, service
from core.drivers.models import AccessStatus, AssignmentAct, AssignmentKind, ChangeReason
from core.drivers.rules.assignments import AssignmentState
from core.drivers.schemas import AssignmentChange, NewDriver
from core.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed, Refusal
from core.permissions import DRIVER, OPERATOR, Actor, system
from core.vehicles import service as vehicles
from core.vehicles.models import VehicleStatus
from core.vehicles.schemas import NewVehicle
from tests.conftest import ROOT, Fleet

HOUR = timedelta(hours=1)


class Plan:
    """A fleet of three drivers and three free vehicles of one park, and the verbs about them."""

    def __init__(self, database: Database, fleet: Fleet, at: datetime) -> None:
        self.database, self.at = database, at
        with database.transaction() as session:
            self.drivers = [
                service.register_driver(
                    session,
                    actor=ROOT,
                    at=at,
                    new=NewDriver(name=f"Person {n}", phone=f"+1415555020{n}", park_id=fleet.park_id),
                )
                for n in range(3)
            ]
            self.vehicles = [
                vehicles.register_vehicle(
                    session, actor=ROOT, at=at, new=NewVehicle(vin=vin, model="Vue", park_id=fleet.park_id)
                )
                for vin in ("WVWZZZ1JZXW000001", "WVWZZZ1JZXW000002", "WVWZZZ1JZXW000003")
            ]

    def make(self, vehicle: int, driver: int, start: float, end: float | None, *, actor: Actor = ROOT) -> int:
        with self.database.transaction() as session:
            return service.assign_vehicle(
                session,
                actor=actor,
                at=self.at,
                driver_id=self.drivers[driver],
                vehicle_id=self.vehicles[vehicle],
                kind=AssignmentKind.RENTAL if end is None or end - start > 24 else AssignmentKind.SHIFT,
                starts_at=self.at + start * HOUR,
                ends_at=None if end is None else self.at + end * HOUR,
            )

    def times(self, vehicle: int, driver: int, start: float, end: float | None) -> AssignmentChange:
        return AssignmentChange(
            vehicle_id=self.vehicles[vehicle],
            driver_id=self.drivers[driver],
            starts_at=self.at + start * HOUR,
            ends_at=None if end is None else self.at + end * HOUR,
        )

    def change(
        self, assignment_id: int, times: AssignmentChange, *, versions: set[int] | None = None, later: float = 0
    ) -> bool:
        with self.database.transaction() as session:
            return service.change_assignment(
                session,
                actor=ROOT,
                at=self.at + later * HOUR,
                assignment_id=assignment_id,
                change=times,
                versions=versions,
            )

    def get(self, assignment_id: int) -> queries.AssignmentRecord:
        with self.database.reading() as reader:
            return queries.get_assignment(reader, viewer=ROOT, assignment_id=assignment_id)

    def suspend(self, driver: int, words: str | None = None) -> None:
        with self.database.transaction() as session:
            service.set_access(
                session,
                actor=system("judge", "drivers:set_access"),
                at=self.at,
                driver_id=self.drivers[driver],
                status=AccessStatus.SUSPENDED,
                words=words,
            )

    def do(self, verb: Callable[..., object], *, later: float = 0, **arguments: object) -> object:
        with self.database.transaction() as session:
            return verb(session, actor=ROOT, at=self.at + later * HOUR, **arguments)


@pytest.fixture
def plan(database: Database, fleet: Fleet) -> Plan:
    """A park in which nobody has anything yet."""
    return Plan(database, fleet, datetime.now(UTC).replace(microsecond=0))


class TestAssigning:
    def test_names_the_assignment_of_the_vehicle_that_is_in_the_way(self, plan: Plan) -> None:
        first = plan.make(0, 0, 1, 5)
        with pytest.raises(Conflict, match=f"assignment {first} of this vehicle") as refusal:
            plan.make(0, 1, 4, 6)
        assert refusal.value.facts["assignment_id"] == first

    def test_names_the_assignment_of_the_driver_that_is_in_the_way(self, plan: Plan) -> None:
        first = plan.make(0, 0, 1, 5)
        with pytest.raises(Conflict, match="driver is already assigned") as refusal:
            plan.make(1, 0, 4, 6)
        assert refusal.value.facts["assignment_id"] == first

    def test_is_refused_for_a_vehicle_that_is_not_available(self, plan: Plan) -> None:
        for status in (VehicleStatus.IN_REPAIR, VehicleStatus.BLOCKED, VehicleStatus.WRITTEN_OFF):
            plan.do(vehicles.change_status, vehicle_id=plan.vehicles[0], status=status, reason="Trial")
            with pytest.raises(Conflict, match="hoose another vehicle"):
                plan.make(0, 0, 1, 5)

    def test_is_refused_to_a_barred_driver_with_the_way_back(self, plan: Plan) -> None:
        plan.suspend(0, "Bring the licence.")
        with pytest.raises(Conflict, match="Bring the licence"):
            plan.make(0, 0, 1, 5)

    def test_is_nobodys_who_only_drives(self, plan: Plan) -> None:
        driver = Actor("user", 4, "Driver", roles=frozenset({DRIVER}), parks=None)
        with pytest.raises(Forbidden):
            plan.make(0, 0, 1, 5, actor=driver)

    def test_is_not_found_out_of_sight(self, plan: Plan, fleet: Fleet) -> None:
        elsewhere = Actor("user", 2, "Other", roles=frozenset({OPERATOR}), parks=frozenset({fleet.other_park_id}))
        with pytest.raises(NotFound):
            plan.make(0, 0, 1, 5, actor=elsewhere)


class TestChanging:
    def test_moves_one_that_lies_ahead_to_another_vehicle_driver_and_time(self, plan: Plan) -> None:
        made = plan.make(0, 0, 1, 5)
        assert plan.change(made, plan.times(1, 1, 2, 7))
        record = plan.get(made)
        assert (record.vehicle_id, record.driver_id) == (plan.vehicles[1], plan.drivers[1])
        assert (record.starts_at, record.ends_at) == (plan.at + 2 * HOUR, plan.at + 7 * HOUR)
        assert record.version == 2

    def test_keeps_what_was_before(self, plan: Plan) -> None:
        made = plan.make(0, 0, 1, 5)
        plan.change(made, plan.times(1, 0, 2, 7))
        with plan.database.reading() as reader:
            history = queries.list_assignment_changes(reader, viewer=ROOT, assignment_id=made)
        assert [line.act for line in history] == [AssignmentAct.MADE, AssignmentAct.CHANGED]
        assert [line.vehicle_id for line in history] == [plan.vehicles[0], plan.vehicles[1]]
        assert history[0].starts_at == plan.at + HOUR

    def test_does_nothing_when_it_already_is_so(self, plan: Plan) -> None:
        made = plan.make(0, 0, 1, 5)
        assert not plan.change(made, plan.times(0, 0, 1, 5))
        assert plan.get(made).version == 1

    def test_may_overlap_where_it_stood_itself(self, plan: Plan) -> None:
        made = plan.make(0, 0, 1, 5)
        assert plan.change(made, plan.times(0, 0, 2, 6))

    def test_is_refused_naming_what_is_in_the_way_and_changes_nothing(self, plan: Plan) -> None:
        made, other = plan.make(0, 0, 1, 5), plan.make(1, 1, 1, 5)
        with pytest.raises(Conflict) as refusal:
            plan.change(made, plan.times(1, 0, 1, 5))
        assert refusal.value.facts["assignment_id"] == other
        assert plan.get(made).vehicle_id == plan.vehicles[0]

    def test_is_refused_for_a_version_that_is_no_more(self, plan: Plan) -> None:
        made = plan.make(0, 0, 1, 5)
        plan.change(made, plan.times(0, 0, 1, 6))
        with pytest.raises(PreconditionFailed):
            plan.change(made, plan.times(0, 0, 1, 7), versions={1})

    def test_extends_one_that_has_begun(self, plan: Plan) -> None:
        made = plan.make(0, 0, -1, 5)
        assert plan.change(made, plan.times(0, 0, -1, 8))

    def test_moves_nothing_but_the_end_of_one_that_has_begun(self, plan: Plan) -> None:
        made = plan.make(0, 0, -1, 5)
        with pytest.raises(Conflict, match="has begun"):
            plan.change(made, plan.times(1, 0, -1, 5))
        with pytest.raises(Invalid) as refusal:
            plan.change(made, plan.times(0, 0, -1, -0.5))
        assert "hand the vehicle back" in refusal.value.fields["ends_at"]

    def test_never_reaches_what_has_ended(self, plan: Plan) -> None:
        made = plan.make(0, 0, -5, -1)
        with pytest.raises(Conflict, match="never changed"):
            plan.change(made, plan.times(0, 0, -5, 8))

    def test_may_shorten_what_a_driver_has_who_was_barred_since(self, plan: Plan) -> None:
        made = plan.make(0, 0, -1, 5)
        plan.suspend(0)
        assert plan.change(made, plan.times(0, 0, -1, 2))
        with pytest.raises(Conflict, match="suspended"):
            plan.change(made, plan.times(0, 0, -1, 3))


class TestCancelling:
    def test_frees_the_time_and_keeps_when_it_was_to_be(self, plan: Plan) -> None:
        made = plan.make(0, 0, 1, 5)
        plan.do(service.cancel_assignment, assignment_id=made, reason=ChangeReason.DRIVER_ABSENT)
        record = plan.get(made)
        assert record.state(plan.at) is AssignmentState.CANCELLED
        assert (record.starts_at, record.ends_at) == (plan.at + HOUR, plan.at + 5 * HOUR)
        assert plan.make(0, 1, 1, 5)

    def test_is_refused_once_it_has_begun(self, plan: Plan) -> None:
        made = plan.make(0, 0, -1, 5)
        with pytest.raises(Conflict, match="End it instead"):
            plan.do(service.cancel_assignment, assignment_id=made)


class TestHandingBack:
    def test_ends_it_now_and_keeps_it(self, plan: Plan) -> None:
        made = plan.make(0, 0, -1, 5)
        plan.do(service.hand_back, assignment_id=made)
        assert plan.get(made).ends_at == plan.at
        assert plan.make(0, 1, 0, 5)

    def test_is_refused_before_it_has_begun(self, plan: Plan) -> None:
        made = plan.make(0, 0, 1, 5)
        with pytest.raises(Conflict, match="Cancel it"):
            plan.do(service.hand_back, assignment_id=made)


class TestSwapping:
    def test_lets_two_that_lie_ahead_exchange_their_vehicles(self, plan: Plan) -> None:
        first, second = plan.make(0, 0, 1, 5), plan.make(1, 1, 1, 5)
        assert plan.do(service.swap_assignments, first_id=first, second_id=second) == (first, second)
        assert (plan.get(first).vehicle_id, plan.get(second).vehicle_id) == (plan.vehicles[1], plan.vehicles[0])

    def test_ends_two_that_have_begun_and_makes_the_rest_anew(self, plan: Plan) -> None:
        first, second = plan.make(0, 0, -1, 5), plan.make(1, 1, -2, 6)
        rest = plan.do(service.swap_assignments, first_id=first, second_id=second)
        assert isinstance(rest, tuple)
        assert (plan.get(first).ends_at, plan.get(second).ends_at) == (plan.at, plan.at)
        made = [plan.get(assignment_id) for assignment_id in rest]
        assert [(one.vehicle_id, one.driver_id, one.ends_at) for one in made] == [
            (plan.vehicles[1], plan.drivers[0], plan.at + 5 * HOUR),
            (plan.vehicles[0], plan.drivers[1], plan.at + 6 * HOUR),
        ]

    def test_is_refused_when_only_one_has_begun(self, plan: Plan) -> None:
        first, second = plan.make(0, 0, -1, 5), plan.make(1, 1, 1, 6)
        with pytest.raises(Conflict, match="both must"):
            plan.do(service.swap_assignments, first_id=first, second_id=second)

    def test_is_refused_when_a_third_is_in_the_way(self, plan: Plan) -> None:
        first, second = plan.make(0, 0, 1, 5), plan.make(1, 1, 1, 3)
        third = plan.make(1, 2, 4, 6)
        with pytest.raises(Conflict):
            plan.do(service.swap_assignments, first_id=first, second_id=second)
        assert plan.get(first).vehicle_id == plan.vehicles[0]
        assert plan.get(third).vehicle_id == plan.vehicles[1]


class TestPostgresItself:
    def test_refuses_two_at_once_whoever_writes_them(self, plan: Plan) -> None:
        made = plan.make(0, 0, 1, 5)
        copied = sa.text(
            "INSERT INTO drivers_assignments (vehicle_id, driver_id, kind, during, created_by, created_at) "
            "SELECT vehicle_id, :driver, kind, during, created_by, created_at FROM drivers_assignments WHERE id = :id"
        )
        with pytest.raises(IntegrityError, match="ex_drivers_assignments_vehicle"), plan.database.transaction() as s:
            s.execute(copied, {"driver": plan.drivers[1], "id": made})

    def test_refuses_to_change_what_was(self, plan: Plan) -> None:
        made = plan.make(0, 0, -5, -1)
        for statement in (
            "UPDATE drivers_assignments SET driver_id = driver_id WHERE id = :id",
            "DELETE FROM drivers_assignments WHERE id = :id",
            "UPDATE drivers_assignment_changes SET actor_id = 1 WHERE assignment_id = :id",
            "DELETE FROM drivers_assignment_changes WHERE assignment_id = :id",
        ):
            with pytest.raises(ProgrammingError, match=r"append-only|never"), plan.database.transaction() as session:
                session.execute(sa.text(statement), {"id": made})


class TestManyWhoAssignAtOnce:
    """1,000 attempts over three vehicles, three drivers and ten hours of each, by many real connections at once."""

    def test_never_get_two_that_overlap_and_get_all_that_are_possible(self, plan: Plan, database_url: str) -> None:
        _try_at_once(plan, database_url, connections=20)

    @pytest.mark.proof
    def test_never_do_so_by_150_connections_at_once_either(self, plan: Plan, database_url: str) -> None:
        _try_at_once(plan, database_url, connections=150)


def _try_at_once(plan: Plan, database_url: str, *, connections: int) -> None:
    many = Database(database_url, pool_size=connections)
    wanted = [(n % 3, (n // 3) % 3, 1 + (n // 9) % 10) for n in range(1000)]
    outcomes: Counter[str] = Counter()
    start = threading.Barrier(connections + 1)

    def attempt(mine: list[tuple[int, int, int]]) -> None:
        start.wait()
        for vehicle, driver, hour in mine:
            try:
                with many.transaction() as session:
                    service.assign_vehicle(
                        session,
                        actor=ROOT,
                        at=plan.at,
                        driver_id=plan.drivers[driver],
                        vehicle_id=plan.vehicles[vehicle],
                        kind=AssignmentKind.SHIFT,
                        starts_at=plan.at + hour * HOUR,
                        ends_at=plan.at + (hour + 1) * HOUR,
                    )
                outcomes["made"] += 1
            except Refusal as refusal:
                outcomes[refusal.facts["problem"]] += 1

    threads = [threading.Thread(target=attempt, args=(wanted[n::connections],)) for n in range(connections)]
    for thread in threads:
        thread.start()
    start.wait()
    for thread in threads:
        thread.join()
    many.close()
    assert sum(outcomes.values()) == 1000
    assert outcomes.keys() == {"made", "taken"}
    with plan.database.reading() as reader:
        made = queries.list_assignments(reader, viewer=ROOT, vehicle_ids=plan.vehicles)
    slots = [(one.vehicle_id, one.starts_at) for one in made]
    people = [(one.driver_id, one.starts_at) for one in made]
    assert len(slots) == len(set(slots)) == outcomes["made"]
    assert len(people) == len(set(people))
    # All that was possible was made: of what was tried, nothing is left that is free for both.
    free = [
        (vehicle, driver, hour)
        for vehicle, driver, hour in wanted
        if (plan.vehicles[vehicle], plan.at + hour * HOUR) not in slots
        and (plan.drivers[driver], plan.at + hour * HOUR) not in people
    ]
    assert free == []
