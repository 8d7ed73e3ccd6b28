"""Signing in and out: who gets in, where they land, and what ends a session."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import clock
from core.config import MailServer
from core.identity import rules, service
from core.identity.models import User
from core.identity.rules import Limit
from tests.portals.page import check_page

HOMES = {
    "admin": "/admin/",
    "operator": "/operator/",
    "dispatcher": "/operator/",
    "driver": "/driver/",
    "investor": "/investor/",
}
ELSEWHERE = [
    "https://evil.test/",
    "//evil.test/",
    "/\\evil.test/",
    "\\\\evil.test",
    "/\t/evil.test/",
    "/\n/evil.test",
    "javascript:alert(1)",
    "admin/",
]


@pytest.fixture
def change(database):
    """Change the row of a person, as an administrator's act would."""

    def changed(email, **columns):
        with database.transaction() as session:
            session.execute(sa.update(User).where(User.email == email).values(**columns))

    return changed


def sign_in_with(client, fleet, *, password=None, role="admin", **more):
    data = {"email": fleet.email(role), "password": password or fleet.password} | more
    return client.post("/sign-in", data=data)


def wait_in(text):
    return int(re.search(r"Too many wrong passwords or codes\. Try again in (\d+) seconds\.", text).group(1))


def problem_in(text):
    return re.search(r'role="alert">.*?<p>(.*?)</p>', text, re.DOTALL).group(1)


class TestSignIn:
    def test_leads_each_role_home(self, app, fleet):
        for role, home in HOMES.items():
            browser = app.test_client()
            assert sign_in_with(browser, fleet, role=role).headers["Location"] == home, role
            assert browser.get(home).status_code == 200, role

    def test_takes_the_email_in_any_case(self, client, fleet):
        answer = client.post("/sign-in", data={"email": " ADMIN@example.test ", "password": fleet.password})
        assert answer.headers["Location"] == "/admin/"

    def test_shows_a_page_that_anybody_can_read(self, client):
        check_page(client.get("/sign-in").text)

    def test_refuses_a_wrong_password_and_keeps_the_email_but_not_the_password(self, client, fleet):
        answer = sign_in_with(client, fleet, password="wrong and long enough")
        check_page(answer.text)
        assert answer.status_code == 422
        assert "do not match" in answer.text
        assert 'value="admin@example.test"' in answer.text
        assert "wrong and long enough" not in answer.text
        assert client.get("/admin/").status_code == 302

    def test_says_the_same_of_an_unknown_email(self, client, fleet):
        known = sign_in_with(client, fleet, password="wrong")
        unknown = client.post("/sign-in", data={"email": "nobody@example.test", "password": "wrong"})
        assert unknown.status_code == known.status_code
        assert "do not match" in unknown.text

    def test_sends_who_is_signed_in_home_again(self, sign_in):
        browser = sign_in("admin")
        assert browser.get("/sign-in").headers["Location"] == "/admin/"
        assert browser.get("/").headers["Location"] == "/admin/"

    def test_refuses_a_form_without_its_token(self, app, client, fleet):
        app.config["WTF_CSRF_ENABLED"] = True
        answer = sign_in_with(client, fleet)
        assert answer.status_code == 403
        assert "Load it again" in answer.text


class TestLockout:
    def test_follows_five_wrong_passwords_and_says_how_long(self, client, fleet):
        for _ in range(5):
            assert "do not match" in sign_in_with(client, fleet, password="wrong").text
        answer = sign_in_with(client, fleet)
        assert answer.status_code == 422
        assert 10 < wait_in(answer.text) <= 15

    def test_grows_with_each_further_wrong_password(self, client, fleet, change):
        change(fleet.email("admin"), failed_count=7)
        sign_in_with(client, fleet, password="wrong")
        assert 100 < wait_in(sign_in_with(client, fleet).text) <= 120

    def test_ends_by_itself_and_is_forgotten(self, client, fleet, change):
        change(fleet.email("admin"), failed_count=5, locked_until=clock.now())
        assert sign_in_with(client, fleet).headers["Location"] == "/admin/"
        client.post("/sign-out")
        sign_in_with(client, fleet, password="wrong")
        assert sign_in_with(client, fleet).headers["Location"] == "/admin/"

    def test_is_of_one_person_only(self, client, fleet, change):
        for _ in range(6):
            sign_in_with(client, fleet, password="wrong")
        assert sign_in_with(client, fleet, role="operator").headers["Location"] == "/operator/"


