"""People: the list, and inviting one."""

import re

import pytest
import sqlalchemy as sa

from core import clock
from core.identity import queries, service
from core.identity.models import Ticket
from tests.conftest import ROOT
from tests.portals.page import check_page

GOOD = {
    "name": "Mia Chen",
    "email": "Mia@Example.test",
    "roles.operator": "1",
    "may_immobilize": "1",
    "time_zone": "America/Los_Angeles",
}


# What is changed in a good form -> what the form says.
WRONG = [
    ({"email": "not an address"}, "Enter an e-mail address"),
    ({"email": "operator@example.test"}, "already has an account"),
    ({"name": " "}, "Enter the person&#39;s name."),
    ({"roles.operator": "", "may_immobilize": ""}, "Tick at least one role"),
    ({"roles.operator": "", "roles.driver": "1"}, "This right is for operators."),
    ({"roles.captain": "1"}, "Not a role: captain."),
    ({"roles.system": "1"}, "Not a role: system."),
    ({"parks.1": "", "parks.2": ""}, "Tick a park, or all of them"),
    ({"parks.4711": "1"}, "One of these parks does not exist."),
    ({"time_zone": "Mars/Olympus"}, "Choose a zone of the list."),
]


def link_in(text):
    return re.search(r'<code id="link">http://[^/]+(/[^<]+)</code>', text).group(1)


@pytest.fixture
def good(fleet):
    return GOOD | {f"parks.{fleet.park_id}": "1"}


class TestThePeople:
    def test_are_listed_with_their_roles_and_rights(self, sign_in):
        text = sign_in("admin").get("/admin/users").text
        check_page(text)
        row = text.split("operator@example.test")[1].split("</tr>")[0]
        assert "Operator" in row
        assert "May immobilize" in row
        assert "May immobilize" not in text.split("dispatcher@example.test")[1].split("</tr>")[0]

    def test_say_who_sees_all_parks(self, sign_in):
        text = sign_in("admin").get("/admin/users").text
        assert "<td>All</td>" in text.split("admin@example.test")[1].split("</tr>")[0]
        assert "<td>Not all</td>" in text.split("operator@example.test")[1].split("</tr>")[0]


class TestAPersonInvited:
    def test_is_in_the_list_as_invited(self, sign_in, good):
        browser = sign_in("admin")
        browser.post("/admin/users", data=good)
        row = browser.get("/admin/users").text.split("mia@example.test")[0].rsplit("<tr>", 1)[1]
        assert "Mia Chen" in row
        assert "Invited" in row

    def test_chooses_a_password_by_a_link_that_is_shown_once_and_is_signed_in(self, sign_in, good, client):
        admin = sign_in("admin")
        made = admin.post("/admin/users", data=good)
        check_page(made.text)
        path = link_in(made.text)
        assert path not in admin.get("/admin/users/6").text
        page = client.get(path)
        check_page(page.text)
        assert "Welcome, Mia Chen" in page.text
        answer = client.post(path, data={"password": " three quiet words "})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/operator/")
        assert client.get("/operator/").status_code == 200
        client.post("/sign-out")
        credentials = {"email": "mia@example.test", "password": " three quiet words "}
        assert client.post("/sign-in", data=credentials).headers["Location"] == "/operator/"

    def test_cannot_use_the_link_twice(self, sign_in, good, client, app):
        path = link_in(sign_in("admin").post("/admin/users", data=good).text)
        client.post(path, data={"password": "three quiet words"})
        second = app.test_client()
        answer = second.post(path, data={"password": "another few words"})
        check_page(answer.text)
        assert answer.status_code == 404
        assert "This link is good no longer" in answer.text
        assert second.get("/operator/").status_code == 302

    def test_is_told_what_is_wrong_with_a_password_and_keeps_the_link(self, sign_in, good, client):
        path = link_in(sign_in("admin").post("/admin/users", data=good).text)
        answer = client.post(path, data={"password": "password1234"})
        assert answer.status_code == 422
        assert "one of the first that are tried" in answer.text
        assert client.get(path).status_code == 200

    def test_is_invited_again_with_another_link(self, sign_in, good, client):
        admin = sign_in("admin")
        first = link_in(admin.post("/admin/users", data=good).text)
        second = link_in(admin.post("/admin/users/6/invitation").text)
        assert client.get(first).status_code == 404
        assert client.get(second).status_code == 200

    def test_who_did_not_come_is_seen_in_the_list(self, sign_in, good, database):
        admin = sign_in("admin")
        admin.post("/admin/users", data=good)
        with database.transaction() as session:
            session.execute(sa.update(Ticket).values(expires_at=clock.now()))
        assert "Invitation ran out" in admin.get("/admin/users").text

    def test_is_uninvited_by_closing_the_account(self, sign_in, good, client):
        admin = sign_in("admin")
        path = link_in(admin.post("/admin/users", data=good).text)
        admin.post("/admin/users/6/closing")
        assert client.get(path).status_code == 404
        assert client.post(path, data={"password": "three quiet words"}).status_code == 404

    def test_has_just_the_rights_that_were_ticked(self, sign_in, good, database, fleet):
        sign_in("admin").post("/admin/users", data=good)
        with database.reading() as reader:
            user = next(u for u in queries.list_users(reader, viewer=ROOT) if u["email"] == "mia@example.test")
        with database.transaction() as session:
            who = {"user_id": user["id"], "method": "pwd", "address": "", "agent": ""}
            cookie = service.start_session(session, at=clock.now(), **who)
            actor = queries.find_signed_in(session.connection(), cookie=cookie, at=clock.now()).actor
        assert actor.roles == {"operator"}
        assert actor.grants == {"access:immobilize"}
        assert actor.parks == {fleet.park_id}

    def test_may_see_all_parks(self, sign_in, database):
        sign_in("admin").post("/admin/users", data=GOOD | {"all_parks": "1"})
        with database.reading() as reader:
            user = next(u for u in queries.list_users(reader, viewer=ROOT) if u["email"] == "mia@example.test")
        assert user["all_parks"]

    def test_is_in_the_audit_with_who_added_them(self, sign_in, good):
        browser = sign_in("admin")
        browser.post("/admin/users", data=good)
        newest = browser.get("/admin/audit").text.split("<tbody>")[1].split("</tr>")[0]
        assert "identity.user_created" in newest
        assert "Admin" in newest


class TestTheForm:
    def test_offers_the_roles_of_people_and_every_park(self, sign_in):
        text = sign_in("admin").get("/admin/users/new").text
        check_page(text)
        for box in ("roles.admin", "roles.operator", "roles.staff", "roles.driver", "roles.investor"):
            assert f'name="{box}"' in text
        assert "roles.system" not in text
        assert "Bayview" in text
        assert "Mission" in text

    def test_comes_back_with_what_is_wrong_and_what_was_typed(self, sign_in, good, database):
        browser = sign_in("admin")
        for change, words in WRONG:
            answer = browser.post("/admin/users", data=good | change)
            check_page(answer.text)
            assert answer.status_code == 422, change
            assert words in answer.text, change
            assert "name" in change or 'value="Mia Chen"' in answer.text
        with database.reading() as reader:
            assert len(queries.list_users(reader, viewer=ROOT)) == 5
