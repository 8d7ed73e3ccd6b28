"""Drivers out of files, from bytes to records that are sealed."""

from __future__ import annotations

import random
from datetime import datetime

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import audit, clock
from core.db import Database
from core.drivers import queries, service
from core.drivers.models import Driver, Profile, Stage, StageReason
from core.drivers.schemas import StageStep
from core.errors import Forbidden
from core.imports import Outcome
from core.permissions import OPERATOR, Actor
from portals.imports import KINDS, Look, carry_out, look
from tests.conftest import ROOT, Fleet
from tests.portals.imports.fleets import DRIVER_HEADINGS, make_driver, make_drivers

KIND = KINDS["drivers"]
OF_BAYVIEW = Actor("user", 2, "Operator", roles=frozenset({OPERATOR}), parks=frozenset({1}))
ANA = "+14155550100"
HEADINGS = "Name,Phone,Park,E-mail,Born,Licence,Country,State,Class,Expires\n"
BEA = "Bea Ruiz,+14155550111,Bayview,bea@example.com,1990-04-23,D7654321,US,CA,C,2029-04-23\n"


def look_at(database: Database, text: str, viewer: Actor = ROOT) -> Look:
    with database.reading() as reader:
        return look(reader, viewer=viewer, at=clock.now(), kind=KIND, content=text.encode())


def do(database: Database, text: str, at: datetime, actor: Actor = ROOT) -> Look:
    return carry_out(database, look_at(database, text, actor), actor=actor, at=at)


def said(seen: Look) -> dict[int, str]:
    return {verdict.number: " ".join(map(seen.in_words, verdict.problems)) for verdict in seen.of(Outcome.BAD)}


def changes(seen: Look) -> list[tuple[str, str | None, str | None]]:
    return [tuple(change) for change in seen.verdicts[0].changes]


def list_all(database: Database, at: datetime) -> dict[int, tuple[str, str]]:
    with database.reading() as reader:
        return {one["id"]: (one["name"], one["phone"]) for one in queries.list_drivers(reader, viewer=ROOT, at=at)}


def text_of(rows: list[list[str]]) -> str:
    return "".join(";".join(row) + "\n" for row in [DRIVER_HEADINGS, *rows])