class TestThePageAskedFor:
    def test_is_remembered_over_the_sign_in(self, client, fleet):
        sent = client.get("/admin/audit?kind=vehicle&id=1").headers["Location"]
        page = client.get(sent).text
        target = page.split('name="next" value="')[1].split('"')[0].replace("&amp;", "&")
        assert sign_in_with(client, fleet, next=target).headers["Location"] == "/admin/audit?kind=vehicle&id=1"

    def test_is_never_on_another_host(self, client, fleet):
        for target in ELSEWHERE:
            assert sign_in_with(client, fleet, next=target).headers["Location"] == "/admin/", target


class TestASession:
    def test_ends_with_signing_out(self, sign_in):
        browser = sign_in("admin")
        answer = browser.post("/sign-out", follow_redirects=True)
        assert "You are signed out." in answer.text
        assert browser.get("/admin/").headers["Location"] == "/sign-in?next=/admin/"

    def test_is_not_ended_by_a_link(self, sign_in):
        browser = sign_in("admin")
        assert browser.get("/sign-out").status_code == 405
        assert browser.get("/admin/").status_code == 200

    def test_ended_is_ended_in_its_browser_alone(self, sign_in, database):
        first, second = sign_in("admin"), sign_in("admin")
        with database.transaction() as session:
            service.end_session(session, at=clock.now(), session_id=1, why="a test")
        assert first.get("/admin/").status_code == 302
        assert second.get("/admin/").status_code == 200

    def test_cannot_be_had_by_its_number_alone(self, sign_in, client):
        sign_in("admin")
        with client.session_transaction() as cookie:
            cookie["_user_id"] = "1:guess"
        assert client.get("/admin/").status_code == 302

    def test_ends_when_the_account_is_closed(self, sign_in, fleet, change):
        browser = sign_in("admin")
        change(fleet.email("admin"), disabled_at=clock.now())
        assert browser.get("/admin/").status_code == 302

    def test_is_kept_from_scripts_and_foreign_forms(self, client, fleet):
        cookie = sign_in_with(client, fleet).headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie

    def test_cannot_be_made_up(self, client, fleet):
        client.set_cookie("erp_session", "eyJfdXNlcl9pZCI6IjE6YW55In0.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb")
        assert client.get("/admin/").status_code == 302


class TestAClosedAccount:
    def test_is_told_so_after_the_right_password(self, client, fleet, change):
        change(fleet.email("admin"), disabled_at=clock.now())
        assert "This account is closed." in sign_in_with(client, fleet).text

    def test_is_not_betrayed_to_who_does_not_know_the_password(self, client, fleet, change):
        change(fleet.email("admin"), disabled_at=clock.now())
        assert "closed" not in sign_in_with(client, fleet, password="wrong").text


