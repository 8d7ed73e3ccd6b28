"""One's own profile: name, zone, password."""

from dataclasses import replace

import pytest

from core.config import MailServer
from core.identity import queries
from tests.conftest import ROOT
from tests.portals.page import check_page


@pytest.fixture
def change_password(fleet):
    """Post the form of the password."""

    def change(browser, *, old=None, new="a quite different one"):
        data = {"old": fleet.password if old is None else old, "new": new}
        return browser.post("/account/password", data=data, follow_redirects=True)

    return change


class TestTheProfile:
    def test_is_shown_and_changed(self, sign_in):
        browser = sign_in("driver")
        check_page(browser.get("/account/profile").text)
        data = {"name": "Drew Diaz", "time_zone": "Europe/Berlin"}
        text = browser.post("/account/profile", data=data, follow_redirects=True).text
        assert 'value="Drew Diaz"' in text
        assert '<option value="Europe/Berlin" selected>' in text

    def test_comes_back_with_what_is_wrong(self, sign_in):
        browser = sign_in("driver")
        for change, words in (({"name": " "}, "Enter your name."), ({"time_zone": "Mars"}, "Choose a time zone")):
            answer = browser.post("/account/profile", data={"name": "D", "time_zone": "UTC"} | change)
            check_page(answer.text)
            assert answer.status_code == 422
            assert words in answer.text


class TestAPassword:
    def test_is_changed_and_signs_out_every_other_browser(self, sign_in, change_password, fleet, client):
        other, this = sign_in("driver"), sign_in("driver")
        assert "Your password is changed." in change_password(this).text
        assert this.get("/driver/").status_code == 200
        assert other.get("/driver/").status_code == 302
        credentials = {"email": fleet.email("driver"), "password": "a quite different one"}
        assert client.post("/sign-in", data=credentials).headers["Location"] == "/driver/"

    def test_that_will_not_do_is_refused(self, sign_in, change_password):
        browser = sign_in("driver")
        for new, words in (
            ("short", "Use at least 12 characters"),
            ("p@ssw0rd1234", "one of the first that are tried"),
            ("my name is Driver", "Do not use your name"),
            ("correct horse battery staple", "This is the password you have."),
        ):
            answer = change_password(browser, new=new)
            check_page(answer.text)
            assert answer.status_code == 422
            assert words in answer.text

    def test_is_not_changed_without_the_old_one_which_cannot_be_guessed_here(self, sign_in, change_password):
        browser = sign_in("driver")
        for _ in range(5):
            assert "That is not your password." in change_password(browser, old="wrong").text
        assert "Too many wrong passwords" in change_password(browser).text

    def test_is_not_changed_without_a_letter_that_says_so(self, app, sign_in, change_password, database, fleet):
        app.settings = replace(app.settings, mail=MailServer("127.0.0.1", 1, is_tls=False, sender="erp@company.test"))
        change_password(sign_in("driver"))
        with database.reading() as reader:
            (letter,) = queries.list_letters(reader, viewer=ROOT, user_id=fleet.user_ids["driver"])
        assert letter["subject"] == "Your password for Equinomix was changed"