class TestAFleetOf700WithOneBadLineInTwenty:
    def test_is_taken_in_but_for_its_bad_lines_and_the_second_time_changes_nothing(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        sheet = make_drivers(700, bad=35, chance=random.Random(1))
        text = sheet.text(";")
        seen = look_at(database, text)
        assert said(seen).keys() == sheet.bad.keys()
        assert [n for n, words in sheet.bad.items() if words not in said(seen)[n]] == []
        assert len(list_all(database, at)) == 1, "looking adds nobody"
        done = carry_out(database, seen, actor=ROOT, at=at)
        assert done.counts == {Outcome.NEW: 665, Outcome.CHANGED: 0, Outcome.UNCHANGED: 0, Outcome.BAD: 35}
        kept = list_all(database, at)
        good = [row for number, row in enumerate(sheet.rows, start=2) if number not in sheet.bad]
        assert {name for name, _ in kept.values()} == {f"{row[0]} {row[1]}" for row in good} | {"Ana Lopez"}
        again = do(database, text, at)
        assert again.counts == {Outcome.NEW: 0, Outcome.CHANGED: 0, Outcome.UNCHANGED: 665, Outcome.BAD: 35}
        assert list_all(database, at) == kept

    def test_takes_as_many_statements_as_a_tenth_of_it(self, database: Database, fleet: Fleet, at: datetime) -> None:
        def count(rows: list[list[str]]) -> int:
            counted = 0

            def note(*_: object) -> None:
                nonlocal counted
                counted += 1

            sa.event.listen(database.writer, "before_cursor_execute", note)
            try:
                assert do(database, text_of(rows), at).counts[Outcome.BAD] == 0
            finally:
                sa.event.remove(database.writer, "before_cursor_execute", note)
            return counted

        few = count([make_driver(number) for number in range(1, 41)])
        assert few == count([make_driver(number) for number in range(1001, 1401)])


class TestANewDriver:
    def test_is_kept_as_the_line_says_and_sealed(self, database: Database, fleet: Fleet, at: datetime) -> None:
        done = do(database, HEADINGS + BEA, at)
        driver_id = done.verdicts[0].record_id
        assert list_all(database, at)[driver_id or 0] == ("Bea Ruiz", "+14155550111")
        with database.reading() as reader:
            profile = reader.execute(sa.select(Profile.__table__).where(Profile.driver_id == driver_id)).one()
            assert (profile.licence_country, profile.licence_region, profile.licence_categories) == ("US", "CA", ["C"])
            assert profile.licence_valid_until.isoformat() == "2029-04-23"
            everything = str(reader.execute(sa.text("SELECT row_to_json(d) FROM drivers_drivers d")).all())
            everything += str(reader.execute(sa.text("SELECT row_to_json(d) FROM drivers_profiles d")).all())
            everything += str(reader.execute(sa.text("SELECT detail FROM audit_entries")).all())
            everything += str(reader.execute(sa.text("SELECT ids FROM outbox_facts")).all())
        for secret in ("Bea", "Ruiz", "4155550111", "bea@", "1990-04-23", "7654321"):
            assert secret not in everything
            assert secret.encode().hex() not in everything

    def test_drives_from_now_on_and_is_told_like_one_added_by_hand(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        done = do(database, HEADINGS + BEA, at)
        driver_id = done.verdicts[0].record_id
        with database.reading() as reader:
            entries = audit.list_entries(reader, viewer=ROOT, subject=("driver", driver_id))
            assert [entry["action"] for entry in entries] == ["drivers.stage_changed", "drivers.driver_registered"]
            assert entries[1]["detail"] == {"file": done.digest, "line": 2}
            assert entries[0]["detail"]["reason"] == "imported"
            stage = reader.execute(sa.select(Driver.stage).where(Driver.id == driver_id)).scalar_one()
            facts = reader.execute(sa.text("SELECT name FROM outbox_facts WHERE (ids->>'driver_id')::int > 1")).all()
        assert stage is Stage.ACTIVE
        assert {name for (name,) in facts} == {"drivers.driver_registered", "drivers.stage_changed"}

    def test_has_one_number_however_it_is_written(self, database: Database, fleet: Fleet, at: datetime) -> None:
        assert do(database, HEADINGS + BEA, at).counts[Outcome.NEW] == 1
        for phone in ("+1 (415) 555-0111", "001 415 555 0111", "'+1.415.555.0111", "+1/415/5550111"):
            assert look_at(database, f"Name,Phone\nBea Ruiz,{phone}\n").counts[Outcome.UNCHANGED] == 1, phone

    def test_is_hinted_at_when_the_licence_has_expired(self, looked_at: Database) -> None:
        seen = look_at(looked_at, HEADINGS + BEA.replace("2029", "2019"))
        assert seen.verdicts[0].hints == ("The licence has expired.",)

    def test_is_born_on_a_day_that_the_column_tells_apart(self, looked_at: Database) -> None:
        text = "Name,Phone,Park,Born\nBea Ruiz,+14155550111,Bayview,03/04/1990\n"
        assert "may be the one day or the other" in said(look_at(looked_at, text))[2]
        seen = look_at(looked_at, f"{text}Cy Ng,+14155550112,Bayview,12/31/1990\n")
        assert ("birth_date", None, "1990-03-04") in changes(seen)


class TestADriverWhoIsThere:
    def test_is_known_by_the_number_and_changed_where_the_line_says_more(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        text = HEADINGS + f"Ana Lopez,{ANA},Bayview,,1985-01-02,D7654321,US,CA,C,2029-04-23\n"
        seen = look_at(database, text)
        assert seen.counts[Outcome.CHANGED] == 1
        assert ("birth_date", None, "1985-01-02") in changes(seen)
        carry_out(database, seen, actor=ROOT, at=at)
        assert do(database, text, at).counts[Outcome.UNCHANGED] == 1
        with database.reading() as reader:
            entry = audit.list_entries(reader, viewer=ROOT, subject=("driver", 1))[0]
        assert (entry["action"], entry["detail"]["fields"]) == ("drivers.profile_changed", ["birth_date", "licence"])

    def test_is_known_by_the_licence_when_the_number_is_new(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        do(database, HEADINGS + BEA, at)
        seen = look_at(database, HEADINGS + BEA.replace("+14155550111", "+14155550199"))
        assert changes(seen) == [("phone", "+14155550111", "+14155550199")]
        carry_out(database, seen, actor=ROOT, at=at)
        assert ("Bea Ruiz", "+14155550199") in list_all(database, at).values()

    def test_is_told_of_what_is_sealed_only_whether_it_is_the_same(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        do(database, HEADINGS + BEA, at)
        seen = look_at(database, HEADINGS + BEA.replace("1990-04-23", "1991-04-23").replace("bea@", "b@"))
        assert changes(seen) == [("email", "another", "b@example.com"), ("birth_date", "another", "1991-04-23")]

    def test_keeps_what_the_line_does_not_say(self, database: Database, fleet: Fleet, at: datetime) -> None:
        do(database, HEADINGS + BEA, at)
        done = do(database, "Phone,Expires\n+14155550111,2031-01-01\n", at)
        assert changes(done) == [("licence_valid_until", "2029-04-23", "2031-01-01")]
        assert do(database, HEADINGS + BEA.replace("2029-04-23", ""), at).counts[Outcome.UNCHANGED] == 1

    def test_is_not_taken_for_somebody_who_was_given_the_number(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        do(database, HEADINGS + BEA, at)
        seen = look_at(database, HEADINGS + BEA.replace("Bea Ruiz", "Cy Ng").replace("D7654321", "D1111111"))
        assert "with another licence. Is it the same person?" in said(seen)[2]

    def test_out_of_sight_is_not_shown(self, database: Database, fleet: Fleet, at: datetime) -> None:
        do(database, HEADINGS + BEA.replace("Bayview", "Mission"), at)
        seen = look_at(database, "Phone,Name\n+14155550111,\n", OF_BAYVIEW)
        assert said(seen) == {2: "Phone “+14155550111”: This is somebody outside your parks. Ask an administrator."}
        assert (seen.verdicts[0].title, seen.verdicts[0].record_id) == ("", None)

    def test_who_has_left_is_not_changed(self, database: Database, fleet: Fleet, at: datetime) -> None:
        driver_id = do(database, HEADINGS + BEA, at).verdicts[0].record_id or 0
        step = StageStep(stage=Stage.LEFT, reason=StageReason.RESIGNED)
        with database.transaction() as session:
            service.take_step(session, actor=ROOT, at=at, driver_id=driver_id, step=step)
        assert look_at(database, HEADINGS + BEA).counts[Outcome.UNCHANGED] == 1
        assert "who has left" in said(look_at(database, HEADINGS + BEA.replace("bea@", "b@")))[2]


class TestNumbersThatMove:
    def test_go_from_one_to_the_next_whatever_their_order(self, database: Database, fleet: Fleet, at: datetime) -> None:
        do(database, HEADINGS + BEA, at)
        new = "Cy Ng,+14155550111,Bayview,,,D1111111,US,CA,C,\n"
        text = HEADINGS + new + BEA.replace("+14155550111", "+14155550112")
        done = do(database, text, at)
        assert done.counts == {Outcome.NEW: 1, Outcome.CHANGED: 1, Outcome.UNCHANGED: 0, Outcome.BAD: 0}
        assert {("Cy Ng", "+14155550111"), ("Bea Ruiz", "+14155550112")} <= set(list_all(database, at).values())
        assert do(database, text, at).counts[Outcome.UNCHANGED] == 2

    def test_stay_when_their_owner_keeps_them(self, database: Database, fleet: Fleet, at: datetime) -> None:
        do(database, HEADINGS + BEA, at)
        seen = look_at(database, HEADINGS + BEA + "Cy Ng,+14155550111,Bayview,,,D1111111,US,CA,C,\n")
        assert "The same number stands in" in said(seen)[3]


NAMES = st.sampled_from(["Ana Lopez", "Bea Ruiz", "Cy Ng"])
PHONES = st.sampled_from(["", ANA, "+14155550111", "+14155550112", "+14155550113"])
LICENCES = st.sampled_from(["", "D1111111", "D2222222", "D3333333"])
ROWS = st.lists(st.tuples(NAMES, PHONES, LICENCES), min_size=1, max_size=5)


class TestAnyFile:
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(rows=ROWS)
    def test_does_what_it_said_and_nothing_more_the_second_time(
        self, database: Database, fleet: Fleet, at: datetime, rows: list[tuple[str, str, str]]
    ) -> None:
        text = "Name,Phone,Licence,Country,State,Class,Park\n" + "".join(
            f"{name},{phone},{licence},{'US,CA,C' if licence else ',,'},Bayview\n" for name, phone, licence in rows
        )
        seen = look_at(database, text)
        done = carry_out(database, seen, actor=ROOT, at=at)
        assert done.counts == seen.counts
        again = look_at(database, text)
        assert again.wanted == 0
        assert again.counts[Outcome.BAD] == seen.counts[Outcome.BAD]


class TestWhoImports:
    def test_needs_the_right_to_register(self, database: Database, fleet: Fleet) -> None:
        with pytest.raises(Forbidden):
            look_at(database, HEADINGS + BEA, Actor("user", 9, "Nobody", parks=None))
