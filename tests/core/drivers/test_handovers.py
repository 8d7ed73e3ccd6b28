"""Inspections at the taking and giving back of a vehicle: drafted, signed by both sides, and never changed then."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from core import outbox, vault
from core.db import Database
from core.drivers import queries, service
from core.drivers.models import DamageKind, DamageSeverity, Driver, HandoverKind, Party, PhotoView
from core.drivers.rules.assignments import AssignmentState
from core.drivers.schemas.handovers import HandoverReadings, NewDamage, Signature
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permissions import DRIVER, OPERATOR, Actor
from tasks import handovers as tasks
from tests.conftest import ROOT, Fleet
from tests.core.drivers.test_assignments import Plan

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c636060606000000005000"
    "1a5f645400000000049454e44ae426082"
)
LINE = [[(100 + 20 * n, 400 + (n % 3) * 90) for n in range(12)]]
SCRATCH = NewDamage(x=420, y=140, kind=DamageKind.SCRATCH, severity=DamageSeverity.MINOR)


class Case:
    """Driver 0 is the account of the fleet's driver and has vehicle 0 since an hour; the office is the operator."""

    def __init__(self, database: Database, fleet: Fleet, at: datetime) -> None:
        self.plan = Plan(database, fleet, at)
        self.database, self.at, self.clock = database, at, at
        with database.transaction() as session:
            session.execute(sa.update(Driver).where(Driver.id == fleet.driver_id).values(user_id=None))
            session.execute(
                sa.update(Driver).where(Driver.id == self.plan.drivers[0]).values(user_id=fleet.user_ids["driver"])
            )
        self.assignment = self.plan.make(0, 0, -1, 5)
        self.driver = Actor("user", fleet.user_ids["driver"], "Driver", roles=frozenset({DRIVER}), parks=frozenset())
        parks = frozenset({fleet.park_id})
        self.office = Actor("user", fleet.user_ids["operator"], "Office", roles=frozenset({OPERATOR}), parks=parks)
        elsewhere = frozenset({fleet.other_park_id})
        self.stranger = Actor("user", fleet.user_ids["dispatcher"], "X", roles=frozenset({OPERATOR}), parks=elsewhere)

    def do(self, verb, *, actor: Actor | None = None, **arguments):  # type: ignore[no-untyped-def]
        with self.database.transaction() as session:
            return verb(session, actor=actor or self.driver, at=self.clock, **arguments)

    def begin(self, kind: HandoverKind = HandoverKind.TAKING, *, assignment: int | None = None) -> int:
        which = self.assignment if assignment is None else assignment
        return int(self.do(service.begin_handover, assignment_id=which, kind=kind))

    def fill(self, handover_id: int, *, km: int = 80_000, note: str = "") -> None:
        for view in PhotoView:
            self.do(service.add_photo, handover_id=handover_id, view=view, name="photo.png", content=PIXEL)
        readings = HandoverReadings(odometer_m=km * 1000, fuel_pct=75, note=note)
        self.do(service.note_readings, handover_id=handover_id, readings=readings)

    def read(self, handover_id: int, *, viewer: Actor = ROOT) -> queries.HandoverRecord:
        with self.database.reading() as reader:
            return queries.get_handover(reader, viewer=viewer, handover_id=handover_id)

    def sign(self, handover_id: int, *, actor: Actor | None = None, declared: bool = False) -> bool:
        seen = self.read(handover_id).content_hash
        signature = Signature(content_hash=seen, strokes=[] if declared else LINE, declared=declared)
        return bool(self.do(service.sign_handover, actor=actor, handover_id=handover_id, signature=signature))

    def complete(self, kind: HandoverKind = HandoverKind.TAKING, *, km: int = 80_000, damaged: bool = False) -> int:
        handover = self.begin(kind)
        self.fill(handover, km=km)
        if damaged:
            self.do(service.mark_damage, handover_id=handover, damage=SCRATCH)
        self.sign(handover)
        self.sign(handover, actor=self.office)
        return handover

    def facts(self, name: str) -> list[dict[str, object]]:
        with self.database.reading() as reader:
            return [dict(fact.ids) for fact in outbox.read_since(reader, outbox.Offset(0, 0), names=[name])]


@pytest.fixture
def case(database: Database, fleet: Fleet) -> Case:
    """A vehicle that its driver takes over."""
    return Case(database, fleet, datetime.now(UTC).replace(microsecond=0))