class TestGuessesFromElsewhere:
    def test_do_not_lock_a_person_out_of_the_browser_they_use(self, app, client, fleet):
        sign_in_with(client, fleet)
        client.post("/sign-out")
        stranger = app.test_client()
        for _ in range(6):
            sign_in_with(stranger, fleet, password="wrong")
        assert "Too many wrong" in sign_in_with(app.test_client(), fleet).text
        assert sign_in_with(client, fleet).headers["Location"] == "/admin/"

    def test_are_counted_from_a_known_browser_too(self, client, fleet, change):
        sign_in_with(client, fleet)
        client.post("/sign-out")
        change(fleet.email("admin"), failed_count=30, locked_until=clock.now() + timedelta(hours=1))
        answers = [sign_in_with(client, fleet, password="wrong").text for _ in range(11)]
        assert ["do not match" in text for text in answers] == [True] * 10 + [False]

    def test_are_not_helped_by_a_cookie_that_was_made_up(self, client, fleet, change):
        change(fleet.email("admin"), failed_count=30, locked_until=clock.now() + timedelta(hours=1))
        for made_up in ("{}", "x.y", "eyIxIjoieCJ9.aaaaaaaaaaaaaaaaaaaaaaaaaaa"):
            client.set_cookie("erp_known", made_up, path="/sign-in")
            assert "Too many wrong" in sign_in_with(client, fleet).text

    def test_cannot_tell_who_has_an_account(self, client, fleet):
        def guess(email):
            answer = client.post("/sign-in", data={"email": email, "password": "wrong"})
            return answer.status_code, re.sub(r"\d+ seconds", "N seconds", problem_in(answer.text))

        known = [guess(fleet.email("driver")) for _ in range(8)]
        unknown = [guess("nobody@example.test") for _ in range(8)]
        assert known == unknown
        assert "Too many wrong" in known[-1][1]

    def test_from_one_address_come_to_an_end(self, client, fleet, monkeypatch):
        monkeypatch.setattr(rules, "SIGN_IN_LIMIT", Limit("sign-in", most=3, per_s=300))
        for _ in range(3):
            assert client.post("/sign-in", data={"email": "x@y.z", "password": "x"}).status_code == 422
        answer = sign_in_with(client, fleet)
        check_page(answer.text)
        assert answer.status_code == 429
        assert 290 <= int(answer.headers["Retry-After"]) <= 300
        assert "Try again in 5 minutes." in answer.text
        elsewhere = client.post(
            "/sign-in",
            data={"email": fleet.email("admin"), "password": fleet.password},
            environ_base={"REMOTE_ADDR": "192.0.2.9"},
        )
        assert elsewhere.headers["Location"] == "/admin/"


class TestAForgottenPassword:
    @pytest.fixture
    def mailing(self, app):
        """The application with a mail server, which is never asked here."""
        app.settings = replace(app.settings, mail=MailServer("127.0.0.1", 1, is_tls=False, sender="erp@company.test"))

    def test_is_asked_for_in_the_same_words_by_anybody(self, client, fleet, mailing, database):
        check_page(client.get("/forgotten").text)
        pages = []
        for email in (fleet.email("driver"), "nobody@example.test"):
            answer = client.post("/forgotten", data={"email": email})
            check_page(answer.text)
            pages.append((answer.status_code, re.sub(f"{re.escape(email)}|nonce=.*?>|csrf.*?>", "", answer.text)))
        assert pages[0] == pages[1]
        with database.reading() as reader:
            assert len(reader.execute(sa.text("SELECT 1 FROM identity_reset_requests")).all()) == 2
            assert reader.execute(sa.text("SELECT 1 FROM identity_letters")).all() == []

    def test_without_a_mail_server_is_a_matter_for_an_administrator(self, client, fleet, database):
        assert "Ask an administrator" in client.get("/forgotten").text
        assert "Ask an administrator" in client.post("/forgotten", data={"email": fleet.email("driver")}).text
        with database.reading() as reader:
            assert reader.execute(sa.text("SELECT 1 FROM identity_reset_requests")).all() == []

    def test_is_not_asked_for_without_end(self, client, mailing, monkeypatch):
        monkeypatch.setattr(rules, "RESET_LIMIT", Limit("reset", most=2, per_s=3600))
        answers = [client.post("/forgotten", data={"email": "x@y.test"}).status_code for _ in range(3)]
        assert answers == [200, 200, 429]

    def test_asks_for_an_address(self, client, mailing):
        answer = client.post("/forgotten", data={"email": "nonsense"})
        check_page(answer.text)
        assert answer.status_code == 422


class TestTheCookie:
    def test_is_another_one_after_each_sign_in_and_the_one_before_is_good_for_nothing(self, app, client, fleet):
        sign_in_with(client, fleet)
        before = client.get_cookie("erp_session").value
        with client.session_transaction() as kept:
            kept["planted"] = "by somebody else"
        sign_in_with(client, fleet)
        with client.session_transaction() as kept:
            assert "planted" not in kept
        thief = app.test_client()
        thief.set_cookie("erp_session", before)
        assert thief.get("/admin/").status_code == 302
        assert client.get("/admin/").status_code == 200
