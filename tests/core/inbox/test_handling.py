"""What people do with items, what time does, and the letters that are written."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from core import outbox, sealing
from core.db import Database
from core.errors import Forbidden, Invalid, NotFound
from core.identity.service import Post
from core.inbox import queries, service
from core.inbox.models import StepAct
from core.inbox.queries import ItemQuery
from core.inbox.rules.claims import ClosedWhy, ItemState
from core.permissions import Actor, NarrowGrant
from tasks import inbox
from tests.conftest import ROOT, Fleet
from tests.core.inbox import world

KEY = b"k" * 32


def person(fleet: Fleet, name: str, role: str, *parks: int) -> Actor:
    """A person of the fleet, with their parks."""
    return Actor("user", fleet.user_ids[name], name, roles=frozenset({role}), parks=frozenset(parks) or None)


@pytest.fixture
def operator(fleet: Fleet) -> Actor:
    """Somebody who sees the first park."""
    return person(fleet, "operator", "operator", fleet.park_id)


@pytest.fixture
def towed(database: Database, fleet: Fleet, at: datetime) -> int:
    """An item of the first park."""
    world.detect(database, at=at)
    world.sweep(database, at=at)
    return world.the_item(database, "towing").id


def acts(database: Database, item_id: int) -> list[StepAct]:
    """What became of an item, the oldest first."""
    with database.reading() as reader:
        return [step.act for step in reversed(queries.list_steps(reader, viewer=ROOT, item_id=item_id))]


def letters(database: Database) -> list[tuple[str, str]]:
    """To whom letters were written, and what they say."""
    with database.reading() as reader:
        rows = reader.execute(
            sa.text(
                "SELECT u.email, l.id, l.sealed_text FROM identity_letters l"
                " JOIN identity_users u ON u.id = l.user_id ORDER BY u.email, l.id"
            )
        )
        return [(email, sealing.unseal(KEY, text, about=f"letter:{id_}").decode()) for email, id_, text in rows]


def write(database: Database, at: datetime) -> int:
    """Write the letters that are due."""
    with database.transaction() as session:
        outbox.make_storage(session, at=at)
    return inbox.write_letters(database, at=at, post=Post("https://erp.example", KEY))


class TestAnItem:
    def test_is_acknowledged_by_one(self, database: Database, at: datetime, operator: Actor, towed: int) -> None:
        with database.transaction() as session:
            assert service.acknowledge_items(session, actor=operator, at=at, item_ids=[towed]).done == [towed]
        with database.transaction() as session:
            again = service.acknowledge_items(session, actor=operator, at=at, item_ids=[towed])
        assert again.left == {towed: "Somebody has acknowledged it already."}
        assert acts(database, towed) == [StepAct.OPENED, StepAct.ACKNOWLEDGED]

    def test_is_given_to_a_person_and_stays_open_until_they_answer(
        self, database: Database, fleet: Fleet, at: datetime, operator: Actor, towed: int
    ) -> None:
        other = person(fleet, "dispatcher", "operator", fleet.park_id)
        with database.transaction() as session:
            service.assign_items(session, actor=operator, at=at, item_ids=[towed], user_id=other.id)
        item = world.the_item(database, "towing")
        assert (item.state, item.assigned_name) == (ItemState.OPEN, "Dispatcher")
        with database.reading() as reader:
            mine = queries.list_items(reader, viewer=other, query=ItemQuery(view="mine"))
        assert [one.id for one in mine] == [towed]

    def test_is_acknowledged_by_who_takes_it(
        self, database: Database, at: datetime, operator: Actor, towed: int
    ) -> None:
        with database.transaction() as session:
            service.assign_items(session, actor=operator, at=at, item_ids=[towed], user_id=operator.id)
        assert world.the_item(database, "towing").state is ItemState.ACKNOWLEDGED

    def test_is_not_given_to_who_may_not_handle_it(
        self, database: Database, fleet: Fleet, at: datetime, operator: Actor, towed: int
    ) -> None:
        with database.transaction() as session, pytest.raises(Invalid):
            service.assign_items(session, actor=operator, at=at, item_ids=[towed], user_id=fleet.user_ids["investor"])

    def test_is_put_off_and_comes_back(self, database: Database, at: datetime, operator: Actor, towed: int) -> None:
        until = at + timedelta(hours=2)
        with database.transaction() as session:
            service.snooze_items(session, actor=operator, at=at, item_ids=[towed], until=until)
        world.sweep(database, at=until - timedelta(seconds=1))
        assert world.the_item(database, "towing").state is ItemState.SNOOZED
        world.sweep(database, at=until)
        assert world.the_item(database, "towing").state is ItemState.OPEN
        assert acts(database, towed) == [StepAct.OPENED, StepAct.SNOOZED, StepAct.WOKEN]

    def test_is_closed_with_a_reason_and_opened_when_it_happens_anew(
        self, database: Database, at: datetime, operator: Actor, towed: int
    ) -> None:
        with database.transaction() as session:
            service.close_items(session, actor=operator, at=at, item_ids=[towed], why=ClosedWhy.NO_PROBLEM)
        world.sweep(database, at=at + timedelta(hours=1))
        assert world.the_item(database, "towing").state is ItemState.CLOSED
        later = at + timedelta(hours=2)
        world.detect(database, at=later)
        world.sweep(database, at=later)
        item = world.the_item(database, "towing")
        assert (item.state, item.round, item.count) == (ItemState.OPEN, 2, 1)

    def test_that_closes_by_itself_is_left_and_the_others_are_done(
        self, database: Database, at: datetime, operator: Actor, towed: int
    ) -> None:
        world.note_document(database, at=at, last_day=at.date() + timedelta(days=20))
        world.sweep(database, at=at)
        document = world.the_item(database, "driver_document").id
        with database.transaction() as session:
            handled = service.close_items(
                session, actor=operator, at=at, item_ids=[document, towed], why=ClosedWhy.DONE
            )
        assert handled.done == [towed]
        assert "It closes by itself" in handled.left[document]

    def test_of_another_park_is_not_there(self, database: Database, fleet: Fleet, at: datetime, towed: int) -> None:
        far = person(fleet, "operator", "operator", fleet.other_park_id)
        with database.transaction() as session:
            handled = service.acknowledge_items(session, actor=far, at=at, item_ids=[towed])
        assert handled.left == {towed: f"There is no item {towed} in your parks."}
        with database.reading() as reader, pytest.raises(NotFound):
            queries.get_item(reader, viewer=far, item_id=towed)

    def test_is_not_seen_without_the_right_to_what_it_is_about(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        world.note_document(database, at=at, last_day=at.date() - timedelta(days=3))
        world.sweep(database, at=at)
        staff = person(fleet, "dispatcher", "staff", fleet.park_id)
        with database.reading() as reader:
            seen = queries.list_items(reader, viewer=staff, query=ItemQuery())
            counted = queries.count_items(reader, viewer=staff, query=ItemQuery())
            assert queries.count_waiting(reader, viewer=staff) == (1, 1)
        assert [item.kind for item in seen] == ["driver_document"]
        assert (counted.matching, counted.by["group"]) == (1, {"expiry": 1})

    def test_is_not_seen_where_the_right_to_what_it_is_about_does_not_reach(
        self, database: Database, fleet: Fleet, at: datetime, towed: int
    ) -> None:
        elsewhere = frozenset({NarrowGrant("events:read", park_id=fleet.other_park_id)})
        program = Actor("client", None, "Program", grants=frozenset({"inbox:read"}), parks=None, narrow=elsewhere)
        with database.reading() as reader:
            assert queries.list_items(reader, viewer=program, query=ItemQuery()) == []

    def test_is_handled_by_nobody_without_the_right(self, database: Database, at: datetime, towed: int) -> None:
        stranger = Actor("user", 5, "Investor", roles=frozenset({"investor"}), parks=None)
        with database.transaction() as session, pytest.raises(Forbidden):
            service.acknowledge_items(session, actor=stranger, at=at, item_ids=[towed])

    def test_keeps_its_steps_for_ever(self, database: Database, towed: int) -> None:
        with pytest.raises(sa.exc.DatabaseError, match="append-only"), database.transaction() as session:
            session.execute(sa.text("DELETE FROM inbox_steps"))

    def test_is_audited(self, database: Database, at: datetime, operator: Actor, towed: int) -> None:
        with database.transaction() as session:
            service.acknowledge_items(session, actor=operator, at=at, item_ids=[towed])
        with database.reading() as reader:
            action = reader.execute(sa.text("SELECT action FROM audit_entries ORDER BY id DESC LIMIT 1")).scalar()
        assert action == "inbox.item_acknowledged"


class TestWhatNobodyAnswers:
    def test_is_written_to_administrators_once(self, database: Database, at: datetime, towed: int) -> None:
        late = at + timedelta(minutes=30)
        world.sweep(database, at=late - timedelta(seconds=1))
        assert write(database, late) == 0
        for _ in range(2):
            world.sweep(database, at=late)
            write(database, late)
        (email, text), *others = letters(database)
        assert (email, others) == ("admin@example.test", [])
        assert f"https://erp.example/admin/inbox/{towed}" in text
        assert acts(database, towed) == [StepAct.OPENED, StepAct.ESCALATED, StepAct.TOLD]

    def test_is_written_to_nobody_when_somebody_answers_in_time(
        self, database: Database, at: datetime, operator: Actor, towed: int
    ) -> None:
        with database.transaction() as session:
            service.acknowledge_items(session, actor=operator, at=at, item_ids=[towed])
        world.sweep(database, at=at + timedelta(hours=1))
        assert write(database, at + timedelta(hours=1)) == 0

    def test_is_not_told_any_more_when_it_is_answered_before_the_letter_leaves(
        self, database: Database, at: datetime, operator: Actor, towed: int
    ) -> None:
        late = at + timedelta(minutes=31)
        world.sweep(database, at=late)
        with database.transaction() as session:
            service.acknowledge_items(session, actor=operator, at=late, item_ids=[towed])
        assert write(database, late) == 0


class TestAReminder:
    def test_is_written_to_the_driver_and_to_the_office_in_one_letter_each(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        last_day = (at + timedelta(days=60)).date()
        for key in ("licence", "medical"):
            world.note_document(database, at=at, last_day=last_day, key=key)
        now = world.day_at(last_day - timedelta(days=7))
        world.sweep(database, at=now)
        assert write(database, now) == 3
        assert write(database, now) == 0
        told = dict(letters(database))
        assert set(told) == {"dispatcher@example.test", "driver@example.test", "operator@example.test"}
        assert "Your driving licence holds until" in told["driver@example.test"]
        assert "Your medical certificate holds until" in told["driver@example.test"]
        assert told["operator@example.test"].count("/operator/inbox/") == 2

    def test_names_nobody_to_the_office(self, database: Database, fleet: Fleet, at: datetime) -> None:
        last_day = (at + timedelta(days=60)).date()
        world.note_document(database, at=at, last_day=last_day)
        world.sweep(database, at=world.day_at(last_day))
        write(database, world.day_at(last_day))
        assert all("Lopez" not in text and "Ana" not in text for _, text in letters(database))

    def test_is_written_to_whom_it_was_given_alone(
        self, database: Database, fleet: Fleet, at: datetime, operator: Actor
    ) -> None:
        last_day = (at + timedelta(days=60)).date()
        world.note_document(database, at=at, last_day=last_day)
        world.sweep(database, at=world.day_at(last_day - timedelta(days=20)))
        item = world.the_item(database, "driver_document")
        with database.transaction() as session:
            service.assign_items(session, actor=operator, at=at, item_ids=[item.id], user_id=operator.id)
        now = world.day_at(last_day - timedelta(days=7))
        world.sweep(database, at=now)
        write(database, now)
        assert {email for email, _ in letters(database)} == {"driver@example.test", "operator@example.test"}

    def test_of_the_night_waits_for_the_morning(self, database: Database, fleet: Fleet, at: datetime) -> None:
        last_day = (at + timedelta(days=60)).date()
        world.note_document(database, at=at, last_day=last_day)
        night = world.day_at(last_day - timedelta(days=7), hour=1)
        world.sweep(database, at=night)
        assert write(database, night) == 0
        assert write(database, world.day_at(last_day - timedelta(days=7), hour=7)) == 3

    def test_is_shown_to_its_driver_and_to_no_other(self, database: Database, fleet: Fleet, at: datetime) -> None:
        world.note_document(database, at=at, last_day=at.date() + timedelta(days=20))
        world.sweep(database, at=at)
        own = Actor("user", fleet.user_ids["driver"], "Driver", roles=frozenset({"driver"}))
        other = Actor("user", fleet.user_ids["operator"], "Other", roles=frozenset({"driver"}))
        with database.reading() as reader:
            assert len(queries.list_own_reminders(reader, viewer=own)) == 1
            assert queries.list_own_reminders(reader, viewer=other) == []
