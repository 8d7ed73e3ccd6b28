"""How drivers stand, in the database: facts in any order, people, time, and many at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.access import queries, service
from core.access.models import Debt, FactKind
from core.access.schemas import (
    AccessStatus,
    DocumentFact,
    DocumentState,
    HoldStatus,
    IncidentFact,
    NewHold,
    NotedFact,
    RatingFact,
    Severity,
)
from core.config import StandingThresholds
from core.db import Database
from core.drivers import service as drivers
from core.drivers.models import AssignmentKind
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permissions import OPERATOR, Actor, system
from tasks.standings import judge_due
from tests.conftest import ROOT, Fleet

DAY = timedelta(days=1)
T = StandingThresholds()
PERSON = Actor("user", 1, "Olga", roles=frozenset({OPERATOR}), parks=frozenset({1}))
MISSING = DocumentState.MISSING


class Desk:
    """The office at work on one driver."""

    def __init__(self, database: Database, driver_id: int, at: datetime) -> None:
        self.database, self.driver_id, self.at = database, driver_id, at
        self.thresholds = T

    def note(self, key: str, fact: NotedFact, *, after: timedelta = timedelta(), actor: Actor = ROOT) -> bool:
        with self.database.transaction() as session:
            return service.note_driver_fact(
                session,
                actor=actor,
                at=self.at + after,
                driver_id=self.driver_id,
                key=key,
                fact=fact,
                thresholds=self.thresholds,
            )

    def withdraw(self, kind: FactKind, key: str, as_of: datetime, *, after: timedelta = timedelta()) -> bool:
        with self.database.transaction() as session:
            return service.withdraw_driver_fact(
                session,
                actor=ROOT,
                at=self.at + after,
                driver_id=self.driver_id,
                kind=kind,
                key=key,
                as_of=as_of,
                thresholds=T,
            )

    def hold(self, new: NewHold, *, after: timedelta = timedelta(), actor: Actor = PERSON) -> None:
        with self.database.transaction() as session:
            service.hold_driver(
                session, actor=actor, at=self.at + after, driver_id=self.driver_id, new=new, thresholds=T
            )

    def lift(self, *, after: timedelta, actor: Actor = PERSON) -> AccessStatus:
        with self.database.transaction() as session:
            return service.lift_hold(
                session, actor=actor, at=self.at + after, driver_id=self.driver_id, why="Looked into", thresholds=T
            )

    def standing(self) -> queries.StandingRecord:
        with self.database.reading() as reader:
            return queries.get_standing(reader, viewer=ROOT, at=self.at, driver_id=self.driver_id)

    def changes(self) -> list[tuple[AccessStatus | None, AccessStatus, list[str]]]:
        """Oldest first."""
        with self.database.reading() as reader:
            found = queries.list_standing_changes(reader, viewer=ROOT, driver_id=self.driver_id)
        return [(one.from_status, one.to_status, [r.rule for r in one.reasons]) for one in reversed(found)]

    def scalar(self, statement: str) -> object:
        with self.database.reading() as reader:
            return reader.execute(sa.text(statement)).scalar()


@pytest.fixture
def desk(database: Database, fleet: Fleet, at: datetime) -> Desk:
    return Desk(database, fleet.driver_id, at)


class TestAFact:
    def test_decides_how_the_driver_stands_and_leaves_a_trace_everywhere(self, desk: Desk) -> None:
        assert desk.note("medical", DocumentFact(as_of=desk.at, state=MISSING))

        standing = desk.standing()
        assert (standing.status, standing.since, standing.vehicle) == ("restricted", desk.at, "Car 1")
        assert [reason.words for reason in standing.reasons] == ["The medical certificate is missing."]
        assert desk.changes() == [("active", "restricted", ["document_missing"])]
        assert desk.scalar("SELECT access_status FROM drivers_drivers WHERE id = 1") == "restricted"
        assert desk.scalar("SELECT ids ->> 'driver_id' FROM outbox_facts WHERE name = 'access.standing_changed'") == "1"
        told = "SELECT count(*) FROM audit_entries WHERE subject_kind = 'driver' AND action = "
        assert desk.scalar(f"{told} 'access.driver_fact_noted'") == 1
        assert desk.scalar(f"{told} 'access.standing_changed'") == 1
        inputs = "SELECT inputs #>> '{facts,0,key}' FROM access_standing_changes"
        assert desk.scalar(inputs) == "medical"

    def test_told_twice_is_told_once(self, desk: Desk) -> None:
        fact = DocumentFact(as_of=desk.at, state=MISSING)
        assert [desk.note("medical", fact), desk.note("medical", fact)] == [True, False]
        assert len(desk.changes()) == 1

    def test_that_is_older_than_what_is_known_changes_nothing(self, desk: Desk) -> None:
        desk.note("licence", DocumentFact(as_of=desk.at, valid_until=desk.at + 900 * DAY))
        assert not desk.note("licence", DocumentFact(as_of=desk.at - DAY, state=MISSING))
        assert desk.standing().status == "active"

    def test_of_the_same_moment_with_another_value_is_refused(self, desk: Desk) -> None:
        desk.note("licence", DocumentFact(as_of=desk.at, state=MISSING))
        with pytest.raises(Conflict, match="younger as_of"):
            desk.note("licence", DocumentFact(as_of=desk.at, valid_until=desk.at + DAY))

    def test_that_was_withdrawn_before_it_came_changes_nothing(self, desk: Desk) -> None:
        assert desk.withdraw(FactKind.INCIDENT, "i1", desk.at)
        late = IncidentFact(as_of=desk.at - DAY, severity=Severity.SEVERE, at=desk.at - DAY)
        assert not desk.note("i1", late)
        assert desk.standing().status == "active"

    def test_that_is_withdrawn_counts_no_more_and_stays_on_record(self, desk: Desk) -> None:
        desk.note("own", RatingFact(as_of=desk.at, value=3.0, trips=100))
        assert desk.standing().status == "restricted"
        assert desk.withdraw(FactKind.RATING, "own", desk.at, after=timedelta(seconds=1))
        assert not desk.withdraw(FactKind.RATING, "own", desk.at, after=timedelta(seconds=1))
        assert desk.standing().status == "active"
        with desk.database.reading() as reader:
            (fact,) = queries.list_driver_facts(reader, viewer=ROOT, driver_id=desk.driver_id)
        assert (fact.value["value"], fact.withdrawn_at) == (3.0, desk.at + timedelta(seconds=1))

    @pytest.mark.parametrize(
        ("key", "change"),
        [("Licence!", {}), ("i1", {"as_of": DAY}), ("i1", {"at": DAY}), ("i1", {"resolved_at": DAY})],
    )
    def test_is_refused_with_no_key_or_from_the_future(
        self, desk: Desk, key: str, change: dict[str, timedelta]
    ) -> None:
        moments = {"as_of": desk.at, "at": desk.at} | {name: desk.at + ahead for name, ahead in change.items()}
        with pytest.raises(Invalid):
            desk.note(key, IncidentFact(severity=Severity.MINOR, **moments))

    def test_about_a_driver_of_another_park_finds_nobody(self, desk: Desk) -> None:
        stranger = replace(PERSON, parks=frozenset({2}))
        with pytest.raises(NotFound):
            desk.note("medical", DocumentFact(as_of=desk.at, state=MISSING), actor=stranger)


class TestADebt:
    def note(self, desk: Desk, owed_minor: int, noted_at: datetime) -> None:
        row = {
            "driver_id": desk.driver_id,
            "owed_minor": owed_minor,
            "currency": "USD",
            "plan": "weekly",
            "overdue_since": desk.at - 11 * DAY if owed_minor else None,
            "as_of": noted_at,
            "noted_by": "Books",
            "noted_at": noted_at,
        }
        with desk.database.transaction() as session:
            session.merge(Debt(**row))

    def test_is_read_from_where_debts_are_told_and_looked_at_whenever_it_was_noted(self, desk: Desk) -> None:
        self.note(desk, 12_000, desk.at)
        judged = [judge_due(desk.database, at=desk.at, thresholds=T) for _ in range(2)]
        assert (judged, [reason.rule for reason in desk.standing().reasons]) == ([1, 0], ["debt_overdue_long"])
        self.note(desk, 0, desk.at + timedelta(seconds=1))
        assert judge_due(desk.database, at=desk.at, thresholds=T) == 1
        assert desk.standing().status == "active"


class TestAHold:
    def test_suspends_until_a_person_lifts_it(self, desk: Desk) -> None:
        desk.hold(NewHold(status=HoldStatus.SUSPENDED, why="A passenger complained."))
        assert desk.standing().status == "suspended"
        assert desk.lift(after=timedelta(minutes=1)) == "active"
        assert [change[1] for change in desk.changes()] == ["suspended", "active"]

    def test_is_put_on_and_lifted_by_people_alone(self, desk: Desk) -> None:
        machine = replace(PERSON, kind="client")
        with pytest.raises(Forbidden):
            desk.hold(NewHold(status=HoldStatus.LOCKED_OUT, why="Fraud."), actor=machine)
        with pytest.raises(Forbidden):
            desk.lift(after=DAY, actor=machine)
        desk.hold(NewHold(status=HoldStatus.LOCKED_OUT, why="Fraud."))
        with pytest.raises(Conflict):
            desk.withdraw(FactKind.MANUAL, "hold", desk.at)

    def test_that_is_a_lock_out_has_no_end_and_a_suspension_none_in_the_past(self, desk: Desk) -> None:
        for new in (
            NewHold(status=HoldStatus.LOCKED_OUT, why="Fraud.", until=desk.at + DAY),
            NewHold(status=HoldStatus.SUSPENDED, why="Complaint.", until=desk.at),
        ):
            with pytest.raises(Invalid):
                desk.hold(new)


class TestALockOut:
    @pytest.fixture
    def locked_out(self, desk: Desk) -> Desk:
        desk.note("i1", IncidentFact(as_of=desk.at, severity=Severity.SEVERE, at=desk.at - DAY))
        return desk

    def resolve(self, desk: Desk) -> None:
        as_of = desk.at + timedelta(minutes=1)
        resolved = IncidentFact(as_of=as_of, severity=Severity.SEVERE, at=desk.at - DAY, resolved_at=as_of)
        desk.note("i1", resolved, after=timedelta(minutes=1))

    def test_waits_for_a_person_once_its_cause_is_gone(self, locked_out: Desk) -> None:
        self.resolve(locked_out)
        assert [reason.rule for reason in locked_out.standing().reasons] == ["review_pending"]
        assert locked_out.lift(after=timedelta(minutes=2)) == "active"

    def test_is_not_lifted_while_its_cause_is_there(self, locked_out: Desk) -> None:
        with pytest.raises(Conflict, match=r"severe incident is under investigation.*cleared up first"):
            locked_out.lift(after=timedelta(minutes=2))
        assert locked_out.standing().status == "locked_out"

    def test_leaves_nothing_to_lift_afterwards(self, locked_out: Desk) -> None:
        self.resolve(locked_out)
        locked_out.lift(after=timedelta(minutes=2))
        with pytest.raises(Conflict, match="Nothing was put on"):
            locked_out.lift(after=timedelta(minutes=3))


class TestADriverWhoMayNotDrive:
    def assign(self, desk: Desk, vehicle_id: int) -> None:
        with desk.database.transaction() as session:
            drivers.end_assignment(session, actor=ROOT, at=desk.at, driver_id=desk.driver_id)
            drivers.assign_vehicle(
                session,
                actor=ROOT,
                at=desk.at,
                driver_id=desk.driver_id,
                vehicle_id=vehicle_id,
                kind=AssignmentKind.SHIFT,
                starts_at=desk.at,
                ends_at=None,
            )

    def test_is_given_no_vehicle_and_told_the_way_back(self, desk: Desk, fleet: Fleet) -> None:
        desk.note("licence", DocumentFact(as_of=desk.at, valid_until=desk.at - DAY))
        with pytest.raises(Conflict, match=r"suspended.*driving licence has expired\. Renew the driving licence"):
            self.assign(desk, fleet.vehicle_id)

    def test_is_given_one_again_when_that_has_become_only_a_restriction(self, desk: Desk, fleet: Fleet) -> None:
        desk.note("licence", DocumentFact(as_of=desk.at - DAY, valid_until=desk.at - DAY))
        desk.note("licence", DocumentFact(as_of=desk.at, state=MISSING))
        assert desk.standing().status == "restricted"
        self.assign(desk, fleet.vehicle_id)

    def test_is_given_none_by_somebody_who_looked_a_moment_too_early(self, desk: Desk, fleet: Fleet) -> None:
        refused: list[Conflict] = []

        def assign() -> None:
            try:
                self.assign(desk, fleet.vehicle_id)
            except Conflict as refusal:
                refused.append(refusal)

        assigning = threading.Thread(target=assign)
        with desk.database.transaction() as session:
            new = NewHold(status=HoldStatus.SUSPENDED, why="A passenger complained.")
            service.hold_driver(session, actor=PERSON, at=desk.at, driver_id=desk.driver_id, new=new, thresholds=T)
            assigning.start()
            assigning.join(0.3)
        assigning.join()
        assert [refusal.facts["access_status"] for refusal in refused] == ["suspended"]

    def test_keeps_the_vehicle_they_have_unlocked(self, desk: Desk) -> None:
        desk.hold(NewHold(status=HoldStatus.LOCKED_OUT, why="Fraud."))
        assert desk.standing().vehicle == "Car 1"
        assert desk.scalar("SELECT count(*) FROM access_jobs") == 0


class TestTime:
    def test_suspends_when_a_document_expires(self, desk: Desk) -> None:
        desk.thresholds = replace(T, document_warning_days=1)
        desk.note("licence", DocumentFact(as_of=desk.at, valid_until=desk.at + timedelta(hours=25)))
        moments = [desk.at + timedelta(hours=hours) for hours in (0, 1, 24, 25, 26)]
        judged = [judge_due(desk.database, at=moment, thresholds=desk.thresholds) for moment in moments]
        assert judged == [0, 1, 0, 1, 0]
        assert [change[1:] for change in desk.changes()] == [
            ("active", ["document_expiring"]),
            ("suspended", ["document_expired"]),
        ]

    def test_ends_a_suspension_that_has_an_end(self, desk: Desk) -> None:
        desk.hold(NewHold(status=HoldStatus.SUSPENDED, why="Complaint.", until=desk.at + DAY))
        assert judge_due(desk.database, at=desk.at + DAY, thresholds=T) == 1
        assert desk.standing().status == "active"

    def test_may_be_looked_at_by_two_at_once(self, desk: Desk) -> None:
        desk.hold(NewHold(status=HoldStatus.SUSPENDED, why="Complaint.", until=desk.at + DAY))
        at_once(*[lambda: judge_due(desk.database, at=desk.at + DAY, thresholds=T)] * 4)
        assert [change[1] for change in desk.changes()] == ["suspended", "active"]

    def test_passes_over_a_driver_who_cannot_be_judged(self, desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
        desk.note("licence", DocumentFact(as_of=desk.at, valid_until=desk.at + DAY))
        with desk.database.transaction() as session:
            broken = "UPDATE access_driver_facts SET value = '{}', kind = 'rating'"
            session.execute(sa.text(broken))
        assert judge_due(desk.database, at=desk.at + DAY, thresholds=T) == 1
        assert "driver 1 could not be judged" in caplog.text


class TestManyAtOnce:
    def test_facts_all_count_and_each_change_follows_from_the_last(self, desk: Desk) -> None:
        facts: dict[str, NotedFact] = {
            "medical": DocumentFact(as_of=desk.at, state=MISSING),
            "licence": DocumentFact(as_of=desk.at, state=DocumentState.REFUSED),
            "own": RatingFact(as_of=desk.at, value=2.0, trips=99),
            "i1": IncidentFact(as_of=desk.at, severity=Severity.SEVERE, at=desk.at),
            "i2": IncidentFact(as_of=desk.at, severity=Severity.SERIOUS, at=desk.at),
        }

        def noting(key: str, fact: NotedFact) -> Callable[[], object]:
            return lambda: desk.note(key, fact)

        at_once(*[noting(key, fact) for key, fact in facts.items()])

        standing = desk.standing()
        assert standing.status == "locked_out"
        assert {reason.subject for reason in standing.reasons} == facts.keys()
        changes = desk.changes()
        assert len(changes) == len(facts)
        assert [change[0] for change in changes] == ["active", *[change[1] for change in changes[:-1]]]

    def test_the_younger_of_two_facts_wins_whichever_comes_first(self, desk: Desk) -> None:
        old = DocumentFact(as_of=desk.at - DAY, state=MISSING)
        new = DocumentFact(as_of=desk.at, valid_until=datetime(2199, 1, 1, tzinfo=UTC))
        at_once(lambda: desk.note("licence", old), lambda: desk.note("licence", new))
        assert desk.standing().status == "active"


class TestTheProductItself:
    def test_may_judge_but_put_nothing_on_by_hand(self, desk: Desk) -> None:
        with pytest.raises(Forbidden):
            desk.hold(NewHold(status=HoldStatus.SUSPENDED, why="Because."), actor=system("standings", "access:judge"))


def at_once(*doing: Callable[[], object]) -> None:
    threads = [threading.Thread(target=one) for one in doing]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
