"""The law as it was seeded, by cases: what must not be done a second too early, and may be done from then on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from core.access.models import Jurisdiction, Plan, Reason
from core.access.rules import (
    DebtLaw,
    DebtNow,
    FairnessInputs,
    JurisdictionRules,
    Warning,
    find_due,
    find_objection,
    find_told_at,
)
from core.access.rules.emergency import find_free_until, find_refusal
from core.access.rules.law import find_faults, foresee
from core.db import Database

OVERDUE = datetime(2026, 11, 1, 9, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
DEVICE = "860000000000001"
LAW = JurisdictionRules(
    debt=DebtLaw(
        default_days_weekly=5,
        default_days_other=10,
        warnings_weekly=(Warning(72, 2),),
        warnings_other=(Warning(72, 2),),
        emergency_start_hours=48,
        emergency_starts=2,
    )
)


@pytest.fixture
def laws(database: Database) -> dict[str, JurisdictionRules]:
    with database.reading() as reader:
        rows = reader.execute(sa.select(Jurisdiction.code, Jurisdiction.rules).where(Jurisdiction.version == 1))
        return {code: msgspec.convert(rules, JurisdictionRules) for code, rules in rows}


def debt_of(plan: Plan) -> DebtNow:
    return DebtNow(12_000, "USD", plan, OVERDUE, consented_at=OVERDUE - 100 * DAY, consented_device=DEVICE)


def asked(rules: JurisdictionRules, plan: Plan = Plan.WEEKLY) -> FairnessInputs:
    return FairnessInputs(Reason.DEBT, 1, 1, DEVICE, rules, debt=debt_of(plan))


class TestDaysInDefault:
    def test_are_waited_for_to_the_second(self, laws: dict[str, JurisdictionRules]) -> None:
        for code, plan, days in (
            ("US-NJ", Plan.WEEKLY, 5),
            ("US-NJ", Plan.OTHER, 10),
            ("US-NV", Plan.WEEKLY, 5),
            ("US-NV", Plan.OTHER, 10),
            ("default", Plan.WEEKLY, 5),
            ("default", Plan.OTHER, 10),
        ):
            inputs, first = asked(laws[code], plan), OVERDUE + days * DAY
            assert f"{days} full days" in (find_objection(inputs, at=first - SECOND) or ""), (code, plan)
            assert find_objection(inputs, at=first) is None, (code, plan)


class TestWarnings:
    def test_in_new_jersey_are_told_by_two_channels_72_hours_before(self, laws: dict[str, JurisdictionRules]) -> None:
        for plan in Plan:
            inputs = asked(laws["US-NJ"], plan)
            (warning,) = inputs.warnings
            first, second = OVERDUE + 10 * DAY, OVERDUE + 11 * DAY
            assert find_told_at([first], warning) is None
            told = find_told_at([second, first], warning)
            assert told == second
            assert replace(inputs, told={1: told}).grace_end == second + 72 * HOUR

    @pytest.mark.parametrize(("plan", "days"), [(Plan.WEEKLY, 5), (Plan.OTHER, 10)])
    def test_in_california_come_days_before_and_at_last_48_hours_before(
        self, laws: dict[str, JurisdictionRules], plan: Plan, days: int
    ) -> None:
        inputs = asked(laws["US-CA"], plan)
        due = find_due(inputs.warnings, {}, since=OVERDUE)
        assert due is not None
        assert (due.number, due.at) == (1, OVERDUE)
        assert inputs.grace_end is None
        last = find_due(inputs.warnings, {1: OVERDUE}, since=OVERDUE)
        assert last is not None
        assert (last.number, last.at) == (2, OVERDUE + days * DAY - 48 * HOUR)
        assert replace(inputs, told={1: OVERDUE}).grace_end is None
        assert replace(inputs, told={1: OVERDUE, 2: last.at}).grace_end == OVERDUE + days * DAY
        late = last.at + HOUR
        assert replace(inputs, told={1: OVERDUE, 2: late}).grace_end == late + 48 * HOUR

    @given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 3)), max_size=4), st.integers(0, 500))
    def test_each_have_their_whole_time(self, wanted: list[tuple[int, int]], late: int) -> None:
        warnings = tuple(Warning(hours, channels) for hours, channels in sorted(wanted, reverse=True))
        told: dict[int, datetime] = {}
        while (due := find_due(warnings, told, since=OVERDUE)) is not None:
            told[due.number] = due.at + late * HOUR
        rules = JurisdictionRules(debt=LAW.debt, notices={Reason.CONTRACT_ENDED: warnings})
        end = FairnessInputs(Reason.CONTRACT_ENDED, 1, 1, DEVICE, rules, told=told).grace_end
        for number, warning in enumerate(warnings, start=1):
            assert end is not None
            assert end >= told[number] + warning.hours_before * HOUR


class TestEmergencyStart:
    @pytest.mark.parametrize(("code", "hours"), [("US-NJ", 48), ("US-CA", 24), ("default", 48)])
    def test_keeps_locks_away_for_the_hours_of_the_law(
        self, laws: dict[str, JurisdictionRules], code: str, hours: int
    ) -> None:
        started = OVERDUE + 30 * DAY
        until = find_free_until(laws[code].debt, at=started)
        inputs = replace(asked(laws[code]), free_until=until)
        assert "in an emergency" in (find_objection(inputs, at=started + hours * HOUR - SECOND) or "")
        assert find_objection(inputs, at=started + hours * HOUR) is None
        assert find_objection(replace(inputs, reason=Reason.THEFT), at=started) is None

    def test_is_not_for_what_only_the_office_opens_and_ends_with_its_number(
        self, laws: dict[str, JurisdictionRules]
    ) -> None:
        law = laws["US-NJ"].debt
        assert find_refusal(Reason.DEBT, law, used=law.emergency_starts - 1) is None
        assert "all that there is" in (find_refusal(Reason.DEBT, law, used=law.emergency_starts) or "")
        for reason in (Reason.THEFT, Reason.POLICE):
            assert "Call it now" in (find_refusal(reason, law, used=0) or "")


class TestConsentInNevada:
    def test_must_be_there_and_name_the_device(self, laws: dict[str, JurisdictionRules]) -> None:
        at, debt = OVERDUE + 30 * DAY, debt_of(Plan.OTHER)
        inputs = asked(laws["US-NV"], Plan.OTHER)
        assert find_objection(inputs, at=at) is None
        none = replace(inputs, debt=replace(debt, consented_at=None))
        assert "none is recorded" in (find_objection(none, at=at) or "")
        other = replace(inputs, debt=replace(debt, consented_device="another"))
        assert "must name this device" in (find_objection(other, at=at) or "")
        assert laws["US-NV"].debt.records_years >= 3
        assert find_objection(replace(none, rules=laws["US-NJ"]), at=at) is None


class TestWhoseItIs:
    @pytest.mark.parametrize("reason", [Reason.DEBT, Reason.CONTRACT_ENDED, Reason.CONTRACT_VIOLATED])
    def test_is_asked_of_the_driver_now(self, laws: dict[str, JurisdictionRules], reason: Reason) -> None:
        inputs = replace(asked(laws["default"]), reason=reason, driver_now_id=2)
        assert "Another driver" in (find_objection(inputs, at=OVERDUE + 90 * DAY) or "")
        assert find_objection(replace(inputs, driver_now_id=1), at=OVERDUE + 90 * DAY) is None

    def test_stands_against_it_for_a_promise_until_its_moment_and_for_a_dispute_always(
        self, laws: dict[str, JurisdictionRules]
    ) -> None:
        at, debt = OVERDUE + 30 * DAY, debt_of(Plan.WEEKLY)
        promised = replace(asked(laws["default"]), debt=replace(debt, promised_until=at))
        assert "promised" in (find_objection(promised, at=at - SECOND) or "")
        assert find_objection(promised, at=at) is None
        disputed = replace(promised, debt=replace(debt, disputed_at=at))
        assert "disputes" in (find_objection(disputed, at=at + 900 * DAY) or "")


class TestRules:
    def test_that_were_seeded_have_no_faults(self, laws: dict[str, JurisdictionRules]) -> None:
        assert sorted(laws) == ["US-CA", "US-NJ", "US-NV", "default"]
        assert {code: find_faults(rules) for code, rules in laws.items()} == {code: {} for code in laws}

    def test_that_contradict_themselves_say_where(self) -> None:
        debt = msgspec.structs.replace(
            LAW.debt,
            warnings_weekly=(),
            warnings_other=(Warning(72, 1), Warning(72, 2)),
            device_in_consent=True,
            emergency_starts=0,
        )
        rules = JurisdictionRules(debt=debt, notices={Reason.THEFT: (Warning(1, 1),)})
        assert sorted(find_faults(rules)) == [
            "device_in_consent",
            "emergency_starts",
            "theft",
            "warnings_other",
            "warnings_weekly",
        ]

    def test_foresee_the_days_of_a_debt_that_begins_now(self, laws: dict[str, JurisdictionRules]) -> None:
        course = foresee(laws["US-NJ"], plan=Plan.WEEKLY, since=OVERDUE)
        days = [((step.at - OVERDUE) / DAY, step.words.split()[0]) for step in course]
        assert days == [(0, "The"), (5, "A"), (5, "Warning"), (8, "It"), (10, "An")]
