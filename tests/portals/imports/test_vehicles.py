"""Vehicles out of files, from bytes to records."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from core import audit, clock
from core.db import Database
from core.errors import Conflict, Forbidden
from core.imports import Outcome
from core.permissions import OPERATOR, Actor
from core.telemetry import queries as telemetry
from core.vehicles import queries, service
from core.vehicles.models import VehicleStatus
from core.vehicles.queries import VehicleRecord
from core.vehicles.schemas import NewVehicle
from core.vehicles.service import imports
from portals.imports import KINDS, Look, carry_out, carrying_out, look
from tests.conftest import ROOT, Fleet
from tests.portals.imports.fleets import VEHICLE_HEADINGS, make_vehicle, make_vehicles, make_vin

KIND = KINDS["vehicles"]
OF_BAYVIEW = Actor("user", 2, "Operator", roles=frozenset({OPERATOR}), parks=frozenset({1}))
FIRST, SECOND = "1HGCM82633A004352", "5GZCZ43D13S812715"


def look_at(database: Database, text: str, viewer: Actor = ROOT) -> Look:
    with database.reading() as reader:
        return look(reader, viewer=viewer, at=clock.now(), kind=KIND, content=text.encode())


def do(database: Database, text: str, at: datetime, actor: Actor = ROOT) -> Look:
    return carry_out(database, look_at(database, text, actor), actor=actor, at=at)


def said(seen: Look) -> dict[int, str]:
    return {verdict.number: " ".join(map(seen.in_words, verdict.problems)) for verdict in seen.of(Outcome.BAD)}


def list_all(database: Database) -> dict[str, VehicleRecord]:
    with database.reading() as reader:
        return {vehicle.vin: vehicle for vehicle in queries.list_vehicles(reader, viewer=ROOT)}


class TestAFleetOf500WithOneBadLineInTwenty:
    def test_is_taken_in_but_for_its_bad_lines_and_the_second_time_changes_nothing(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        sheet = make_vehicles(500, bad=25, chance=random.Random(1))
        seen = look_at(database, sheet.text())
        assert said(seen).keys() == sheet.bad.keys()
        assert [n for n, words in sheet.bad.items() if words not in said(seen)[n]] == []
        assert len(list_all(database)) == 2, "looking adds nothing"
        done = carry_out(database, seen, actor=ROOT, at=at)
        assert done.counts == {Outcome.NEW: 475, Outcome.CHANGED: 0, Outcome.UNCHANGED: 0, Outcome.BAD: 25}
        kept = list_all(database)
        good = [row for number, row in enumerate(sheet.rows, start=2) if number not in sheet.bad]
        assert kept.keys() == {row[0] for row in good} | {FIRST, SECOND}
        again = do(database, sheet.text(), at)
        assert again.counts == {Outcome.NEW: 0, Outcome.CHANGED: 0, Outcome.UNCHANGED: 475, Outcome.BAD: 25}
        assert list_all(database) == kept

    def test_ends_the_same_when_it_breaks_off_and_is_done_again(
        self, database: Database, fleet: Fleet, at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(carrying_out, "BATCH", 40)
        seen = look_at(database, make_vehicles(100, bad=5, chance=random.Random(2)).text())
        with pytest.raises(ZeroDivisionError):
            carry_out(_BreaksOff(database, after=1), seen, actor=ROOT, at=at)
        assert len(list_all(database)) == 2 + 40, "what a batch did is done, and no half of one"
        done = do(database, make_vehicles(100, bad=5, chance=random.Random(2)).text(), at)
        assert done.counts == {Outcome.NEW: 55, Outcome.CHANGED: 0, Outcome.UNCHANGED: 40, Outcome.BAD: 5}
        assert len(list_all(database)) == 2 + 95

    def test_takes_as_many_statements_as_a_tenth_of_it(self, database: Database, fleet: Fleet, at: datetime) -> None:
        def count(lines: list[list[str]]) -> int:
            counted = 0

            def note(*_: object) -> None:
                nonlocal counted
                counted += 1

            sa.event.listen(database.writer, "before_cursor_execute", note)
            try:
                do(database, _text(lines), at)
            finally:
                sa.event.remove(database.writer, "before_cursor_execute", note)
            return counted

        few, many = count([make_vehicle(n) for n in range(1, 41)]), count([make_vehicle(n) for n in range(1001, 1401)])
        assert few == many

    def test_can_be_mended_from_the_file_of_bad_lines(self, database: Database, fleet: Fleet, at: datetime) -> None:
        row = make_vehicle(2)
        done = do(database, _text([make_vehicle(1), [*row[:5], "21", *row[6:]]]), at)
        mended = done.write_bad().decode().replace(",21,", ",2021,")
        again = do(database, mended, at)
        assert again.counts[Outcome.NEW] == 1
        assert list_all(database)[row[0]].year == 2021


VINS = st.sampled_from([FIRST, SECOND, *(make_vin(number) for number in range(1, 5))])
PLATES = st.sampled_from(["", "", "A1", "A2", "A3", "7ABC123"])
DEVICES = st.sampled_from(["", "", "dev-1", "dev-2", "860000000000001"])
ROWS = st.lists(st.tuples(VINS, PLATES, DEVICES, st.sampled_from(["", "Vue", "Golf"])), min_size=1, max_size=6)


class TestAnyFile:
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(rows=ROWS)
    def test_does_what_it_said_and_nothing_more_the_second_time(
        self, database: Database, fleet: Fleet, at: datetime, rows: list[tuple[str, str, str, str]]
    ) -> None:
        text = "VIN,Plate,IMEI,Model,Park\n" + "".join(f"{','.join(row)},Bayview\n" for row in rows)
        seen = look_at(database, text)
        done = carry_out(database, seen, actor=ROOT, at=at)
        assert done.counts == seen.counts
        again = look_at(database, text)
        assert again.wanted == 0
        assert again.counts[Outcome.BAD] == seen.counts[Outcome.BAD]


class TestANewVehicle:
    def test_is_kept_as_the_line_says(self, database: Database, fleet: Fleet, at: datetime) -> None:
        text = (
            "Fahrgestellnummer;Kennzeichen;Marke;Modell;Baujahr;Kraftstoff;Fahrzeugart;Standort;IMEI\n"
            f"{make_vin(7).lower()};m-äb 1234;Škoda;Octavia;2021.0;Diesel;PKW;mission;356307042441013\n"
        )
        assert do(database, text, at).counts[Outcome.NEW] == 1
        kept = list_all(database)[make_vin(7)]
        assert (kept.plate, kept.make, kept.model, kept.year) == ("M-ÄB 1234", "Škoda", "Octavia", 2021)
        assert (kept.powertrain, kept.vehicle_class, kept.park) == ("ice", "car", "Mission")
        assert (kept.name, kept.device_uid, kept.status) == ("M-ÄB 1234", "356307042441013", "onboarding")

    def test_is_told_like_one_that_is_registered_by_hand(self, database: Database, fleet: Fleet, at: datetime) -> None:
        done = do(database, _text([make_vehicle(1), make_vehicle(2)]), at)
        with database.reading() as reader:
            ids = [verdict.record_id for verdict in done.verdicts]
            for id_, line in zip(ids, (2, 3), strict=True):
                entry = audit.list_entries(reader, viewer=ROOT, subject=("vehicle", id_))[0]
                assert entry["action"] == "vehicles.vehicle_registered"
                assert entry["detail"] == {"vin": make_vin(line - 1), "file": done.digest, "line": line}
                history = queries.list_status_changes(reader, viewer=ROOT, vehicle_id=id_ or 0)
                assert [row["status"] for row in history] == ["onboarding"]
            facts = reader.execute(sa.text("SELECT ids FROM outbox_facts WHERE name = 'vehicles.vehicle_registered'"))
            assert {ids["vehicle_id"] for (ids,) in facts} >= set(ids)

    def test_goes_to_the_only_park_of_who_imports(self, database: Database, fleet: Fleet, at: datetime) -> None:
        do(database, f"VIN,Model\n{make_vin(1)},Vue\n", at, OF_BAYVIEW)
        assert list_all(database)[make_vin(1)].park == "Bayview"

    def test_begins_as_the_line_says(self, database: Database, fleet: Fleet, at: datetime) -> None:
        text = (
            "VIN,Model,Park,Estado\n"
            f"{make_vin(1)},Vue,Bayview,Available\n{make_vin(2)},Vue,Bayview,en taller\n{make_vin(3)},Vue,Bayview,\n"
            f"{make_vin(4)},Vue,Bayview,written off\n"
        )
        done = do(database, text, at)
        assert said(done).keys() == {5}
        kept = list_all(database)
        assert [kept[make_vin(n)].status for n in (1, 2, 3)] == ["available", "in_repair", "onboarding"]
        with database.reading() as reader:
            history = queries.list_status_changes(reader, viewer=ROOT, vehicle_id=kept[make_vin(2)].id)
        assert [(row["status"], row["reason"]) for row in history] == [("in_repair", "Imported")]
        assert look_at(database, text.replace("Available", "Blocked")).counts[Outcome.UNCHANGED] == 3

    def test_begins_as_the_line_says_if_its_writer_may_say_so(self, looked_at: Database) -> None:
        may = Actor("client", 1, "Program", grants=frozenset({"vehicles:register"}), parks=None)
        text = f"VIN,Model,Park,Status,km\n{make_vin(1)},Vue,Bayview,available,5\n"
        words = said(look_at(looked_at, text, may))[2]
        assert "You may not say how a vehicle stands" in words and "You may not record mileages" in words

    def test_begins_with_what_its_odometer_says(self, database: Database, fleet: Fleet, at: datetime) -> None:
        text = (
            "VIN,Model,Park,Odometer (km),Miles\n"
            f'{make_vin(1)},Vue,Bayview,"12,500",\n{make_vin(2)},Vue,Bayview,,100\n{make_vin(3)},Vue,Bayview,1,1\n'
        )
        done = do(database, text, at)
        assert said(done) == {4: "Odometer (miles) “1”: The mileage stands in kilometres too. Keep one of them."}
        with database.reading() as reader:
            kept = {
                vin: telemetry.list_mileage_readings(reader, viewer=ROOT, vehicle_id=list_all(database)[vin].id)
                for vin in (make_vin(1), make_vin(2))
            }
        assert [row["odometer_m"] for rows in kept.values() for row in rows] == [12_500_000, 160_934]
        assert do(database, text, at).counts[Outcome.UNCHANGED] == 2

    def test_is_hinted_at_when_its_vin_looks_mistyped(self, looked_at: Database) -> None:
        seen = look_at(looked_at, "VIN,Model,Park\nWVWZZZ1JZXW000001,Golf,Bayview\n")
        assert seen.counts[Outcome.NEW] == 1
        assert "check the papers" in seen.verdicts[0].hints[0]


class TestAVehicleThatIsThere:
    def test_is_changed_where_the_line_says_something_else(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        text = f"VIN,Model,Year,Make,Plate\n{FIRST},Accord EX,2021,,\n"
        seen = look_at(database, text)
        assert [tuple(change) for change in seen.verdicts[0].changes] == [("model", "Accord", "Accord EX")]
        before = list_all(database)[FIRST]
        carry_out(database, seen, actor=ROOT, at=at)
        kept = list_all(database)[FIRST]
        assert (kept.model, kept.year, kept.make, kept.plate) == ("Accord EX", 2021, "Honda", "7ABC123")
        assert kept.version == before.version + 1
        with database.reading() as reader:
            entry = audit.list_entries(reader, viewer=ROOT, subject=("vehicle", kept.id))[0]
        assert entry["action"] == "vehicles.vehicle_changed"
        assert entry["detail"]["changes"] == [{"field": "model", "before": "Accord", "after": "Accord EX"}]

    def test_is_changed_by_who_may_change_it(self, looked_at: Database) -> None:
        may = Actor("client", 1, "Program", grants=frozenset({"vehicles:register"}), parks=None)
        words = said(look_at(looked_at, f"VIN,Model\n{FIRST},Civic\n{SECOND},Vue\n", may))
        assert words.keys() == {2}
        assert "whose record you may not change" in words[2]

    def test_gets_a_tracker_if_it_has_none(self, database: Database, fleet: Fleet, at: datetime) -> None:
        do(database, f"VIN,IMEI\n{SECOND},356307042441013\n", at)
        assert list_all(database)[SECOND].device_uid == "356307042441013"

    def test_keeps_the_tracker_it_has(self, looked_at: Database) -> None:
        seen = look_at(looked_at, f"VIN,IMEI\n{FIRST},356307042441013\n{SECOND},860000000000001\n")
        assert "There is the tracker 860000000000001 in vehicle 1 (Car 1). Replace it on its page." in said(seen)[2]
        assert "This tracker is in vehicle 1 (Car 1). Take it out there first." in said(seen)[3]

    def test_stays_in_its_park(self, looked_at: Database) -> None:
        seen = look_at(looked_at, f"VIN,Park\n{FIRST},Mission\n")
        assert said(seen) == {2: "Park “Mission”: It belongs to Bayview. Move it on its page."}

    def test_is_not_changed_once_it_is_written_off(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with database.transaction() as session:
            service.change_status(
                session, actor=ROOT, at=at, vehicle_id=1, status=VehicleStatus.WRITTEN_OFF, reason="Burnt"
            )
        seen = look_at(database, f"VIN,Model\n{FIRST},Civic\n")
        assert "is written off" in said(seen)[2]
        unchanged = look_at(database, f"VIN,Model,Status\n{FIRST},Accord,written_off\n")
        assert unchanged.counts[Outcome.UNCHANGED] == 1

    def test_out_of_sight_is_not_shown(self, looked_at: Database) -> None:
        text = f"VIN,Model,Plate\n{SECOND},Vue,X1\n"
        seen = look_at(looked_at, text, OF_BAYVIEW)
        assert said(seen) == {
            2: f"VIN “{SECOND}”: This VIN belongs to a vehicle outside your parks. Ask an administrator."
        }
        assert seen.verdicts[0].record_id is None

    def test_out_of_sight_is_not_named_by_its_plate(self, database: Database, fleet: Fleet, at: datetime) -> None:
        do(database, f"VIN,Plate\n{SECOND},PL8\n", at)
        seen = look_at(database, f"VIN,Model,Plate\n{make_vin(1)},Vue,PL8\n", OF_BAYVIEW)
        assert "belongs to a vehicle outside your parks" in said(seen)[2]


class TestPlatesThatMove:
    def test_go_from_one_to_the_next_whatever_their_order(self, database: Database, fleet: Fleet, at: datetime) -> None:
        do(database, f"VIN,Plate\n{SECOND},P2\n", at)
        text = f"VIN,Model,Park,Plate\n{make_vin(1)},Vue,Mission,P2\n{SECOND},,,7ABC123\n{FIRST},,,P1\n"
        done = do(database, text, at)
        assert done.counts == {Outcome.NEW: 1, Outcome.CHANGED: 2, Outcome.UNCHANGED: 0, Outcome.BAD: 0}
        plates = {vin: vehicle.plate for vin, vehicle in list_all(database).items()}
        assert plates == {make_vin(1): "P2", SECOND: "7ABC123", FIRST: "P1"}
        assert do(database, text, at).counts[Outcome.UNCHANGED] == 3

    def test_do_not_change_places(self, database: Database, fleet: Fleet, at: datetime) -> None:
        do(database, f"VIN,Plate\n{SECOND},P2\n", at)
        seen = look_at(database, f"VIN,Plate\n{FIRST},P2\n{SECOND},7ABC123\n")
        assert said(seen).keys() == {2, 3}
        assert "This plate belongs to vehicle 2" in said(seen)[2]

    def test_wait_for_no_line_that_is_bad(self, looked_at: Database) -> None:
        seen = look_at(looked_at, f"VIN,Plate,Year\n{SECOND},7ABC123,\n{FIRST},P1,21\n")
        assert said(seen).keys() == {2, 3}


class TestWhoImports:
    def test_needs_the_right_to_register(self, database: Database, fleet: Fleet) -> None:
        with pytest.raises(Forbidden):
            look_at(database, f"VIN\n{FIRST}\n", Actor("user", 9, "Nobody", parks=None))

    def test_meets_somebody_who_registers_the_same_at_that_moment(
        self, database: Database, fleet: Fleet, at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        once = iter([True])
        _before_storing(monkeypatch, lambda: next(once, False) and _register(database, at, make_vin(1)))
        done = do(database, f"VIN,Model,Park\n{make_vin(1)},Vue,Bayview\n{make_vin(2)},Vue,Bayview\n", at)
        assert [verdict.outcome for verdict in done.verdicts] == [Outcome.UNCHANGED, Outcome.NEW]

    def test_keeps_others_from_what_was_looked_at_until_it_is_written(
        self, database: Database, fleet: Fleet, at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waited = []

        def rename() -> None:
            with pytest.raises(OperationalError, match="lock timeout"), database.transaction() as session:
                session.execute(sa.text("SET LOCAL lock_timeout = '20ms'"))
                session.execute(sa.text("UPDATE vehicles_vehicles SET model = 'Civic' WHERE id = 1"))
            waited.append(True)

        _before_storing(monkeypatch, rename)
        do(database, f"VIN,Model\n{FIRST},Accord EX\n", at)
        assert waited == [True]

    def test_is_told_when_others_do_not_cease_to(
        self, database: Database, fleet: Fleet, at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        numbers = iter(range(1, 10))
        _before_storing(monkeypatch, lambda: _register(database, at, make_vin(next(numbers))))
        text = "VIN,Model,Park\n" + "".join(f"{make_vin(n)},Vue,Bayview\n" for n in range(1, 10))
        with pytest.raises(Conflict, match="nothing is done twice"):
            do(database, text, at)


class _BreaksOff(Database):
    """A database that fails after so many transactions."""

    def __init__(self, whole: Database, *, after: int) -> None:
        self._whole, self._left = whole, after

    def transaction(self):
        if not self._left:
            raise ZeroDivisionError
        self._left -= 1
        return self._whole.transaction()


def _text(rows: list[list[str]]) -> str:
    return "".join(",".join(row) + "\n" for row in [VEHICLE_HEADINGS, *rows])


def _register(database: Database, at: datetime, vin: str) -> None:
    with database.transaction() as session:
        service.register_vehicle(session, actor=ROOT, at=at, new=NewVehicle(vin=vin, model="Vue", park_id=1))


def _before_storing(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Have something happen between the look at what is there and the write."""
    store = imports.store_new

    def stored(*args: object, **kwargs: object) -> object:
        happens()
        return store(*args, **kwargs)

    monkeypatch.setattr(imports, "store_new", stored)
