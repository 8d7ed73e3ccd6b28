"""What becomes of items: pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.inbox.queries.sources import FACTS, SOURCES
from core.inbox.rules.catalog import KINDS, Severity
from core.inbox.rules.claims import Claim, ClosedWhy, ItemState, Known, Said
from core.inbox.rules.handling import close_problem, until_problem
from core.inbox.rules.judging import Verdict, find_stage, is_gone, judge, severity_of
from core.inbox.rules.letters import Line, driver_letter, office_letter
from core.inbox.rules.reminders import EVENING, MORNING, SEVERITIES, STAGES, TOLD, next_writing, stage_of
from core.permissions import PERMISSIONS
from tasks.subscriptions import SUBSCRIPTIONS

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
ZONES = st.sampled_from(["UTC", "America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata", "Pacific/Kiritimati"])
MOMENTS = st.integers(0, 24 * 365).map(lambda hours: AT + timedelta(hours=hours, minutes=hours % 60))
DAYS = st.integers(-400, 400)


def keep(claim: Claim, state: ItemState = ItemState.OPEN, **further: object) -> Known:
    """An item that was made of a claim."""
    known = Known(
        state=state,
        severity=severity_of(claim),
        stage=find_stage(claim),
        happened_at=claim.happened_at,
        due_on=claim.due_on,
        park_id=claim.park_id,
        vehicle_id=claim.vehicle_id,
        driver_id=claim.driver_id,
        detail=claim.detail,
    )
    return replace(known, **further)  # type: ignore[arg-type]


def closed(claim: Claim, why: ClosedWhy, at: datetime = AT) -> Known:
    """The same, closed."""
    return keep(claim, ItemState.CLOSED, closed_at=at, closed_why=why)


TOWED = Claim(kind="towing", key="7", park_id=1, vehicle_id=7, happened_at=AT)
LICENCE = Claim(
    kind="driver_document",
    key="7:licence",
    park_id=1,
    driver_id=7,
    due_on=date(2026, 12, 2),
    days_left=7,
    detail={"document": "driving licence"},
)


def expiring(days_left: int) -> Claim:
    """The licence, so many days before its last day."""
    return replace(LICENCE, days_left=days_left)


class TestTheCatalog:
    def test_names_only_facts_that_are_told_and_rights_that_there_are(self) -> None:
        assert set(SUBSCRIPTIONS) >= FACTS
        assert {kind.seen_by for kind in KINDS.values()} <= set(PERMISSIONS)

    def test_has_one_source_for_each_kind(self) -> None:
        told = [kind for source in SOURCES.values() for kind in source.kinds]
        assert sorted(told) == sorted(KINDS)

    def test_says_what_closes_each_kind(self) -> None:
        for name, kind in KINDS.items():
            assert kind.closes.endswith("."), name
            assert kind.title[0].isupper() and not kind.title.endswith("."), name


class TestAStage:
    @pytest.mark.parametrize(
        ("days_left", "stage"),
        [(31, None), (30, 30), (15, 30), (14, 14), (8, 14), (7, 7), (2, 7), (1, 1), (0, 0), (-1, 0), (-400, 0)],
    )
    def test_is_the_smallest_that_is_reached(self, days_left: int, stage: int | None) -> None:
        assert stage_of(days_left) == stage

    @settings(max_examples=50)
    @given(DAYS)
    def test_never_gets_quieter_as_time_passes(self, days_left: int) -> None:
        now, tomorrow = stage_of(days_left), stage_of(days_left - 1)
        if now is not None:
            assert tomorrow is not None and tomorrow <= now
            assert SEVERITIES[tomorrow] >= SEVERITIES[now]
            assert set(TOLD[tomorrow]) >= set(TOLD[now])

    @settings(max_examples=50)
    @given(st.lists(st.integers(0, 60), min_size=1), st.data())
    def test_is_told_once_whatever_days_were_missed(self, days: list[int], data: st.DataObject) -> None:
        known: Known | None = None
        told: list[int] = []
        for days_left in sorted(days, reverse=True):
            if stage_of(days_left) is None:
                continue
            for _ in range(data.draw(st.integers(1, 3))):
                claim = expiring(days_left)
                verdict = judge(known, claim, at=AT)
                if verdict in {Verdict.OPENED, Verdict.LOUDER}:
                    told.append(find_stage(claim) or 0)
                known = keep(claim)
        assert told == sorted(set(told), reverse=True)
        assert set(told) == {stage_of(days_left) for days_left in days} - {None}
        assert set(told) <= set(STAGES)


class TestAnItem:
    @given(st.sampled_from([TOWED, *(expiring(days) for days in (30, 7, 0))]))
    def test_is_left_alone_by_what_is_known(self, claim: Claim) -> None:
        for state in ItemState:
            if state is not ItemState.CLOSED:
                assert judge(keep(claim, state), claim, at=AT) is None

    def test_is_opened_again_by_what_comes_back_after_it_went_away(self) -> None:
        assert judge(closed(LICENCE, ClosedWhy.GONE), LICENCE, at=AT) is Verdict.REOPENED

    def test_stays_closed_after_a_person_closed_it_until_it_happens_anew(self) -> None:
        later = AT + timedelta(hours=1)
        done = closed(TOWED, ClosedWhy.DONE)
        assert judge(done, TOWED, at=later) is None
        assert judge(done, replace(TOWED, happened_at=later), at=later) is Verdict.REOPENED

    def test_stays_closed_while_its_kind_is_quiet(self) -> None:
        soon = AT + KINDS["towing"].quiet_for - timedelta(seconds=1)
        again = replace(TOWED, happened_at=soon)
        assert judge(closed(TOWED, ClosedWhy.DONE), again, at=soon) is None
        assert judge(closed(TOWED, ClosedWhy.DONE), again, at=soon + timedelta(seconds=1)) is Verdict.REOPENED

    def test_is_not_kept_quiet_when_it_is_louder(self) -> None:
        silent = Claim(kind="tracker_silent", key="7", happened_at=AT, severity=Severity.LOOK)
        lost = replace(silent, severity=Severity.ACT)
        assert judge(closed(silent, ClosedWhy.GONE), lost, at=AT) is Verdict.REOPENED

    def test_counts_what_happens_again_and_wakes_nobody(self) -> None:
        again = replace(TOWED, happened_at=AT + timedelta(minutes=5))
        assert judge(keep(TOWED, ItemState.SNOOZED), again, at=AT) is Verdict.AGAIN

    def test_is_louder_with_each_reminder(self) -> None:
        assert judge(keep(expiring(8), ItemState.SNOOZED), expiring(7), at=AT) is Verdict.LOUDER

    def test_takes_over_what_is_known_otherwise(self) -> None:
        moved = replace(TOWED, park_id=2)
        assert judge(keep(TOWED), moved, at=AT) is Verdict.CHANGED

    def test_is_gone_when_its_source_does_not_speak_of_it(self) -> None:
        assert is_gone(keep(TOWED), Said(claims=()))
        assert not is_gone(closed(TOWED, ClosedWhy.DONE), Said(claims=()))

    def test_is_not_gone_for_being_older_than_its_source_tells(self) -> None:
        assert not is_gone(keep(TOWED), Said(claims=(), since=AT + timedelta(seconds=1)))
        assert is_gone(keep(TOWED), Said(claims=(), since=AT))


class TestALetter:
    @settings(max_examples=50)
    @given(MOMENTS, ZONES)
    def test_is_written_by_day_and_at_once_when_it_is_urgent(self, at: datetime, zone: str) -> None:
        due = next_writing(at, zone, is_urgent=False)
        assert at <= due <= at + timedelta(hours=11)
        assert MORNING <= due.astimezone(ZoneInfo(zone)).time() < EVENING
        assert next_writing(at, zone, is_urgent=True) == at

    def test_of_the_night_is_written_in_the_morning(self) -> None:
        berlin = ZoneInfo("Europe/Berlin")
        night = datetime(2026, 3, 28, 23, 30, tzinfo=berlin)
        due = next_writing(night, "Europe/Berlin", is_urgent=False).astimezone(berlin)
        assert (due.date(), due.time()) == (date(2026, 3, 29), time(7))

    def test_to_the_office_tells_the_loudest_first_by_number(self) -> None:
        quiet = Line(1, "driver_document", Severity.NOTE, None, 7, date(2026, 12, 2), "driving licence", False)
        loud = Line(2, "towing", Severity.ACT, 12, None, None, None, True)
        subject, text = office_letter([quiet, loud], inbox_url="https://erp.example/operator/inbox")
        assert subject == "2 things want you at Equinomix"
        assert text.splitlines()[0] == "Act now: Moved with the ignition off. Vehicle 12. Nobody has acknowledged it."
        assert "Driver 7. Last day: 2 December 2026." in text
        assert "https://erp.example/operator/inbox/1" in text

    def test_to_the_office_ends_somewhere(self) -> None:
        lines = [Line(number, "towing", Severity.ACT, number, None, None, None, False) for number in range(50)]
        _, text = office_letter(lines, inbox_url="https://erp.example/inbox")
        assert "And 30 more" in text

    def test_to_a_driver_says_what_runs_out_and_what_to_do(self) -> None:
        line = Line(1, "driver_document", Severity.LOOK, None, 7, date(2026, 12, 2), "driving licence", False)
        subject, text = driver_letter([line], portal_url="https://erp.example/driver/")
        assert subject == "Your driving licence runs out"
        assert "holds until 2 December 2026" in text and "https://erp.example/driver/" in text


class TestAPerson:
    def test_cannot_close_what_closes_by_itself(self) -> None:
        assert close_problem("driver_document", ItemState.OPEN) is not None
        assert close_problem("towing", ItemState.OPEN) is None
        assert close_problem("towing", ItemState.CLOSED) is not None

    def test_puts_off_to_a_moment_to_come_and_not_for_ever(self) -> None:
        assert until_problem(AT, AT) is not None
        assert until_problem(AT + timedelta(days=91), AT) is not None
        assert until_problem(AT + timedelta(days=90), AT) is None