class TestADraft:
    def test_is_begun_once(self, case: Case) -> None:
        assert case.begin() == case.begin()

    def test_is_of_the_driver_and_of_the_office_and_of_nobody_else(self, case: Case) -> None:
        handover = case.begin()
        for verb, more in (
            (service.begin_handover, {"assignment_id": case.assignment, "kind": HandoverKind.TAKING}),
            (service.mark_damage, {"handover_id": handover, "damage": SCRATCH}),
        ):
            with pytest.raises(NotFound):
                case.do(verb, actor=case.stranger, **more)
        with pytest.raises(NotFound):
            case.read(handover, viewer=case.stranger)
        assert case.read(handover, viewer=case.driver).line.id == handover

    def test_begins_at_most_two_hours_before_its_time(self, case: Case) -> None:
        later = case.plan.make(1, 0, 8, 12)
        with pytest.raises(Conflict, match="too early"):
            case.begin(assignment=later)
        with pytest.raises(Conflict, match="has not begun"):
            case.begin(HandoverKind.RETURNING, assignment=later)

    def test_is_not_begun_by_who_may_not_drive_since(self, case: Case) -> None:
        case.plan.suspend(0, "Bring the licence.")
        with pytest.raises(Conflict, match="Bring the licence"):
            case.begin()

    def test_says_what_it_lacks_and_is_not_signed_without_it(self, case: Case) -> None:
        handover = case.begin()
        assert "the mileage" in case.read(handover).missing
        with pytest.raises(Conflict, match="a photo of the front"):
            case.sign(handover)
        case.fill(handover)
        assert case.read(handover).missing == []

    def test_keeps_the_last_photo_of_each_view(self, case: Case) -> None:
        handover = case.begin()
        case.fill(handover)
        before = case.read(handover).photos
        case.do(service.add_photo, handover_id=handover, view=PhotoView.FRONT, name="b.png", content=PIXEL + b"\0")
        after = case.read(handover).photos
        assert len(after) == 5
        assert [view for view in after if after[view] != before[view]] == [PhotoView.FRONT]

    def test_takes_no_mileage_below_that_at_the_taking(self, case: Case) -> None:
        case.complete(km=80_000)
        returning = case.begin(HandoverKind.RETURNING)
        with pytest.raises(Invalid) as refusal:
            case.fill(returning, km=79_999)
        assert "80,000 km" in refusal.value.fields["odometer_km"]

    def test_keeps_its_note_sealed(self, case: Case) -> None:
        handover = case.begin()
        case.fill(handover, note="Smells of smoke, says Ana")
        assert case.read(handover).note == "Smells of smoke, says Ana"
        with case.database.reading() as reader:
            row = reader.execute(sa.text("SELECT note_sealed FROM drivers_handovers")).scalar_one()
        assert b"smoke" not in bytes(row)


