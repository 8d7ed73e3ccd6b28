"""Items follow what their sources say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from core import outbox
from core.access.models import JobState
from core.db import Database
from core.drivers.models.handovers import HandoverKind
from core.drivers.schemas import DocumentKind
from core.inbox import queries, service
from core.inbox.queries import ItemQuery
from core.inbox.queries.sources import Source
from core.inbox.rules.catalog import Severity
from core.inbox.rules.claims import ClosedWhy, ItemState
from core.inbox.service import following
from core.permissions import Actor
from tasks import inbox
from tests.conftest import ROOT, Fleet
from tests.core.drivers import papers
from tests.core.inbox import world
from tests.horizon import wait_until_settled

LAST_DAY = date(2027, 6, 30)


def reminders(database: Database) -> list[tuple[str, str, bool]]:
    """Which letters were asked for: the occasion, the audience, and whether they were settled."""
    with database.reading() as reader:
        rows = reader.execute(
            sa.text("SELECT occasion, audience, settled_at IS NOT NULL FROM inbox_tellings ORDER BY id")
        )
        return [tuple(row) for row in rows]  # type: ignore[misc]


class TestADocumentThatRunsOut:
    def test_is_told_once_at_each_stage_ever_louder(self, database: Database, fleet: Fleet, at: datetime) -> None:
        world.note_document(database, at=at, last_day=LAST_DAY)
        seen = []
        for days in (31, 30, 15, 14, 7, 1, 0, -1):
            now = world.day_at(LAST_DAY - timedelta(days=days))
            for _ in range(2):
                world.sweep(database, at=now)
            found = world.items(database, kinds=["driver_document"])
            seen.append((days, found[0].stage, found[0].severity) if found else (days, None, None))
        assert seen == [
            (31, None, None),
            (30, 30, Severity.NOTE),
            (15, 30, Severity.NOTE),
            (14, 14, Severity.NOTE),
            (7, 7, Severity.LOOK),
            (1, 1, Severity.ACT),
            (0, 0, Severity.ACT),
            (-1, 0, Severity.ACT),
        ]
        told = [one[:2] for one in reminders(database) if one[0].startswith(str(LAST_DAY))]
        assert told == [
            ("2027-06-30:14", "driver"),
            ("2027-06-30:7", "driver"),
            ("2027-06-30:7", "office"),
            ("2027-06-30:1", "driver"),
            ("2027-06-30:1", "office"),
            ("2027-06-30:0", "driver"),
            ("2027-06-30:0", "office"),
            ("2027-06-30:0", "admins"),
        ]

    def test_is_told_of_today_alone_after_days_on_which_nobody_looked(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        world.note_document(database, at=at, last_day=LAST_DAY)
        world.sweep(database, at=world.day_at(LAST_DAY - timedelta(days=5)))
        assert [one[:2] for one in reminders(database)] == [("2027-06-30:7", "driver"), ("2027-06-30:7", "office")]

    def test_closes_itself_when_it_is_renewed_and_opens_again_for_the_new_one(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        world.note_document(database, at=at, last_day=LAST_DAY)
        now = world.day_at(LAST_DAY - timedelta(days=3))
        world.sweep(database, at=now)
        renewed = LAST_DAY.replace(year=2030)
        world.note_document(database, at=at + timedelta(seconds=1), last_day=renewed)
        world.sweep(database, at=now)
        item = world.the_item(database, "driver_document")
        assert (item.state, item.closed_why) == (ItemState.CLOSED, ClosedWhy.GONE)
        world.sweep(database, at=world.day_at(renewed - timedelta(days=30)))
        item = world.the_item(database, "driver_document")
        assert (item.state, item.round, item.due_on) == (ItemState.OPEN, 2, renewed)

    def test_wakes_when_it_was_put_off_beyond_the_next_reminder(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        world.note_document(database, at=at, last_day=LAST_DAY)
        now = world.day_at(LAST_DAY - timedelta(days=8))
        world.sweep(database, at=now)
        item = world.the_item(database, "driver_document")
        with database.transaction() as session:
            service.snooze_items(session, actor=ROOT, at=now, item_ids=[item.id], until=now + timedelta(days=5))
        world.sweep(database, at=now + timedelta(hours=1))
        assert world.the_item(database, "driver_document").state is ItemState.SNOOZED
        world.sweep(database, at=now + timedelta(days=1))
        assert world.the_item(database, "driver_document").state is ItemState.OPEN


class TestADocumentOfAVehicle:
    def test_is_told_to_the_office_until_a_newer_one_is_added(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        today = at.astimezone(world.ZONE).date()
        world.add_vehicle_document(database, at=at, last_day=today + timedelta(days=7))
        world.sweep(database, at=at)
        item = world.the_item(database, "vehicle_document")
        assert (item.title, item.stage) == ("Insurance of a vehicle runs out", 7)
        world.add_vehicle_document(database, at=at, last_day=today + timedelta(days=300))
        world.sweep(database, at=at)
        assert world.the_item(database, "vehicle_document").closed_why is ClosedWhy.GONE

    def test_of_a_vehicle_that_was_written_off_wants_nobody(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        world.add_vehicle_document(database, at=at, last_day=at.date())
        world.set_status(database, "written_off")
        assert world.sweep(database, at=at) == 0


class TestWhatWaitsForTheOffice:
    def test_is_one_item_for_each_driver_however_many_documents_wait(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        for kind in (DocumentKind.LICENCE, DocumentKind.INSURANCE):
            last = papers.hand_in(database, fleet.driver_id, at, kind=kind)
        world.sweep(database, at=at)
        assert world.the_item(database, "documents_waiting").title.endswith("wait to be looked at: 2")
        papers.refuse(database, last, at)
        world.sweep(database, at=at)
        assert world.the_item(database, "documents_waiting").detail == {"count": 1}

    def test_has_applications_until_they_are_taken_up(self, database: Database, fleet: Fleet, at: datetime) -> None:
        world.set_stage(database, "applied")
        world.sweep(database, at=at)
        assert world.the_item(database, "application").driver_id == fleet.driver_id
        world.set_stage(database, "verifying")
        world.sweep(database, at=at)
        assert world.the_item(database, "application").state is ItemState.CLOSED


class TestTheEventLog:
    def test_has_an_item_for_what_waits_until_it_is_seen_to(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        world.log_event(database, at=at)
        world.log_event(database, at=at, kind="repair")
        world.log_event(database, at=at, kind="incident", match="matched")
        disputed = world.log_event(database, at=at, match="matched")
        world.dispute(database, disputed, at=at, due_at=at + timedelta(days=7))
        world.sweep(database, at=at)
        assert {item.kind: item.severity for item in world.items(database)} == {
            "event_unmatched": Severity.LOOK,
            "incident_reported": Severity.ACT,
            "dispute": Severity.LOOK,
        }
        world.sweep(database, at=at + timedelta(days=6))
        assert world.the_item(database, "dispute").severity == Severity.ACT
        world.settle_events(database, at=at)
        world.sweep(database, at=at + timedelta(days=6))
        assert world.items(database) == []


class TestDamage:
    def test_is_one_item_for_each_vehicle_as_loud_as_the_worst_until_it_is_mended(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        world.damage(database, "moderate", at=at)
        world.sweep(database, at=at)
        assert world.the_item(database, "damage").severity == Severity.LOOK
        world.damage(database, "severe", at=at, kind=HandoverKind.RETURNING)
        world.sweep(database, at=at)
        item = world.the_item(database, "damage")
        assert (item.severity, item.detail) == (Severity.ACT, {"count": 2, "worst": "severe"})
        world.mend_all(database, at=at)
        world.sweep(database, at=at)
        assert world.the_item(database, "damage").state is ItemState.CLOSED

    def test_that_nobody_has_signed_is_not_told(self, database: Database, fleet: Fleet, at: datetime) -> None:
        world.damage(database, "severe", at=at, is_signed=False)
        assert world.sweep(database, at=at) == 0


class TestADetection:
    def test_is_one_item_however_often_it_happens(self, database: Database, fleet: Fleet, at: datetime) -> None:
        for minutes in (30, 20, 10):
            now = at - timedelta(minutes=minutes)
            world.detect(database, at=now)
            world.sweep(database, at=now)
        item = world.the_item(database, "towing")
        assert (item.count, item.happened_at, item.round) == (3, at - timedelta(minutes=10), 1)

    def test_closes_itself_when_it_is_taken_back(self, database: Database, fleet: Fleet, at: datetime) -> None:
        made = world.detect(database, at=at)
        world.sweep(database, at=at)
        world.take_back(database, made, at=at)
        world.sweep(database, at=at)
        assert world.the_item(database, "towing").closed_why is ClosedWhy.GONE

    def test_waits_for_a_person_when_it_is_older_than_is_looked_back(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        world.detect(database, at=at)
        world.sweep(database, at=at)
        world.sweep(database, at=at + timedelta(days=30))
        assert world.the_item(database, "towing").state is ItemState.OPEN

    def test_of_a_code_is_one_item_for_each_code(self, database: Database, fleet: Fleet, at: datetime) -> None:
        for code in ("P0300", "P0420"):
            world.detect(database, at=at, kind="dtc", subject=code)
        world.sweep(database, at=at)
        assert sorted(item.title for item in world.items(database)) == [
            "The engine reports P0300",
            "The engine reports P0420",
        ]

    def test_that_needs_nobody_makes_none(self, database: Database, fleet: Fleet, at: datetime) -> None:
        world.detect(database, at=at, kind="harsh_braking")
        assert world.sweep(database, at=at) == 0


class TestASilentTracker:
    def test_is_louder_after_a_day_and_closes_itself_when_it_is_heard(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        world.set_status(database, "rented")
        world.hear(database, at=at)
        assert world.sweep(database, at=at + timedelta(hours=5)) == 0
        world.sweep(database, at=at + timedelta(hours=7))
        assert world.the_item(database, "tracker_silent").severity == Severity.LOOK
        world.sweep(database, at=at + timedelta(hours=25))
        assert world.the_item(database, "tracker_silent").severity == Severity.ACT
        world.hear(database, at=at + timedelta(hours=25))
        world.sweep(database, at=at + timedelta(hours=26))
        assert world.the_item(database, "tracker_silent").state is ItemState.CLOSED

    def test_of_a_vehicle_that_is_not_in_use_wants_nobody(self, database: Database, fleet: Fleet, at: datetime) -> None:
        world.set_status(database, "in_repair")
        world.hear(database, at=at)
        assert world.sweep(database, at=at + timedelta(days=3)) == 0


class TestAnOrder:
    @pytest.mark.parametrize("state", [JobState.FAILED, JobState.EXPIRED])
    def test_that_did_not_get_through_is_an_item_until_there_is_a_newer_one(
        self, database: Database, fleet: Fleet, at: datetime, state: JobState
    ) -> None:
        world.order(database, at=at, state=state)
        world.sweep(database, at=at)
        assert world.the_item(database, "lock_failed").state is ItemState.OPEN
        world.order(database, at=at + timedelta(minutes=1), state=JobState.CONFIRMED)
        world.sweep(database, at=at + timedelta(minutes=2))
        assert world.the_item(database, "lock_failed").state is ItemState.CLOSED

    def test_by_break_glass_is_an_item_until_it_is_reviewed(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        world.order(database, at=at, state=JobState.CONFIRMED, is_break_glass=True)
        world.sweep(database, at=at)
        assert world.the_item(database, "lock_review").vehicle_id == 1


class TestADriverWhoMayNotDrive:
    def test_is_an_item_that_is_loud_while_they_have_a_vehicle(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        world.note_document(database, at=at, last_day=at.date() - timedelta(days=3))
        world.sweep(database, at=at)
        item = world.the_item(database, "driver_barred")
        assert (item.severity, item.vehicle_id) == (Severity.ACT, 1)
        assert item.sentence == "The driver is suspended and still has a vehicle."
        world.note_document(database, at=at + timedelta(seconds=1), last_day=at.date() + timedelta(days=300))
        world.sweep(database, at=at)
        assert world.the_item(database, "driver_barred").state is ItemState.CLOSED


class TestADeviceThatNobodyKnows:
    def test_is_an_item_once_it_has_come_several_times(self, database: Database, fleet: Fleet, at: datetime) -> None:
        world.report_device(database, at=at, count=2, device_uid="once")
        world.report_device(database, at=at, count=3)
        world.sweep(database, at=at)
        assert world.the_item(database, "device_unknown").detail == {"device": "359000000000009"}

    def test_is_seen_by_those_alone_who_see_all_parks(self, database: Database, fleet: Fleet, at: datetime) -> None:
        world.report_device(database, at=at)
        world.sweep(database, at=at)
        near = Actor("user", 99, "Near", roles=frozenset({"admin"}), parks=frozenset({fleet.park_id}))
        with database.reading() as reader:
            assert queries.list_items(reader, viewer=near, query=ItemQuery()) == []


class TestTheSources:
    def test_are_asked_at_once_after_a_fact_of_theirs(self, database: Database, fleet: Fleet, at: datetime) -> None:
        inbox.follow(database, at=at)
        world.detect(database, at=at)
        assert inbox.follow(database, at=at) == 0
        with database.transaction() as session:
            outbox.publish(session, "events.detected", at=at, vehicle_ids=[1], detection_ids=[])
        wait_until_settled(database, "outbox_facts")
        assert inbox.follow(database, at=at) == 1
        assert inbox.follow(database, at=at) == 0

    def test_change_nothing_when_they_are_asked_again(self, database: Database, fleet: Fleet, at: datetime) -> None:
        world.detect(database, at=at)
        world.note_document(database, at=at, last_day=at.date())
        assert world.sweep(database, at=at) == 2
        before = world.items(database)
        assert world.sweep(database, at=at) == 0
        assert world.items(database) == before

    def test_open_a_thing_once_when_many_ask_at_once(
        self, database: Database, fleet: Fleet, at: datetime, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.detect(database, at=at)
        with ThreadPoolExecutor(8) as pool:
            changed = list(pool.map(lambda _: inbox.sweep(database, at=at), range(8)))
        assert sum(changed) == 1
        assert len(world.items(database)) == 1
        assert [record for record in caplog.records if record.name == "tasks.inbox"] == []

    def test_are_followed_to_the_end_in_short_transactions(
        self, database: Database, fleet: Fleet, at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for module in (following, service):
            monkeypatch.setattr(module, "MOST_CHANGES", 2)
        for code in ("P0001", "P0002", "P0003", "P0004", "P0005"):
            world.detect(database, at=at, kind="dtc", subject=code)
        assert world.sweep(database, at=at) == 5
        assert len(world.items(database)) == 5

    def test_hold_up_no_other_when_one_fails(
        self, database: Database, fleet: Fleet, at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.detect(database, at=at)
        monkeypatch.setitem(following.SOURCES, "documents", Source(("driver_document",), lambda *_: 1 / 0))
        assert world.sweep(database, at=at) == 1
