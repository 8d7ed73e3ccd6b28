"""How drivers stand, in invented cases of every kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.access.rules.standing import Before, Debt, Facts, Hold, Lift, Standing, judge
from core.access.rules.standing.judging import ORDER
from core.access.schemas import DocumentFact, DocumentState, HoldStatus, IncidentFact, RatingFact, Severity
from core.config import StandingThresholds
from core.drivers.models import AccessStatus

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY = timedelta(days=1)
T = StandingThresholds()
few = settings(max_examples=30, deadline=None)
ACTIVE, RESTRICTED, SUSPENDED, LOCKED_OUT = ORDER

around = st.integers(-60 * 24 * 60, 60 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))
before_now = st.integers(-60 * 24 * 60, 0).map(lambda minutes: NOW + timedelta(minutes=minutes))
documents = st.builds(
    DocumentFact, as_of=before_now, state=st.sampled_from(DocumentState), valid_until=st.none() | around
)
ratings = st.builds(RatingFact, as_of=before_now, value=st.floats(0, 5), trips=st.integers(0, 60))
incidents = st.builds(
    IncidentFact,
    as_of=before_now,
    severity=st.sampled_from(Severity),
    at=before_now,
    is_theft=st.booleans(),
    resolved_at=st.none() | before_now,
)
debts = st.builds(
    Debt,
    owed_minor=st.sampled_from([1, 50_000]),
    currency=st.just("USD"),
    overdue_since=around,
    promised_until=st.none() | around,
    disputed_at=st.none() | before_now,
)
holds = st.builds(
    Hold, as_of=before_now, status=st.just(HoldStatus.SUSPENDED), why=st.just("Police asked"), until=st.none() | around
) | st.builds(Hold, as_of=before_now, status=st.just(HoldStatus.LOCKED_OUT), why=st.just("Fraud"))
keys = st.sampled_from(["a", "b", "c", "d"])
everything = st.builds(
    Facts,
    documents=st.dictionaries(keys, documents, max_size=3),
    ratings=st.dictionaries(keys, ratings, max_size=2),
    incidents=st.dictionaries(keys, incidents, max_size=4),
    debt=st.none() | debts,
    hold=st.none() | holds,
    lift=st.none() | st.builds(Lift, as_of=before_now, why=st.just("Looked into it")),
)
befores = st.none() | st.builds(Before, status=st.sampled_from(AccessStatus), since=before_now)
moments = st.integers(0, 90 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))


def rank(standing: Standing) -> int:
    return ORDER.index(standing.status)


def seen(standing: Standing) -> set[tuple[str, str, AccessStatus]]:
    return {(reason.rule, reason.subject, reason.status) for reason in standing.reasons}


def rules(facts: Facts, at: datetime = NOW, before: Before | None = None) -> list[str]:
    return [reason.rule for reason in judge(facts, at, T, before).reasons]


def status(facts: Facts, at: datetime = NOW, before: Before | None = None) -> AccessStatus:
    return judge(facts, at, T, before).status


class TestInEveryCase:
    @few
    @given(everything, moments, befores)
    def test_the_strictest_reason_counts(self, facts: Facts, at: datetime, before: Before | None) -> None:
        standing = judge(facts, at, T, before)
        assert standing.status == max((r.status for r in standing.reasons), key=ORDER.index, default=ACTIVE)

    @few
    @given(everything, moments, befores)
    def test_every_reason_has_words_and_a_way_back(self, facts: Facts, at: datetime, before: Before | None) -> None:
        for reason in judge(facts, at, T, before).reasons:
            assert reason.words.strip() and reason.way_back.strip().endswith(".")
            assert reason.since <= max(at, NOW)
            assert reason.changes_at is None or reason.changes_at > at

    @few
    @given(everything, documents | ratings | incidents, moments, befores)
    def test_one_more_fact_never_makes_it_better(
        self, facts: Facts, further: DocumentFact | RatingFact | IncidentFact, at: datetime, before: Before | None
    ) -> None:
        name = {DocumentFact: "documents", RatingFact: "ratings", IncidentFact: "incidents"}[type(further)]
        more = replace(facts, **{name: {**getattr(facts, name), "one more": further}})
        assert rank(judge(more, at, T, before)) >= rank(judge(facts, at, T, before))

    @few
    @given(everything, debts, holds, moments, befores)
    def test_a_debt_or_a_hold_never_makes_it_better(
        self, facts: Facts, debt: Debt, hold: Hold, at: datetime, before: Before | None
    ) -> None:
        without = replace(facts, debt=None, hold=None)
        least = rank(judge(without, at, T, before))
        assert rank(judge(replace(without, debt=debt), at, T, before)) >= least
        assert rank(judge(replace(without, hold=hold), at, T, before)) >= least

    @few
    @given(everything, moments, moments)
    def test_time_alone_changes_nothing_before_the_moment_that_was_announced(
        self, facts: Facts, first: datetime, later: datetime
    ) -> None:
        assume(first <= later)
        standing = judge(facts, first, T)
        assume(standing.next_change_at is None or later < standing.next_change_at)
        assert seen(judge(facts, later, T)) == seen(standing)

    @few
    @given(everything, moments, befores)
    def test_the_announced_moment_is_ahead_so_that_a_sweep_comes_to_an_end(
        self, facts: Facts, at: datetime, before: Before | None
    ) -> None:
        moment = judge(facts, at, T, before).next_change_at
        assert moment is None or moment > at

    @few
    @given(everything, moments, befores)
    def test_what_a_reason_says_of_its_own_end_is_announced(
        self, facts: Facts, at: datetime, before: Before | None
    ) -> None:
        standing = judge(facts, at, T, before)
        for reason in standing.reasons:
            if reason.changes_at is not None:
                assert standing.next_change_at is not None and standing.next_change_at <= reason.changes_at

    @few
    @given(everything, moments, before_now)
    def test_no_lock_out_ends_without_a_younger_lift(self, facts: Facts, at: datetime, since: datetime) -> None:
        lift = facts.lift
        assume(lift is None or lift.as_of <= since)
        assert status(facts, at, Before(LOCKED_OUT, since)) == LOCKED_OUT

    @few
    @given(everything, moments, befores)
    def test_judging_again_at_once_says_the_same(self, facts: Facts, at: datetime, before: Before | None) -> None:
        first = judge(facts, at, T, before)
        assert judge(facts, at, T, Before(first.status, at, first.reasons)) == first or facts.lift is not None


steps = st.lists(st.tuples(st.integers(0, 20 * 24 * 60), everything), min_size=2, max_size=8)


class TestALife:
    """Facts come and go, time passes, and each judgement follows from the last."""

    def live(self, life: list[tuple[int, Facts]]) -> None:
        at, before = NOW, None
        for minutes, facts in life:
            at += timedelta(minutes=minutes)
            now = judge(facts, at, T, before)
            if before is not None and before.status is LOCKED_OUT and now.status is not LOCKED_OUT:
                assert facts.lift is not None and facts.lift.as_of > before.since
                assert not any(i.severity is Severity.SEVERE and not i.resolved_at for i in facts.incidents.values())
                assert facts.hold is None or facts.hold.status is not HoldStatus.LOCKED_OUT
            # Until the announced moment time alone changes nothing.
            for moment in (at, at + DAY / 2):
                if now.next_change_at is None or moment < now.next_change_at:
                    following = Before(now.status, at, now.reasons)
                    again = judge(replace(facts, lift=None), moment, T, following)
                    assert again.status is now.status
            same = before is not None and before.status is now.status
            before = Before(now.status, before.since if same and before is not None else at, now.reasons)

    @few
    @given(steps)
    def test_leaves_a_lock_out_only_by_a_lift_with_no_cause_left(self, life: list[tuple[int, Facts]]) -> None:
        self.live(life)

    @pytest.mark.proof
    @pytest.mark.timeout(1800)
    @settings(max_examples=20_000, deadline=None)
    @given(steps)
    def test_holds_in_twenty_thousand_lives(self, life: list[tuple[int, Facts]]) -> None:
        self.live(life)


class TestADocument:
    @pytest.mark.parametrize(
        ("document", "wanted", "rule"),
        [
            (DocumentFact(as_of=NOW, state=DocumentState.MISSING), RESTRICTED, "document_missing"),
            (DocumentFact(as_of=NOW, state=DocumentState.REFUSED), SUSPENDED, "document_refused"),
            (DocumentFact(as_of=NOW, valid_until=NOW), SUSPENDED, "document_expired"),
            (DocumentFact(as_of=NOW, valid_until=NOW + DAY), ACTIVE, "document_expiring"),
        ],
    )
    def test_decides_by_its_state_and_its_end(self, document: DocumentFact, wanted: AccessStatus, rule: str) -> None:
        facts = Facts(documents={"licence": document})
        assert (status(facts), rules(facts)) == (wanted, [rule])

    def test_that_holds_for_long_says_nothing_and_announces_the_warning(self) -> None:
        standing = judge(Facts(documents={"licence": DocumentFact(as_of=NOW, valid_until=NOW + 10 * DAY)}), NOW, T)
        assert (standing.reasons, standing.next_change_at) == ((), NOW + 3 * DAY)

    def test_that_expires_tomorrow_says_so(self) -> None:
        (reason,) = judge(Facts(documents={"licence": DocumentFact(as_of=NOW, valid_until=NOW + DAY)}), NOW, T).reasons
        assert (reason.changes_at, reason.words.startswith("The driving licence expires soon")) == (NOW + DAY, True)

    def test_renewed_brings_the_driver_back(self) -> None:
        old = judge(Facts(documents={"licence": DocumentFact(as_of=NOW - DAY, valid_until=NOW)}), NOW, T)
        new = Facts(documents={"licence": DocumentFact(as_of=NOW, valid_until=NOW + 900 * DAY)})
        assert status(new, NOW, Before(old.status, NOW, old.reasons)) == ACTIVE


class TestADebt:
    def debt(self, days: int, **more: datetime) -> Facts:
        return Facts(debt=Debt(50_000, "USD", NOW - days * DAY, **more))

    @pytest.mark.parametrize(
        ("days", "wanted"), [(0, ACTIVE), (2, ACTIVE), (3, RESTRICTED), (9, RESTRICTED), (10, SUSPENDED)]
    )
    def test_weighs_more_the_longer_it_is_overdue(self, days: int, wanted: AccessStatus) -> None:
        assert status(self.debt(days)) == wanted

    def test_does_not_suspend_while_a_promise_or_a_dispute_is_open(self) -> None:
        promised = judge(self.debt(20, promised_until=NOW + DAY), NOW, T)
        assert (promised.status, promised.next_change_at) == (RESTRICTED, NOW + DAY)
        assert status(self.debt(20, promised_until=NOW + DAY), NOW + DAY) == SUSPENDED
        disputed = judge(self.debt(20, disputed_at=NOW), NOW, T)
        assert (disputed.status, disputed.next_change_at) == (RESTRICTED, None)

    def test_that_is_paid_says_nothing(self) -> None:
        assert status(Facts(debt=Debt(0, "USD", None))) == ACTIVE


class TestARating:
    @pytest.mark.parametrize(
        ("value", "trips", "wanted"), [(4.19, 20, RESTRICTED), (4.2, 20, ACTIVE), (1.0, 19, ACTIVE)]
    )
    def test_restricts_below_the_least_over_enough_trips(self, value: float, trips: int, wanted: AccessStatus) -> None:
        assert status(Facts(ratings={"own": RatingFact(as_of=NOW, value=value, trips=trips)})) == wanted


class TestAnIncident:
    def incident(self, severity: Severity, days: int = 0, **more: object) -> IncidentFact:
        return IncidentFact(as_of=NOW, severity=severity, at=NOW - days * DAY, **more)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("severity", "theft", "wanted"),
        [
            (Severity.MINOR, False, ACTIVE),
            (Severity.SERIOUS, False, SUSPENDED),
            (Severity.SEVERE, False, LOCKED_OUT),
            (Severity.MINOR, True, LOCKED_OUT),
        ],
    )
    def test_that_is_open_weighs_by_its_severity(self, severity: Severity, theft: bool, wanted: AccessStatus) -> None:
        assert status(Facts(incidents={"i1": self.incident(severity, is_theft=theft)})) == wanted

    def test_that_was_serious_suspends_for_a_week_in_any_case_and_says_until_when(self) -> None:
        facts = Facts(incidents={"i1": self.incident(Severity.SERIOUS, 2, resolved_at=NOW)})
        (reason,) = judge(facts, NOW, T).reasons
        assert (reason.rule, reason.changes_at) == ("incident_suspension", NOW + 5 * DAY)
        assert status(facts, NOW + 5 * DAY) == ACTIVE

    def test_that_is_minor_restricts_with_two_others_until_the_first_is_old(self) -> None:
        facts = Facts(incidents={str(days): self.incident(Severity.MINOR, days) for days in (1, 5, 20)})
        standing = judge(facts, NOW, T)
        assert (standing.status, standing.next_change_at) == (RESTRICTED, NOW + 10 * DAY)
        assert status(facts, NOW + 10 * DAY) == ACTIVE


class TestALockOut:
    def test_waits_for_a_review_when_its_cause_is_gone(self) -> None:
        assert rules(Facts(), NOW, Before(LOCKED_OUT, NOW - DAY)) == ["review_pending"]

    def test_ends_with_a_lift_that_is_younger(self) -> None:
        lifted = Facts(lift=Lift(as_of=NOW, why="Cleared"))
        assert status(lifted, NOW, Before(LOCKED_OUT, NOW - DAY)) == ACTIVE
        assert status(lifted, NOW + DAY, Before(LOCKED_OUT, NOW + timedelta(hours=1))) == LOCKED_OUT

    def test_is_not_ended_by_a_lift_while_its_cause_is_there(self) -> None:
        severe = IncidentFact(as_of=NOW, severity=Severity.SEVERE, at=NOW)
        facts = Facts(incidents={"i1": severe}, lift=Lift(as_of=NOW + DAY, why="Cleared"))
        assert status(facts, NOW + DAY, Before(LOCKED_OUT, NOW)) == LOCKED_OUT

    def test_leaves_what_was_beneath_it(self) -> None:
        missing = DocumentFact(as_of=NOW, state=DocumentState.MISSING)
        facts = Facts(documents={"medical": missing}, lift=Lift(as_of=NOW, why="Cleared"))
        assert status(facts, NOW, Before(LOCKED_OUT, NOW - DAY)) == RESTRICTED


class TestASuspensionByHand:
    def test_ends_when_it_said(self) -> None:
        hold = Hold(as_of=NOW, status=HoldStatus.SUSPENDED, why="Complaint", until=NOW + DAY)
        assert status(Facts(hold=hold)) == SUSPENDED
        assert status(Facts(hold=hold), NOW + DAY) == ACTIVE


class TestAReason:
    def test_keeps_its_beginning_while_it_is_told_again(self) -> None:
        first = judge(Facts(documents={"medical": DocumentFact(as_of=NOW, state=DocumentState.MISSING)}), NOW, T)
        again = Facts(documents={"medical": DocumentFact(as_of=NOW + DAY, state=DocumentState.MISSING)})
        (reason,) = judge(again, NOW + DAY, T, Before(first.status, NOW, first.reasons)).reasons
        assert reason.since == NOW