class TestSigning:
    def test_counts_when_both_have_signed(self, case: Case) -> None:
        handover = case.begin()
        case.fill(handover)
        assert not case.sign(handover)
        assert case.read(handover).line.signed_by == (Party.DRIVER,)
        assert case.sign(handover, actor=case.office, declared=True)
        record = case.read(handover)
        assert record.is_intact
        assert [one.strokes for one in record.signatures] == [[[list(point) for point in LINE[0]]], None]
        assert {one.signer_id for one in record.signatures} == {case.driver.id, case.office.id}

    def test_is_refused_twice_for_one_side(self, case: Case) -> None:
        handover = case.begin()
        case.fill(handover)
        case.sign(handover)
        with pytest.raises(Conflict, match="other side"):
            case.sign(handover)

    def test_is_refused_for_what_is_no_longer_what_was_read(self, case: Case) -> None:
        handover = case.begin()
        case.fill(handover)
        seen = case.read(handover).content_hash
        case.fill(handover, km=80_001)
        signature = Signature(content_hash=seen, strokes=LINE)
        with pytest.raises(Conflict, match="changed this handover"):
            case.do(service.sign_handover, handover_id=handover, signature=signature)

    def test_needs_a_line_that_could_be_one(self, case: Case) -> None:
        handover = case.begin()
        case.fill(handover)
        signature = Signature(content_hash=case.read(handover).content_hash, strokes=[[(1, 1), (2, 2)]])
        with pytest.raises(Invalid, match="not signed"):
            case.do(service.sign_handover, handover_id=handover, signature=signature)

    def test_holds_the_draft_still_until_the_office_opens_it_again(self, case: Case) -> None:
        handover = case.begin()
        case.fill(handover)
        case.sign(handover)
        with pytest.raises(Conflict, match="stays as it is"):
            case.do(service.mark_damage, handover_id=handover, damage=SCRATCH)
        with pytest.raises(Forbidden):
            case.do(service.reopen_handover, handover_id=handover)
        case.do(service.reopen_handover, actor=case.office, handover_id=handover)
        case.do(service.mark_damage, handover_id=handover, damage=SCRATCH)
        assert case.read(handover).line.signed_by == ()

    def test_of_both_at_once_completes_it_once(self, case: Case) -> None:
        handover = case.begin()
        case.fill(handover)
        threads = [
            threading.Thread(target=case.sign, args=(handover,), kwargs={"actor": a}) for a in (None, case.office)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert case.read(handover).is_intact
        assert len(case.facts("drivers.handover_signed")) == 1

    def test_of_giving_back_ends_the_assignment(self, case: Case) -> None:
        case.complete()
        case.complete(HandoverKind.RETURNING, km=80_120)
        assert case.plan.get(case.assignment).state(case.at) is AssignmentState.ENDED


class TestWhatWasSigned:
    def test_is_never_changed_by_anybody(self, case: Case) -> None:
        case.complete(damaged=True)
        for statement in (
            "UPDATE drivers_handovers SET odometer_m = 1",
            "UPDATE drivers_handovers SET content_hash = NULL, signed_at = NULL",
            "DELETE FROM drivers_handovers",
            "DELETE FROM drivers_handover_photos",
            "UPDATE drivers_damages SET severity = 'severe'",
            "DELETE FROM drivers_damages",
            "DELETE FROM drivers_handover_signatures",
            "UPDATE drivers_handover_signatures SET strokes_sealed = 'x'",
            "INSERT INTO drivers_damages (vehicle_id, handover_id, x, y, kind, severity, found_at) "
            "SELECT vehicle_id, handover_id, 1, 1, kind, severity, found_at FROM drivers_damages",
        ):
            with pytest.raises(ProgrammingError, match="is never changed"), case.database.transaction() as session:
                session.execute(sa.text(statement))

    def test_can_still_be_checked_when_the_driver_was_erased(self, case: Case) -> None:
        handover = case.begin()
        case.fill(handover, note="A note")
        case.sign(handover)
        case.sign(handover, actor=case.office)
        with case.database.transaction() as session:
            key_id = session.scalar(sa.select(Driver.key_id).where(Driver.id == case.plan.drivers[0]))
            assert key_id is not None
            vault.erase_key(session, key_id=key_id, at=case.at)
            session.execute(sa.text("UPDATE drivers_handovers SET note_sealed = NULL"))
            session.execute(sa.text("UPDATE drivers_handover_signatures SET strokes_sealed = NULL"))
        record = case.read(handover)
        assert (record.is_intact, record.note) == (True, "")
        assert [one.strokes for one in record.signatures] == [None, None]


class TestDamage:
    def test_stays_on_the_map_until_it_is_mended_and_is_told_once(self, case: Case) -> None:
        taking = case.complete(damaged=True)
        returning = case.begin(HandoverKind.RETURNING)
        (mark,) = case.read(returning).earlier
        assert (mark.handover_id, mark.place) == (taking, "Left front door")
        assert case.read(returning).found == []
        case.do(service.mend_damage, actor=case.office, damage_id=mark.id)
        with case.database.reading() as reader:
            assert queries.list_damages(reader, viewer=ROOT, vehicle_id=case.plan.vehicles[0]) == []
        (fact,) = case.facts("drivers.damage_found")
        assert fact["damage_ids"] == [mark.id]

    def test_of_a_draft_is_not_yet_the_vehicles(self, case: Case) -> None:
        handover = case.begin()
        mark = case.do(service.mark_damage, handover_id=handover, damage=SCRATCH, photo=("a.png", PIXEL))
        with case.database.reading() as reader:
            assert queries.list_damages(reader, viewer=ROOT, vehicle_id=case.plan.vehicles[0]) == []
        case.do(service.remove_damage, handover_id=handover, damage_id=mark)
        assert case.read(handover).found == []

    def test_is_not_mended_by_the_driver(self, case: Case) -> None:
        case.complete(damaged=True)
        with pytest.raises(Forbidden):
            case.do(service.mend_damage, damage_id=1)

    def test_shows_its_photo_to_whoever_sees_the_handover(self, case: Case) -> None:
        handover = case.begin()
        case.do(service.mark_damage, handover_id=handover, damage=SCRATCH, photo=("a.png", PIXEL))
        (mark,) = case.read(handover).found
        assert mark.file_id is not None
        with case.database.reading() as reader:
            which = {"handover_id": handover, "file_id": mark.file_id}
            assert queries.find_photo(reader, viewer=case.driver, **which) == mark.file_id
            with pytest.raises(NotFound):
                queries.find_photo(reader, viewer=case.stranger, **which)
            with pytest.raises(NotFound):
                queries.find_photo(reader, viewer=case.driver, handover_id=handover, file_id=uuid.uuid4())


class TestTheMileage:
    def test_becomes_a_reading_of_the_vehicle_once(self, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
        handover = case.complete(km=81_234)
        monkeypatch.setattr(tasks.db, "current", lambda: case.database)
        for _ in range(2):
            tasks.record_mileage(handover_id=handover, vehicle_id=1)
        with case.database.reading() as reader:
            rows = reader.execute(sa.text("SELECT odometer_m, reason FROM telemetry_mileage_readings")).all()
        assert [tuple(row) for row in rows] == [(81_234_000, f"Handover {handover}")]
