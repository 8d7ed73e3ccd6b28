"""Fines out of files: what is good goes in once, what is bad is said line by line, and each finds its driver."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.db import Database
from core.events import service
from core.events.models import MatchState, RecordReason
from core.events.schemas import EventSource
from core.imports import Outcome
from core.money import parse_amount
from portals.imports import KINDS, carry_out, look
from tests.conftest import Fleet
from tests.core.events.log_world import HOUR, World

HEADINGS = "Notice number,Issuer,Plate,Date,Time,Amount,Currency,Offence,Due\n"


@pytest.fixture
def world(database: Database, fleet: Fleet, at) -> World:
    return World(database, fleet, at)


def bring(world: World, lines: str) -> dict[str, int]:
    """Look at a file and carry it out; lines by what became of them."""
    with world.database.reading() as reader:
        seen = look(reader, viewer=world.clerk, at=world.at, kind=KINDS["fines"], content=(HEADINGS + lines).encode())
    done = carry_out(world.database, seen, actor=world.clerk, at=world.at)
    return {str(outcome): count for outcome, count in done.counts.items() if count}


def problems(world: World, line: str) -> set[str | None]:
    """The columns of which something is wrong in one line."""
    with world.database.reading() as reader:
        seen = look(reader, viewer=world.clerk, at=world.at, kind=KINDS["fines"], content=(HEADINGS + line).encode())
    return {problem.field for problem in seen.verdicts[0].problems}


class TestAnAmount:
    @pytest.mark.parametrize(
        ("text", "currency", "minor"),
        [
            ("238", "USD", 23_800),
            ("1,238.50", "USD", 123_850),
            ("1.238,5", "EUR", 123_850),
            ("€ 12", "EUR", 1_200),
            ("1 000", "JPY", 1_000),
            ("1.500", "KWD", 1_500_000),
            ("1,5", "JPY", None),
            ("-5", "USD", None),
            ("5 or 6", "USD", None),
        ],
    )
    def test_is_read_as_it_is_written(self, text: str, currency: str, minor: int | None) -> None:
        assert parse_amount(text, currency) == minor


class TestALine:
    @pytest.mark.parametrize(
        ("line", "fields"),
        [
            ("A-1,City,7ABC123,2026-11-20,16:05,238,USD,speeding,2026-12-20", set()),
            ("A-1,City,7abc-123,2026-11-20,4:05 pm,238,,Red light,", set()),
            ("A-1,City,1HGCM82633A004352,2026-11-20,,238,,,", set()),
            (",City,7ABC123,2026-11-20,16:05,238,,,", {"number"}),
            ("A-1,,7ABC123,2026-11-20,16:05,238,,,", {"issuer"}),
            ("A-1,City,NOBODY,2026-11-20,16:05,238,,,", {"vehicle"}),
            (
                "A-1,City,7ABC123,2026-13-20,25:00,x,DOLLARS,flying,soon",
                {"day", "time", "amount", "currency", "offence", "due_on"},
            ),
            ("A-1,City,7ABC123,2199-11-20,16:05,238,,,", {"day"}),
            ("A-1,City,7ABC123,2026-11-20,16:05,,,,", {"amount"}),
        ],
    )
    def test_is_told_everything_that_is_wrong_with_it(self, world: World, line: str, fields: set[str]) -> None:
        assert problems(world, line) == fields

    def test_is_of_the_clock_of_the_vehicle_s_park(self, world: World) -> None:
        bring(world, "A-1,City,7ABC123,2026-11-20,16:05,238,,,\nA-2,City,7ABC123,2026-11-20,,238,,,\n")
        found = {line.detail["number"]: line.event for line in world.log()}
        assert f"{found['A-1'].happened_at:%H:%M}" == "00:05"  # of the next day in UTC: Los Angeles is 8 hours behind
        assert found["A-2"].happened_until - found["A-2"].happened_at == timedelta(days=1)

    def test_of_a_whole_day_with_two_drivers_waits_for_a_person(self, world: World) -> None:
        world.give(world.ben, -72, -49)
        day = (world.at - 48 * HOUR).date()
        bring(world, f"A-1,City,7ABC123,{day},,238,,,\n")
        event = world.log()[0].event
        assert event is not None
        assert event.match_state in {MatchState.AMBIGUOUS, MatchState.NOBODY}
        assert event.driver_id is None


class TestAFile:
    def test_with_bad_lines_goes_in_once(self, world: World) -> None:
        lines = [f"N-{n},City,7ABC123,2026-11-{n % 20 + 1:02},{n % 24}:05,{n + 1}.00,,," for n in range(60)]
        for n in range(0, 60, 20):
            lines[n] = lines[n].replace("7ABC123", "NOBODY")
        file = "\n".join(lines) + "\n"
        assert bring(world, file) == {"new": 57, "bad": 3}
        with world.database.reading() as reader:
            audited = reader.execute(sa.text("SELECT count(*) FROM audit_entries")).scalar_one()
        assert bring(world, file) == {"unchanged": 57, "bad": 3}
        with world.database.reading() as reader:
            assert reader.execute(sa.text("SELECT count(*) FROM audit_entries")).scalar_one() == audited

    def test_says_of_a_notice_that_was_told_differently_which_event_it_is(self, world: World) -> None:
        line = "N-1,City,7ABC123,2026-11-20,16:05,238,,,"
        assert bring(world, line) == {"new": 1}
        event = world.log()[0].event
        assert event is not None
        with world.database.reading() as reader:
            told = (
                HEADINGS
                + line.replace("238", "300")
                + "\n"
                + line.replace("N-1", "N-2")
                + "\n"
                + line.replace("N-1", "N 2")
            )
            seen = look(reader, viewer=world.clerk, at=world.at, kind=KINDS["fines"], content=told.encode())
        assert [one.outcome for one in seen.verdicts] == [Outcome.BAD, Outcome.NEW, Outcome.BAD]
        assert f"event {event.id}" in seen.verdicts[0].problems[0].words
        assert "Line 3" in seen.verdicts[2].problems[0].words

    def test_leaves_what_was_withdrawn_since_as_it_is(self, world: World) -> None:
        line = "N-1,City,7ABC123,2026-11-20,16:05,238,,,"
        bring(world, line)
        event = world.log()[0].event
        assert event is not None
        reason = RecordReason.WITHDRAWN_BY_ISSUER
        world.do(service.withdraw_event, event_id=event.id, reason=reason, source=EventSource.OFFICE)
        assert bring(world, line) == {"unchanged": 1}
        assert world.log() == []
