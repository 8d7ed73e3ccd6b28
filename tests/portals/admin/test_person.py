"""One person on the console: what they may do is changed, how they come in is mended, their account is closed."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import clock
from core.identity import queries
from core.identity.models import LoginSession, Revocation, UserGrant
from tests.conftest import ROOT
from tests.portals.page import check_page

AS_IT_IS = {"name": "Dispatcher", "time_zone": "UTC", "roles.operator": "1", "parks.1": "1"}


@pytest.fixture
def user(database, fleet):
    """What the console knows of the person of a role."""

    def read(role):
        with database.reading() as reader:
            return queries.get_user(reader, viewer=ROOT, user_id=fleet.user_ids[role])

    return read


@pytest.fixture
def url(fleet):
    """The address of the person of a role."""
    return lambda role, rest="": f"/admin/users/{fleet.user_ids[role]}{rest}"


@pytest.fixture
def revocations(database, user):
    """How often the tokens of the person of a role were revoked."""

    def count(role):
        with database.reading() as reader:
            return reader.scalar(sa.select(sa.func.count()).select_from(Revocation).where(Revocation.kind == "user"))

    return count


class TestAPersonsPage:
    def test_shows_rights_sessions_and_factors(self, sign_in, url):
        sign_in("operator")
        text = sign_in("admin").get(url("operator")).text
        check_page(text)
        for words in ("operator@example.test", "Order the immobilization of a vehicle", "Werkzeug", "Passkeys"):
            assert words in text

    def test_of_nobody_is_not_there(self, sign_in):
        assert sign_in("admin").get("/admin/users/4711").status_code == 404


class TestWhatIsDangerous:
    def test_waits_for_a_proof_that_it_is_still_the_administrator(self, sign_in, url, user, database, fleet):
        admin = sign_in("admin")
        with database.transaction() as session:
            session.execute(sa.update(LoginSession).values(confirmed_at=clock.now() - timedelta(minutes=6)))
        grant = {"permission": "access:immobilize"}
        for act, data in (
            ("", AS_IT_IS | {"roles.admin": "1"}),
            ("/grants", grant),
            ("/closing", {}),
            ("/reset", {}),
        ):
            answer = admin.post(url("dispatcher", act), data=data)
            check_page(answer.text)
            assert answer.status_code == 403, act
        before = user("dispatcher")
        assert (before["roles"], before["grants"], before["state"]) == (["operator"], None, "active")
        admin.post(url("dispatcher", "/grants"), data=grant | {"confirm.password": fleet.password})
        assert user("dispatcher")["grants"] == ["access:immobilize"]


class TestChangedRoles:
    def test_are_in_force_at_the_next_request_and_end_nothing(self, sign_in, url):
        admin, dispatcher = sign_in("admin"), sign_in("dispatcher")
        assert dispatcher.get("/admin/users").status_code == 404
        change = AS_IT_IS | {"roles.admin": "1", "all_parks": "1"}
        assert admin.post(url("dispatcher"), data=change).status_code == 303
        assert dispatcher.get("/admin/users").status_code == 200

    def test_are_in_the_audit_with_what_was_and_what_is(self, sign_in, url):
        admin = sign_in("admin")
        admin.post(url("dispatcher"), data=AS_IT_IS | {"roles.operator": "", "roles.staff": "1"})
        newest = admin.get("/admin/audit").text.split("<tbody>")[1].split("</tr>")[0]
        assert "identity.user_changed" in newest
        assert '<dt>Before</dt><dd><dl class="detail">  <div><dt>Roles</dt><dd>operator<' in newest
        assert "staff" in newest

    def test_revoke_the_tokens_that_apps_have_by_the_old_ones(self, sign_in, url, revocations):
        admin = sign_in("admin")
        admin.post(url("dispatcher"), data=AS_IT_IS | {"name": "Dee"})
        assert revocations("dispatcher") == 0
        admin.post(url("dispatcher"), data=AS_IT_IS | {"parks.2": "1"})
        assert revocations("dispatcher") == 1

    def test_may_be_any_that_people_hold(self, sign_in, url, user):
        for role in ("admin", "operator", "staff", "driver", "investor"):
            data = {"name": "D", "time_zone": "UTC", f"roles.{role}": "1", "all_parks": "1"}
            assert sign_in("admin").post(url("dispatcher"), data=data).status_code == 303
            assert user("dispatcher")["roles"] == [role]

    def test_are_refused_with_what_is_wrong(self, sign_in, url, user):
        admin = sign_in("admin")
        for change, words in (
            ({"roles.operator": ""}, "Tick at least one role"),
            ({"roles.device": "1"}, "Not a role: device."),
            ({"parks.1": ""}, "Tick a park, or all of them"),
            ({"name": " "}, "Enter the person&#39;s name."),
            ({"time_zone": "Mars/Olympus"}, "Choose a time zone"),
        ):
            answer = admin.post(url("dispatcher"), data=AS_IT_IS | change)
            check_page(answer.text)
            assert answer.status_code == 422, change
            assert words in answer.text, change
        assert user("dispatcher")["roles"] == ["operator"]

    def test_leave_the_last_administrator_one(self, sign_in, url, user):
        data = {"name": "Admin", "time_zone": "UTC", "roles.operator": "1", "all_parks": "1"}
        answer = sign_in("admin").post(url("admin"), data=data)
        assert answer.status_code == 422
        assert "This is the last administrator" in answer.text
        assert user("admin")["roles"] == ["admin"]


class TestARightOnTop:
    @pytest.mark.parametrize(
        ("reach", "park", "vehicle", "words"),
        [
            ({}, None, None, "Wherever they see"),
            ({"park_id": "2"}, 2, None, "In the park Mission"),
            ({"vehicle": "7abc123"}, None, 1, "For Car 1 only"),
            ({"vehicle": "1HGCM82633A004352"}, None, 1, "For Car 1 only"),
        ],
    )
    def test_reaches_as_far_as_was_said(self, sign_in, url, database, fleet, reach, park, vehicle, words):
        admin = sign_in("admin")
        data = {"permission": "access:immobilize", **reach}
        text = admin.post(url("dispatcher", "/grants"), data=data, follow_redirects=True).text
        assert words in text
        with database.reading() as reader:
            held = queries.list_grants(reader, viewer=ROOT, user_id=fleet.user_ids["dispatcher"])
        assert [(one["park_id"], one["vehicle_id"]) for one in held] == [(park, vehicle)]

    def test_ends_with_its_last_day_where_the_administrator_is(self, sign_in, url, database):
        data = {"permission": "access:immobilize", "last_day": "2031-05-07"}
        sign_in("admin").post(url("dispatcher", "/grants"), data=data)
        with database.reading() as reader:
            ends = reader.scalar(sa.select(UserGrant.expires_at).where(UserGrant.expires_at.is_not(None)))
        assert ends.isoformat() == "2031-05-08T00:00:00+00:00"

    def test_is_refused_with_what_is_wrong(self, sign_in, url):
        admin = sign_in("admin")
        for change, words in (
            ({"permission": "audit:read"}, "Choose a right of the list."),
            ({"park_id": "4711"}, "Choose a park of the list."),
            ({"park_id": "many"}, "Expected"),
            ({"vehicle": "none such"}, "No vehicle is called so."),
            ({"park_id": "1", "vehicle": "7ABC123"}, "one park or one vehicle"),
            ({"last_day": "2020-01-01"}, "Enter a moment to come"),
            ({"last_day": "9999-12-31"}, "Enter a day of this century"),
        ):
            answer = admin.post(url("dispatcher", "/grants"), data={"permission": "access:immobilize"} | change)
            check_page(answer.text)
            assert answer.status_code == 422, change
            assert words in answer.text, change

    def test_is_given_once(self, sign_in, url):
        admin = sign_in("admin")
        answer = admin.post(url("operator", "/grants"), data={"permission": "access:immobilize"})
        assert answer.status_code == 422
        assert "They have this right already." in answer.text

    def test_is_taken_and_cannot_be_taken_twice(self, sign_in, url, revocations):
        admin = sign_in("admin")
        assert "May immobilize" in admin.get("/admin/users").text
        assert admin.post(url("operator", "/grants/2/end")).status_code == 303
        assert "May immobilize" not in admin.get("/admin/users").text
        assert revocations("operator") == 1
        assert admin.post(url("operator", "/grants/2/end")).status_code == 404

    def test_of_somebody_else_is_not_taken_through_this_page(self, sign_in, url):
        admin = sign_in("admin")
        assert admin.post(url("dispatcher", "/grants/2/end")).status_code == 404
        assert "May immobilize" in admin.get("/admin/users").text


class TestAnAccount:
    def test_closed_ends_its_sessions_and_opened_again_lets_them_in(self, sign_in, url, fleet, client):
        admin, driver = sign_in("admin"), sign_in("driver")
        assert "Closed" in admin.post(url("driver", "/closing"), follow_redirects=True).text
        assert driver.get("/driver/").status_code == 302
        credentials = {"email": fleet.email("driver"), "password": fleet.password}
        assert "This account is closed." in client.post("/sign-in", data=credentials).text
        admin.post(url("driver", "/reopening"))
        assert driver.get("/driver/").status_code == 302, "a session that was ended stays ended"
        assert client.post("/sign-in", data=credentials).headers["Location"] == "/driver/"

    def test_of_the_last_administrator_stays_open(self, sign_in, url):
        admin = sign_in("admin")
        assert "This is the last administrator" in admin.post(url("admin", "/closing"), follow_redirects=True).text

    def test_is_signed_out_in_one_browser_or_in_all(self, sign_in, url):
        admin, one, two = sign_in("admin"), sign_in("driver"), sign_in("driver")
        first = int(re.search(r"/sessions/(\d+)/end", admin.get(url("driver")).text.split("since")[-2]).group(1))
        assert admin.post(url("driver", f"/sessions/{first}/end")).status_code == 303
        assert sorted(browser.get("/driver/").status_code for browser in (one, two)) == [200, 302]
        assert admin.post(url("operator", f"/sessions/{first}/end")).status_code == 404
        admin.post(url("driver", "/sessions/end"))
        assert [browser.get("/driver/").status_code for browser in (one, two)] == [302, 302]
        assert admin.get("/admin/users").status_code == 200

    def test_gets_a_link_to_a_new_password_that_ends_every_session(self, sign_in, url, client, fleet):
        driver = sign_in("driver")
        made = sign_in("admin").post(url("driver", "/reset"))
        path = re.search(r'<code id="link">http://[^/]+(/[^<]+)</code>', made.text).group(1)
        check_page(client.get(path).text)
        answer = client.post(path, data={"password": "a quite different one"})
        assert answer.headers["Location"] == "/sign-in"
        assert "Your new password is set" in client.get("/sign-in").text
        assert driver.get("/driver/").status_code == 302
        credentials = {"email": fleet.email("driver"), "password": "a quite different one"}
        assert client.post("/sign-in", data=credentials).headers["Location"] == "/driver/"
