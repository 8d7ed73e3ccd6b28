"""Signing in with a code, and who is asked to set up a second factor."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.errors import ConfigurationError
from core.identity import rules
from core.identity.models import LoginSession
from portals.app import create_app, make_ready
from tests.portals.auth.phone import set_up_phone
from tests.portals.page import check_page

ADVICE = "Protect your account with a second factor"


def type_password(app, fleet, role="operator", **more):
    browser = app.test_client()
    answer = browser.post("/sign-in", data={"email": fleet.email(role), "password": fleet.password} | more)
    return browser, answer


class TestSigningInWithACode:
    def test_asks_for_it_after_the_password_and_lets_nobody_in_before(self, app, fleet, sign_in, database):
        phone, _ = set_up_phone(sign_in("operator"), database)
        browser, answer = type_password(app, fleet, next="/operator/vehicles")
        assert answer.headers["Location"] == "/sign-in/second-factor"
        assert browser.get("/operator/").headers["Location"].startswith("/sign-in")
        check_page(browser.get("/sign-in/second-factor").text)

        wrong = browser.post("/sign-in/second-factor", data={"code": "wrong"})
        assert wrong.status_code == 422
        check_page(wrong.text)
        assert "That code is not good" in wrong.text

        answer = browser.post("/sign-in/second-factor", data={"code": phone.code()})
        assert answer.headers["Location"] == "/operator/vehicles"
        assert browser.get("/operator/").status_code == 200
        with database.reading() as reader:
            assert list(reader.scalars(sa.select(LoginSession.method).order_by(LoginSession.id))) == ["pwd", "pwd otp"]

    def test_takes_a_recovery_code_too(self, app, fleet, sign_in, database):
        _, codes = set_up_phone(sign_in("operator"), database)
        assert len(codes) == 10
        browser, _ = type_password(app, fleet)
        assert browser.post("/sign-in/second-factor", data={"code": codes[3]}).headers["Location"] == "/operator/"
        assert "9 left" in browser.get("/account/security").text

    def test_takes_no_password_for_it(self, app, fleet, sign_in, database):
        set_up_phone(sign_in("operator"), database)
        browser, _ = type_password(app, fleet)
        data = {"password": fleet.password, "confirm.password": fleet.password}
        assert browser.post("/sign-in/second-factor", data=data).status_code == 422

    def test_begins_again_when_the_password_was_typed_long_ago(self, app, fleet, sign_in, database, monkeypatch):
        phone, _ = set_up_phone(sign_in("operator"), database)
        browser, _ = type_password(app, fleet)
        monkeypatch.setattr(rules, "SECOND_FACTOR_WITHIN", timedelta(0))
        assert browser.get("/sign-in/second-factor").headers["Location"] == "/sign-in"
        assert browser.post("/sign-in/second-factor", data={"code": phone.code()}).headers["Location"] == "/sign-in"
        assert browser.post("/sign-in/second-factor/options").status_code == 302
        assert browser.get("/operator/").status_code == 302

    def test_is_for_nobody_who_typed_no_password(self, client):
        assert client.get("/sign-in/second-factor").headers["Location"] == "/sign-in"
        assert client.post("/sign-in/second-factor", data={"code": "123456"}).headers["Location"] == "/sign-in"


class TestThePagesAboutSecondFactors:
    def test_are_sound(self, sign_in, database):
        browser = sign_in("operator")
        check_page(browser.get("/account/security").text)
        set_up = browser.post("/account/security/totp", follow_redirects=True)
        check_page(set_up.text)
        assert "<svg" in set_up.text
        wrong = browser.post("/account/security/totp/confirmation", data={"code": "nonsense"})
        assert wrong.status_code == 422
        check_page(wrong.text)
        set_up_phone(browser, database)
        check_page(browser.get("/account/security").text)
        codes = browser.post("/account/security/recovery-codes")
        assert codes.status_code == 201
        check_page(codes.text)

    def test_switch_the_app_off(self, sign_in, database):
        browser = sign_in("operator")
        set_up_phone(browser, database)
        text = browser.post("/account/security/totp/removal", follow_redirects=True).text
        assert "is switched off" in text
        assert "Set up an app" in text

    def test_refuse_a_passkey_that_no_browser_made(self, sign_in):
        browser = sign_in("operator")
        late = browser.post("/account/security/passkeys", data={"name": "Key", "passkey": "{}"})
        assert late.status_code == 422
        assert "longer than five minutes" in late.text
        browser.post("/account/security/passkeys/options")
        for answer in ("{}", "nonsense", '{"id": 1}', "\0"):
            assert browser.post("/account/security/passkeys", data={"name": "K", "passkey": answer}).status_code == 422

    def test_know_the_passkeys_of_their_owner_alone(self, sign_in):
        browser = sign_in("operator")
        assert browser.get("/account/security/passkeys/1").status_code == 404
        assert browser.post("/account/security/passkeys/1/name", data={"name": "Mine"}).status_code == 404
        assert browser.post("/account/security/passkeys/1/removal").status_code == 404


class TestPasskeysOfPrograms:
    def test_are_refused_without_a_trace_of_what_went_wrong(self, client):
        client.post("/sign-in/passkey/options")
        for answer in ("{}", "", "[]", '{"id":"AA","rawId":"AA","type":"public-key","response":{}}'):
            client.post("/sign-in/passkey/options")
            refused = client.post("/sign-in/passkey", data={"passkey": answer})
            assert refused.status_code == 422
            assert "We do not know this passkey" in refused.text

    def test_need_a_challenge_of_this_browser(self, client):
        refused = client.post("/sign-in/passkey", data={"passkey": "{}"})
        assert "another window" in refused.text


class TestWhoMayDoMuch:
    def test_is_told_on_every_page_until_there_is_a_second_factor(self, sign_in, database):
        operator = sign_in("operator")
        for path in ("/operator/", "/operator/vehicles", "/account/sessions"):
            text = operator.get(path).text
            check_page(text)
            assert ADVICE in text, path
        assert ADVICE in sign_in("admin").get("/admin/").text
        assert ADVICE not in sign_in("dispatcher").get("/operator/").text
        set_up_phone(operator, database)
        assert ADVICE not in operator.get("/operator/").text

    def test_reaches_nothing_else_where_it_is_required(self, config, database, fleet):
        config = replace(config, require_second_factor=frozenset({"operator"}))
        make_ready(config, database)
        app = create_app(config, database)
        app.config["WTF_CSRF_ENABLED"] = False
        browser, answer = type_password(app, fleet)
        assert answer.headers["Location"] == "/operator/"
        for path in ("/operator/", "/operator/live.json", "/account/sessions", "/live"):
            assert browser.get(path).headers["Location"] == "/account/security", path
        part = browser.get("/operator/vehicles", headers={"HX-Request": "true"})
        assert part.headers["HX-Redirect"] == "/account/security"
        assert "Your role needs a second factor" in browser.get("/account/security").text
        set_up_phone(browser, database)
        assert browser.get("/operator/").status_code == 200
        admin, _ = type_password(app, fleet, "admin")
        assert admin.get("/admin/").status_code == 200

    def test_is_named_by_roles_that_exist(self, config, database):
        with pytest.raises(ConfigurationError, match="it is a list of these roles"):
            create_app(replace(config, require_second_factor=frozenset({"king"})), database)
