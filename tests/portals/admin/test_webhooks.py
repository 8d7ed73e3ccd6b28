"""Webhook endpoints in the console: their health, their messages, and every button."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook

from core import clock
from core.config import Config
from core.identity.models import LoginSession
from core.webhooks.delivery import make_delivery
from tests.core.webhooks.receiver import Receiver, receiving
from tests.portals.page import check_page


@pytest.fixture
def receiver():
    with receiving() as opened:
        yield opened


@pytest.fixture
def config(config: Config, receiver: Receiver) -> Config:
    """The product's configuration, which lets the receiver of the test be called."""
    return dataclasses.replace(config, webhook_allow=(receiver.allowed,))


@pytest.fixture
def admin(sign_in):
    return sign_in("admin")


@pytest.fixture
def secret(admin, receiver):
    """The secret of endpoint 1, just added."""
    answer = admin.post("/admin/webhooks", data={"url": receiver.url, "description": "Dispatch <system>"})
    assert answer.status_code == 201, answer.text
    check_page(answer.text)
    return secret_in(answer.text)


def secret_in(text: str) -> str:
    return text.split('id="signing-secret">')[1].split("<")[0]


@pytest.fixture
def deliver(app, database):
    def run(ahead: timedelta = timedelta()) -> None:
        delivery = make_delivery(app.settings, database, now=lambda: clock.now() + ahead, worker="test")
        delivery.run_until_idle()
        delivery.close()

    return run


class TestAnEndpoint:
    def test_has_its_secret_shown_once_and_is_listed_with_its_health(self, admin, secret, receiver, deliver):
        assert admin.post("/admin/webhooks/1/ping").status_code == 303
        deliver()
        [got] = receiver.got
        assert Webhook(secret).verify(got.body, got.headers)["type"] == "webhooks.ping"
        for address in ("/admin/webhooks", "/admin/webhooks/1", "/admin/webhooks/1/edit", "/admin/audit", "/admin/"):
            page = admin.get(address)
            assert page.status_code == 200
            check_page(page.text)
            assert secret not in page.text
        assert "Takes what it is told" in admin.get("/admin/webhooks").text
        assert "Dispatch &lt;system&gt;" in admin.get("/admin/webhooks").text

    def test_is_not_added_where_nothing_may_be_called_and_what_was_typed_stays(self, admin):
        form = {"url": "https://127.0.0.1/hook", "description": "Mine", "facts.vehicles:status_changed": "1"}
        answer = admin.post("/admin/webhooks", data=form)
        check_page(answer.text)
        assert answer.status_code == 422
        assert "private network" in answer.text
        assert 'value="Mine"' in answer.text
        assert 'name="facts.vehicles:status_changed" value="1" checked' in answer.text

    def test_is_changed(self, admin, secret, receiver, fleet):
        form = {"url": receiver.url, "description": "Yard", "facts.events:detected": "1", f"parks.{fleet.park_id}": "1"}
        assert admin.post("/admin/webhooks/1", data=form).status_code == 303
        page = admin.get("/admin/webhooks/1").text
        assert "events.detected" in page
        assert "Bayview" in page

    def test_is_changed_only_by_who_has_just_shown_that_it_is_they(self, admin, secret, receiver, fleet, database):
        with database.transaction() as session:
            session.execute(sa.update(LoginSession).values(confirmed_at=clock.now() - timedelta(minutes=6)))
        form = {"url": receiver.url, "description": "Yard"}
        asked = admin.post("/admin/webhooks/1", data=form)
        check_page(asked.text)
        assert asked.status_code == 403
        assert "Changing a webhook endpoint needs a fresh proof" in asked.text
        assert "Yard" not in admin.get("/admin/webhooks").text
        answer = admin.post("/admin/webhooks/1", data=form | {"confirm.password": fleet.password})
        assert answer.status_code == 303
        assert "Yard" in admin.get("/admin/webhooks").text

    def test_is_disabled_enabled_and_removed(self, admin, secret):
        admin.post("/admin/webhooks/1/disable")
        page = admin.get("/admin/webhooks/1").text
        check_page(page)
        assert "Disabled by Admin." in page
        admin.post("/admin/webhooks/1/enable")
        assert "Disabled by Admin." not in admin.get("/admin/webhooks/1").text
        admin.post("/admin/webhooks/1/remove")
        assert admin.get("/admin/webhooks/1").status_code == 404

    def test_gets_a_new_secret(self, admin, secret, receiver, deliver):
        answer = admin.post("/admin/webhooks/1/secret", data={"end_previous_now": "1"})
        check_page(answer.text)
        assert answer.headers["Cache-Control"] == "no-store"
        new = secret_in(answer.text)
        admin.post("/admin/webhooks/1/ping")
        deliver()
        assert Webhook(new).verify(receiver.got[0].body, receiver.got[0].headers)
        assert new != secret

    def test_that_was_disabled_by_its_failures_is_told_of_on_the_health_page(self, admin, secret, receiver, deliver):
        receiver.answer = lambda got: 410
        admin.post("/admin/webhooks/1/ping")
        deliver()
        page = admin.get("/admin/").text
        check_page(page)
        assert "1 disabled, 0 failing" in page
        assert "wants no more messages" in admin.get("/admin/webhooks").text

    def test_writes_what_is_done_to_it_into_the_audit(self, admin, secret):
        for act in ("ping", "secret", "disable", "enable", "remove"):
            admin.post(f"/admin/webhooks/1/{act}")
        trail = admin.get("/admin/audit?kind=endpoint&id=1").text
        done = ("added", "pinged", "disabled", "enabled", "removed")
        assert all(f"webhooks.endpoint_{what}" in trail for what in done)
        assert "webhooks.secret_rotated" in trail


class TestMessages:
    def test_are_shown_with_every_try_and_sent_again(self, admin, secret, receiver, deliver):
        receiver.answer = lambda got: 500
        admin.post("/admin/webhooks/1/ping")
        for days in range(5):
            deliver(timedelta(days=days))
        page = admin.get("/admin/webhooks/1?state=dead")
        check_page(page.text)
        [message_id] = {got.id for got in receiver.got}
        assert f"/admin/webhooks/1/messages/{message_id}" in page.text
        shown = admin.get(f"/admin/webhooks/1/messages/{message_id}")
        check_page(shown.text)
        assert shown.text.count("Answered 500.") == len(receiver.got)
        receiver.answer = lambda got: 204
        assert admin.post("/admin/webhooks/1/replay", data={"state": "dead", "hours": "24"}).status_code == 303
        deliver()
        assert receiver.taken()[-1].id == message_id
        admin.post(f"/admin/webhooks/1/messages/{message_id}/replay")
        deliver()
        assert [got.id for got in receiver.taken()] == [message_id] * 2

    def test_that_do_not_exist_are_not_there(self, admin, secret):
        assert admin.get("/admin/webhooks/1/messages/msg_no").status_code == 404
        assert admin.get("/admin/webhooks/2").status_code == 404
        assert admin.get("/admin/webhooks/1?state=lost").status_code == 200
