"""One's own sessions: seen, and ended from another browser."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import clock
from core.identity import rules
from core.identity.models import LoginSession
from portals.agents import device
from tests.portals.page import check_page

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
CHROME = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
EDGE = f"{CHROME.replace('Linux; Android 14', 'Windows NT 10.0')} Edg/131.0.0.0"


@pytest.fixture
def sessions(database):
    """The rows of one person's sessions, oldest first; with `columns`, changed first."""

    def read(user_id, **columns):
        with database.transaction() as session:
            if columns:
                session.execute(sa.update(LoginSession).where(LoginSession.user_id == user_id).values(**columns))
            query = sa.select(LoginSession).where(LoginSession.user_id == user_id).order_by(LoginSession.id)
            return list(session.scalars(query))

    return read


class TestThePageOfSessions:
    def test_is_for_everybody_and_leads_back_home(self, sign_in):
        for role in ("admin", "operator", "driver", "investor"):
            text = sign_in(role).get("/account/", follow_redirects=True).text
            check_page(text)
            assert 'href="/"' in text, role

    def test_is_in_the_account_menu_of_every_portal(self, sign_in):
        for role, home in (("admin", "/admin/"), ("operator", "/operator/"), ("driver", "/driver/")):
            assert 'href="/account/"' in sign_in(role).get(home).text

    def test_sends_a_stranger_to_sign_in(self, client):
        answer = client.get("/account/sessions")
        assert answer.headers["Location"] == "/sign-in?next=/account/sessions"

    def test_names_each_browser_and_marks_this_one(self, sign_in):
        sign_in("driver")
        text = sign_in("driver").get("/account/sessions").text
        assert text.count("A program: Werkzeug") == 2 + 1  # once more in the name of its button
        assert text.count("This browser") == 1
        assert text.count("Sign out everywhere else") == 1

    def test_shows_nobody_elses(self, sign_in):
        sign_in("operator")
        assert sign_in("driver").get("/account/sessions").text.count('<li class="card">') == 1


class TestASession:
    def test_is_ended_from_another_browser(self, sign_in, sessions, fleet):
        lost, kept = sign_in("driver"), sign_in("driver")
        first = sessions(fleet.user_ids["driver"])[0].id
        answer = kept.post(f"/account/sessions/{first}/end", follow_redirects=True)
        assert "That browser is signed out." in answer.text
        assert lost.get("/driver/").headers["Location"].startswith("/sign-in")
        assert kept.get("/driver/").status_code == 200

    def test_of_somebody_else_is_not_there_to_be_ended(self, sign_in, sessions, fleet):
        victim, other = sign_in("admin"), sign_in("driver")
        target = sessions(fleet.user_ids["admin"])[0].id
        assert other.post(f"/account/sessions/{target}/end").status_code == 404
        assert victim.get("/admin/users").status_code == 200

    def test_is_kept_when_all_others_are_ended(self, sign_in):
        others, this = [sign_in("driver"), sign_in("driver")], sign_in("driver")
        assert (
            "2 other browsers are signed out." in this.post("/account/sessions/others/end", follow_redirects=True).text
        )
        assert [browser.get("/driver/").status_code for browser in [*others, this]] == [302, 302, 200]

    def test_ends_by_itself(self, sign_in, sessions, fleet):
        for role, age, idle, is_over in (
            ("driver", timedelta(days=29), timedelta(hours=1), False),
            ("driver", timedelta(days=30), timedelta(hours=1), True),
            ("driver", timedelta(days=8), timedelta(days=7), True),
            ("admin", timedelta(hours=11), timedelta(0), False),
            ("admin", timedelta(hours=12), timedelta(0), True),
        ):
            browser, now = sign_in(role), clock.now()
            sessions(fleet.user_ids[role], created_at=now - age, last_seen_at=now - idle)
            assert (browser.get("/account/sessions").status_code == 302) is is_over, (role, age, idle)

    def test_notes_its_use_within_five_minutes_and_not_at_each_request(self, sign_in, sessions, fleet):
        browser, driver = sign_in("driver"), fleet.user_ids["driver"]
        recent = clock.now() - timedelta(minutes=1)
        sessions(driver, last_seen_at=recent)
        browser.get("/account/sessions")
        assert sessions(driver)[0].last_seen_at == recent
        sessions(driver, last_seen_at=clock.now() - rules.SEEN_EVERY - timedelta(seconds=1))
        browser.get("/account/sessions")
        assert clock.now() - sessions(driver)[0].last_seen_at < timedelta(minutes=1)


class TestADevice:
    @pytest.mark.parametrize(
        ("agent", "words"),
        [
            (FIREFOX, "Firefox on Windows"),
            (SAFARI, "Safari on iPhone"),
            (CHROME, "Chrome on Android"),
            (EDGE, "Edge on Windows"),
            ("curl/8.5.0", "A program: curl/8.5.0"),
            ("", "A browser that does not say what it is"),
        ],
    )
    def test_is_named_in_words(self, agent, words):
        assert device(agent) == words
