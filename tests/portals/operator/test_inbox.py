"""The inbox as the office and administrators see it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient

from core.access.models import JobState
from core.db import Database
from core.inbox.rules.claims import ClosedWhy, ItemState
from tests.conftest import Fleet
from tests.core.inbox import world
from tests.portals.page import check_page

HTMX = {"HX-Request": "true", "HX-Target": "div#inbox"}


@pytest.fixture
def things(database: Database, fleet: Fleet, at: datetime) -> None:
    """A towed vehicle, a licence that runs out in a week, a command that failed, a device that nobody knows."""
    world.detect(database, at=at)
    world.note_document(database, at=at, last_day=at.date() + timedelta(days=6))
    world.order(database, at=at, state=JobState.FAILED)
    world.report_device(database, at=at)
    world.sweep(database, at=at)


class TestTheInbox:
    def test_shows_what_wants_somebody_the_loudest_first_by_name(self, things: None, operator: FlaskClient) -> None:
        page = operator.get("/operator/inbox")
        text = page.text
        titles = ["Moved with the ignition off", "A command did not get through", "Driving licence runs out"]
        assert max(text.index(titles[0]), text.index(titles[1])) < text.index(titles[2])
        assert "Ana Lopez" in text and "7ABC123" in text
        assert "A device that nobody knows" not in text
        check_page(text)

    def test_answers_with_the_list_alone_when_that_is_asked_for(self, things: None, operator: FlaskClient) -> None:
        answer = operator.get("/operator/inbox?severity=2", headers=HTMX)
        assert answer.text.strip().startswith('<div id="inbox"')
        assert "licence runs out" in answer.text and "ignition off" not in answer.text

    def test_counts_in_the_navigation_what_nobody_has_answered(self, things: None, operator: FlaskClient) -> None:
        assert '<b>3</b><span class="visually-hidden"> not answered, 2 to act on now' in operator.get("/operator/").text
        count = operator.get("/operator/inbox", headers={"HX-Request": "true", "HX-Target": "span#unanswered"})
        assert count.text.strip().startswith('<span id="unanswered"')

    def test_handles_many_at_once_and_says_what_was_left(
        self, things: None, database: Database, operator: FlaskClient
    ) -> None:
        ids = [item.id for item in world.items(database)]
        answer = operator.post("/operator/inbox", data={"item": ids, "act": "close", "why": "done"}, headers=HTMX)
        assert "2 closed. 2 left as they were:" in answer.text
        assert "It closes by itself" in answer.text
        assert world.the_item(database, "towing").closed_why is ClosedWhy.DONE

    @pytest.mark.parametrize(
        ("form", "state"),
        [
            ({"act": "acknowledge"}, ItemState.ACKNOWLEDGED),
            ({"act": "take"}, ItemState.ACKNOWLEDGED),
            ({"act": "assign", "user_id": "3"}, ItemState.OPEN),
            ({"act": "snooze", "until": "monday"}, ItemState.SNOOZED),
            ({"act": "close", "why": "no_problem"}, ItemState.CLOSED),
        ],
    )
    def test_does_each_thing_on_the_page_of_an_item(
        self, things: None, database: Database, operator: FlaskClient, form: dict[str, str], state: ItemState
    ) -> None:
        item = world.the_item(database, "towing")
        page = operator.post(f"/operator/inbox/{item.id}", data={"item": item.id, **form})
        assert page.status_code == 200
        check_page(page.text)
        assert world.the_item(database, "towing").state is state

    @pytest.mark.parametrize(
        "form", [{}, {"act": "close", "why": "gone"}, {"act": "snooze", "until": "never"}, {"act": "assign"}]
    )
    def test_says_what_is_missing(
        self, things: None, database: Database, operator: FlaskClient, form: dict[str, str]
    ) -> None:
        item = world.the_item(database, "towing")
        answer = operator.post("/operator/inbox", data={"item": item.id, **form}, headers=HTMX)
        assert answer.status_code == 422
        assert world.the_item(database, "towing").state is ItemState.OPEN

    def test_remembers_the_order(self, things: None, operator: FlaskClient) -> None:
        operator.get("/operator/inbox?sort=oldest")
        assert '<option value="oldest" selected>' in operator.get("/operator/inbox").text

    def test_of_each_view_says_why_it_is_empty(self, fleet: Fleet, operator: FlaskClient) -> None:
        words = {
            "open": "Nothing wants you",
            "mine": "Nothing is yours",
            "snoozed": "Nothing is put off",
            "closed": "Nothing was closed",
        }
        for view, said in words.items():
            assert said in operator.get(f"/operator/inbox?view={view}").text

    def test_keeps_from_park_staff_what_they_may_not_see(
        self, things: None, database: Database, staff: FlaskClient
    ) -> None:
        assert "A command did not get through" not in staff.get("/operator/inbox").text
        hidden = world.the_item(database, "lock_failed").id
        assert staff.get(f"/operator/inbox/{hidden}").status_code == 404

    def test_asks_the_database_no_more_often_for_more_items(
        self, database: Database, fleet: Fleet, at: datetime, operator: FlaskClient, count_statements
    ) -> None:
        world.detect(database, at=at, kind="dtc", subject="P0300")
        world.sweep(database, at=at)
        operator.get("/operator/inbox")
        few = count_statements(lambda: operator.get("/operator/inbox"))
        for number in range(20):
            world.detect(database, at=at, kind="dtc", subject=f"P04{number:02}")
        world.sweep(database, at=at)
        assert count_statements(lambda: operator.get("/operator/inbox")) == few

    def test_of_administrators_has_the_devices_too(self, things: None, database: Database, sign_in) -> None:
        admin = sign_in("admin")
        page = admin.get("/admin/inbox")
        assert "A device that nobody knows reports" in page.text
        check_page(page.text)
        item = world.the_item(database, "lock_failed")
        check_page(admin.get(f"/admin/inbox/{item.id}").text)


class TestTheDriversPage:
    def test_tells_what_runs_out(self, things: None, sign_in) -> None:
        text = sign_in("driver").get("/driver/").text
        assert "Your driving licence" in text and "holds until" in text
