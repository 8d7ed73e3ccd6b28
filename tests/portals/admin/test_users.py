"""People: the list, and adding one."""

import pytest

from core import clock
from core.identity import queries, service
from tests.conftest import ROOT
from tests.portals.page import check_page

GOOD = {
    "name": "Mia Chen",
    "email": "Mia@Example.test",
    "password": " three quiet words ",
    "roles.operator": "1",
    "may_immobilize": "1",
    "time_zone": "America/Los_Angeles",
}


# What is changed in a good form -> what the form says.
WRONG = [
    ({"email": "not an address"}, "Enter an e-mail address"),
    ({"email": "operator@example.test"}, "already has an account"),
    ({"name": " "}, "Enter the person&#39;s name."),
    ({"password": "short"}, "Use at least 12 characters"),
    ({"password": ""}, "Use at least 12 characters"),
    ({"roles.operator": "", "may_immobilize": ""}, "Tick at least one role"),
    ({"roles.operator": "", "roles.driver": "1"}, "This right is for operators."),
    ({"roles.captain": "1"}, "Not a role: captain."),
    ({"parks.1": "", "parks.2": ""}, "Tick a park, or all of them"),
    ({"parks.4711": "1"}, "One of these parks does not exist."),
    ({"time_zone": "Mars/Olympus"}, "Choose a zone of the list."),
]


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


class TestAPersonAdded:
    def test_is_in_the_list(self, sign_in, good):
        browser = sign_in("admin")
        answer = browser.post("/admin/users", data=good)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/users")
        text = browser.get("/admin/users").text
        assert "Mia Chen can sign in now." in text
        assert "mia@example.test" in text

    def test_signs_in_with_the_password_as_it_was_typed(self, sign_in, good, client):
        sign_in("admin").post("/admin/users", data=good)
        credentials = {"email": "mia@example.test", "password": good["password"]}
        assert client.post("/sign-in", data=credentials).headers["Location"] == "/operator/"

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

    def test_never_sends_a_password_back(self, sign_in, good):
        answer = sign_in("admin").post("/admin/users", data=good | {"email": "wrong"})
        assert "three quiet words" not in answer.text
