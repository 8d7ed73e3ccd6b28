"""The life of a driver: which steps there are, and what is in the way of the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import ProgrammingError

from core.drivers import queries, service
from core.drivers.models import AssignmentKind, Stage, StageChange, StageReason
from core.drivers.rules import lives
from core.drivers.rules.documents import NAMES
from core.drivers.schemas import AdmissionRules, DocumentKind, NewDriver, Personal, StageStep
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permissions import Actor
from tests.conftest import ROOT
from tests.core.drivers.papers import accept, hand_in

READY = lives.Candidate(
    required=frozenset({"licence"}),
    accepted=frozenset({"licence"}),
    birth_date=date(1990, 5, 1),
    least_age_years=21,
    licence_valid_until=date(2027, 1, 1),
    today=date(2026, 11, 25),
)


class TestTheRules:
    @given(st.sampled_from(Stage), st.sampled_from(Stage), st.sampled_from(StageReason))
    def test_take_exactly_the_steps_and_reasons_that_are_listed(self, stage, to, reason):
        problems = lives.step_problems(stage, to, reason, "In words")

        assert (problems == {}) == (reason in lives.STEPS.get((stage, to), frozenset()))

    @given(st.sampled_from(Stage))
    def test_leave_no_stage_without_a_next_one(self, stage):
        assert lives.list_next(stage)

    def test_let_nobody_become_active_but_by_being_verified(self):
        assert [origin for origin, to in lives.STEPS if to is Stage.ACTIVE] == [Stage.VERIFYING]

    def test_want_words_for_what_says_nothing_by_itself(self):
        problems = lives.step_problems(Stage.APPLIED, Stage.REFUSED, StageReason.OTHER, "  ")

        assert set(problems) == {"words"}

    def test_see_nothing_in_the_way_of_who_is_ready(self):
        assert lives.list_obstacles(READY, NAMES) == []

    @pytest.mark.parametrize(
        ("lack", "words"),
        [
            ({"accepted": frozenset()}, "The driving licence has not been accepted."),
            ({"birth_date": date(2008, 1, 1)}, "Drivers of this park are 21 or older."),
            ({"licence_valid_until": date(2026, 11, 24)}, "The licence has expired."),
        ],
    )
    def test_name_each_thing_that_is_in_the_way(self, lack, words):
        assert lives.list_obstacles(replace(READY, **lack), NAMES) == [words]

    def test_let_a_licence_hold_on_its_last_day(self):
        assert lives.list_obstacles(replace(READY, licence_valid_until=READY.today), NAMES) == []

    @given(st.dates(date(1920, 1, 1), date(2020, 12, 31)), st.integers(0, 30_000))
    def test_count_an_age_that_never_shrinks(self, born, days):
        today = born + timedelta(days=days)

        assert 0 <= lives.compute_age(born, today) <= lives.compute_age(born, today + timedelta(days=1))

    def test_let_a_leap_day_child_be_older_on_the_first_of_march(self):
        born = date(2008, 2, 29)

        assert [lives.compute_age(born, day) for day in (date(2026, 2, 28), date(2026, 3, 1))] == [17, 18]


@pytest.fixture
def newcomer(database, fleet, at):
    """Somebody whose documents are looked at first."""
    new = NewDriver(name="Ben Okri", phone="+14155550111", park_id=fleet.park_id, personal=Personal())
    with database.transaction() as session:
        return service.register_driver(session, actor=ROOT, at=at, new=new, stage=Stage.VERIFYING)


def step(database, driver_id, at, stage, reason, *, words="", actor=ROOT):
    with database.transaction() as session:
        new = StageStep(stage=stage, reason=reason, words=words)
        service.take_step(session, actor=actor, at=at, driver_id=driver_id, step=new)


class TestALife:
    def test_begins_when_somebody_is_added_and_is_kept_with_every_step(self, database, newcomer, at):
        step(database, newcomer, at, Stage.REFUSED, StageReason.BACKGROUND, words="See the report")
        step(database, newcomer, at, Stage.VERIFYING, StageReason.RECONSIDERED)

        with database.reading() as reader:
            happened = queries.list_timeline(reader, viewer=ROOT, driver_id=newcomer)
            assert queries.get_driver(reader, viewer=ROOT, driver_id=newcomer, at=at).stage is Stage.VERIFYING
        steps = [(one.what, one.detail["reason"], one.detail["words"]) for one in happened if one.kind == "stage"]
        assert sorted(steps, key=str) == sorted(
            [
                ("verifying", "registered", None),
                ("refused", "background", "See the report"),
                ("verifying", "reconsidered", None),
            ],
            key=str,
        )

    def test_keeps_typed_words_where_nobody_reads_them_without_the_key(self, database, newcomer, at):
        step(database, newcomer, at, Stage.REFUSED, StageReason.BACKGROUND, words="See the report")

        with database.reading() as reader:
            sealed = reader.execute(sa.select(StageChange.words_sealed).where(StageChange.words_sealed.is_not(None)))
            assert b"report" not in sealed.scalar_one()

    def test_is_a_history_that_postgresql_lets_nobody_change(self, database, newcomer):
        with pytest.raises(ProgrammingError, match="append-only"), database.transaction() as session:
            session.execute(sa.update(StageChange).values(reason=StageReason.OTHER))

    def test_goes_on_only_when_everything_that_is_asked_for_is_accepted(self, database, fleet, newcomer, at):
        with database.transaction() as session:
            rules = AdmissionRules(required_kinds=(DocumentKind.LICENCE,))
            service.set_admission(session, actor=ROOT, at=at, park_id=fleet.park_id, rules=rules)
        with pytest.raises(Conflict, match="driving licence has not been accepted") as refused:
            step(database, newcomer, at, Stage.ACTIVE, StageReason.VERIFIED)
        assert refused.value.facts["obstacles"] == ["The driving licence has not been accepted."]

        accept(database, hand_in(database, newcomer, at), at, until=at.date() + timedelta(days=400))
        step(database, newcomer, at, Stage.ACTIVE, StageReason.VERIFIED)

        with database.reading() as reader:
            assert queries.get_driver(reader, viewer=ROOT, driver_id=newcomer, at=at).stage is Stage.ACTIVE

    def test_does_not_end_while_there_is_a_vehicle_to_give_back(self, database, fleet, at):
        with pytest.raises(Conflict, match="End that assignment first"):
            step(database, fleet.driver_id, at, Stage.LEFT, StageReason.RESIGNED)

    def test_knows_no_step_that_is_not_there(self, database, newcomer, at):
        with pytest.raises(Invalid) as refused:
            step(database, newcomer, at, Stage.APPLIED, StageReason.APPLIED)
        assert "not to applied" in refused.value.fields["stage"]

    def test_is_not_decided_by_oneself(self, database, fleet, at):
        own = Actor("user", fleet.user_ids["driver"], "Driver", roles=frozenset({"operator"}), parks=None)
        with pytest.raises(Conflict, match="about themselves"):
            step(database, fleet.driver_id, at, Stage.LEFT, StageReason.RESIGNED, actor=own)

    def test_is_out_of_sight_for_another_park_and_out_of_reach_without_the_right(self, database, fleet, newcomer, at):
        elsewhere = Actor("user", 9, "Olga", roles=frozenset({"operator"}), parks=frozenset({fleet.other_park_id}))
        with pytest.raises(NotFound):
            step(database, newcomer, at, Stage.REFUSED, StageReason.BACKGROUND, actor=elsewhere)
        staff = Actor("user", 9, "Sam", roles=frozenset({"staff"}), parks=None)
        with pytest.raises(Forbidden):
            step(database, newcomer, at, Stage.REFUSED, StageReason.BACKGROUND, actor=staff)


class TestSomebodyWhoIsNotActive:
    def test_is_given_no_vehicle(self, database, fleet, newcomer, at):
        with pytest.raises(Conflict, match="not active as a driver"), database.transaction() as session:
            service.assign_vehicle(
                session,
                actor=ROOT,
                at=at,
                driver_id=newcomer,
                vehicle_id=fleet.other_vehicle_id,
                kind=AssignmentKind.RENTAL,
                starts_at=at,
                ends_at=None,
            )
