"""The question whether an app may act for somebody, and what goes back to the app."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import sqlalchemy as sa
from flask.testing import FlaskClient

from core.db import Database
from core.identity.service import NewClient
from portals.doors import ErpApp
from tests.conftest import Fleet
from tests.portals.oauth.conftest import BACK, ShiftsApp, told
from tests.portals.page import check_page


def age_proofs(database: Database) -> None:
    with database.transaction() as session:
        session.execute(sa.text("UPDATE identity_sessions SET confirmed_at = now() - interval '6 minutes'"))


class TestAPersonWhoIsNotSignedIn:
    def test_signs_in_first_and_is_asked_then(self, shifts: ShiftsApp, client: FlaskClient, fleet: Fleet) -> None:
        answer = client.get(f"/oauth/authorize?{shifts.query()}")
        assert answer.status_code == 302
        assert answer.location.startswith("/sign-in?next=")
        page = client.get(answer.location)
        hidden = re.search(r'name="next" value="([^"]*)"', page.text)[1].replace("&amp;", "&")
        signed_in = client.post(
            "/sign-in", data={"email": fleet.email("operator"), "password": fleet.password, "next": hidden}
        )
        assert "Let Shifts &lt;app&gt; act for you?" in client.get(signed_in.location).text

    def test_is_not_bothered_when_the_app_wants_silence(self, shifts: ShiftsApp, client: FlaskClient) -> None:
        answer = told(client.get(f"/oauth/authorize?{shifts.query(prompt='none')}"))
        assert answer["error"] == "login_required"
        assert answer["state"] == "s-1 &?"


class TestTheQuestion:
    def test_says_in_words_what_the_app_wants_and_marks_what_acts_on_vehicles(self, shifts: ShiftsApp) -> None:
        page = shifts.ask()
        check_page(page.text)
        assert page.status_code == 200
        assert "Read the registry of vehicles" in page.text
        assert "Stay connected while you are away" in page.text
        dangerous = page.text.split('class="dangerous"')[1].split("</li>")[0]
        assert "Order the immobilization of a vehicle" in dangerous
        assert "Acts on vehicles" in dangerous
        assert "shifts.example.com" in page.text

    def test_does_not_offer_what_the_person_may_not_do(
        self, shifts: ShiftsApp, sign_in: Callable[[str], FlaskClient]
    ) -> None:
        shifts.browser = sign_in("dispatcher")
        page = shifts.ask()
        assert 'class="dangerous"' not in page.text
        assert "does not get it: Order the immobilization of a vehicle" in page.text
        granted = shifts.exchange(told(shifts.answer(page))["code"]).json["scope"].split()
        assert "access:immobilize" not in granted
        assert "vehicles:read" in granted

    def test_gives_no_more_than_was_shown(self, shifts: ShiftsApp) -> None:
        answer = shifts.answer(shifts.ask(), shown="openid vehicles:read")
        assert set(shifts.exchange(told(answer)["code"]).json["scope"].split()) == {"openid", "vehicles:read"}

    def test_lets_its_form_lead_to_the_app_and_nowhere_else(self, shifts: ShiftsApp) -> None:
        policy = shifts.ask().headers["Content-Security-Policy"]
        assert "form-action 'self' https://shifts.example.com;" in policy
        other = shifts.browser.get("/sign-in", follow_redirects=True).headers["Content-Security-Policy"]
        assert "form-action 'self';" in other

    def test_is_asked_by_a_form_too(self, shifts: ShiftsApp) -> None:
        page = shifts.browser.post("/oauth/authorize", data=dict(parse_qsl(shifts.query())))
        assert told(shifts.answer(page))["code"]

    def test_cannot_be_answered_from_elsewhere(self, app: ErpApp, shifts: ShiftsApp) -> None:
        app.config["WTF_CSRF_ENABLED"] = True
        answer = shifts.browser.post(
            f"/oauth/consent?{shifts.query()}", data={"decision": "allow", "shown": "vehicles:read"}
        )
        assert answer.status_code == 403
        assert "problem" in answer.text
        assert answer.mimetype == "text/html"


class TestAnAnswer:
    def test_brings_the_app_a_code_its_state_and_who_we_are(self, app: ErpApp, shifts: ShiftsApp) -> None:
        answer = shifts.answer(shifts.ask())
        assert answer.status_code == 303
        assert answer.headers["Cache-Control"] == "no-store"
        back = told(answer)
        assert back.keys() == {"code", "state", "iss"}
        assert back["state"] == "s-1 &?"
        assert back["iss"] == app.tokens.issuer

    def test_that_lets_an_app_act_on_vehicles_needs_a_fresh_proof(
        self, shifts: ShiftsApp, database: Database, fleet: Fleet
    ) -> None:
        age_proofs(database)
        harmless = shifts.answer(shifts.ask(scope="vehicles:read"))
        assert "code" in told(harmless)
        page = shifts.ask()
        asked = shifts.answer(page)
        check_page(asked.text)
        assert asked.status_code == 403
        assert "form-action 'self' https://shifts.example.com;" in asked.headers["Content-Security-Policy"]
        assert "code" in told(shifts.answer(page, **{"confirm.password": fleet.password}))

    def test_that_refuses_is_told_too(self, app: ErpApp, shifts: ShiftsApp) -> None:
        back = told(shifts.answer(shifts.ask(), decision="refuse"))
        assert back["error"] == "access_denied"
        assert (back["state"], back["iss"]) == ("s-1 &?", app.tokens.issuer)

    def test_is_remembered_until_the_app_wants_more(self, shifts: ShiftsApp) -> None:
        shifts.answer(shifts.ask(scope="vehicles:read"))
        assert "code" in told(shifts.ask(scope="vehicles:read"))
        assert "code" in told(shifts.ask(scope="vehicles:read", prompt="none"))
        assert shifts.ask(scope="vehicles:read", prompt="consent").status_code == 200
        assert shifts.ask(scope="vehicles:read telemetry:read").status_code == 200
        assert told(shifts.ask(scope="telemetry:read", prompt="none"))["error"] == "consent_required"

    def test_of_one_person_is_not_anothers(self, shifts: ShiftsApp, sign_in: Callable[[str], FlaskClient]) -> None:
        shifts.answer(shifts.ask())
        shifts.browser = sign_in("admin")
        assert shifts.ask().status_code == 200

    def test_is_not_remembered_for_an_app_that_another_can_stand_in_for(
        self, shifts: ShiftsApp, register: Callable[..., NewClient]
    ) -> None:
        shifts.made, shifts.back = register("http://127.0.0.1/back", is_public=True), "http://127.0.0.1:50123/back"
        answer = shifts.answer(shifts.ask())
        assert "code" in told(answer, shifts.back)
        assert shifts.ask().status_code == 200

    def test_goes_by_a_page_when_the_browser_came_from_our_own_form(self, shifts: ShiftsApp) -> None:
        shifts.answer(shifts.ask())
        answer = shifts.browser.get(
            f"/oauth/authorize?{shifts.query()}", headers={"Referer": "http://localhost/sign-in?next=x"}
        )
        check_page(answer.text)
        assert answer.status_code == 200
        assert f'content="0;url={BACK}?code=' in answer.text
        assert answer.headers["Cache-Control"] == "no-store"


class TestAnAppThatWantsAFreshProof:
    def test_gets_one_by_the_page_that_asks_whether_it_is_you(
        self, shifts: ShiftsApp, database: Database, fleet: Fleet
    ) -> None:
        for wish in ({"prompt": "login"}, {"max_age": "0"}, {"prompt": "login consent", "max_age": "60"}):
            age_proofs(database)
            asked = shifts.ask(**wish)
            check_page(asked.text)
            assert asked.status_code == 403
            assert "Shifts &lt;app&gt; needs a fresh proof that it is you" in asked.text
            target = html.unescape(re.search(r'name="next" value="([^"]*)"', asked.text)[1])
            wrong = shifts.browser.post("/confirm", data={"next": target, "confirm.password": "a guess"})
            assert wrong.status_code == 422
            proved = shifts.browser.post("/confirm", data={"next": target, "confirm.password": fleet.password})
            page = shifts.browser.get(proved.location)
            code = told(page if page.status_code == 302 else shifts.answer(page))["code"]
            _, claims, _ = shifts.exchange(code).json["id_token"].split(".")
            told_us = json.loads(base64.urlsafe_b64decode(claims + "=="))
            assert told_us["iat"] - told_us["auth_time"] < 60, wish

    def test_leaves_the_session_as_it_is(self, shifts: ShiftsApp) -> None:
        shifts.ask(prompt="login")
        assert shifts.browser.get("/operator/").status_code == 200

    def test_is_told_so_when_nobody_may_be_bothered(self, shifts: ShiftsApp, database: Database) -> None:
        shifts.answer(shifts.ask(scope="vehicles:read"))
        assert told(shifts.ask(scope="vehicles:read", max_age="0", prompt="none"))["error"] == "login_required"
        assert "code" in told(shifts.ask(scope="vehicles:read", max_age="60", prompt="none"))
        age_proofs(database)
        assert told(shifts.ask(scope="vehicles:read", max_age="60", prompt="none"))["error"] == "login_required"

    def test_is_content_with_one_that_is_fresh_enough(self, shifts: ShiftsApp) -> None:
        assert shifts.ask(max_age="60").status_code == 200

    def test_asks_nobody_twice_who_had_to_sign_in(self, shifts: ShiftsApp, client: FlaskClient, fleet: Fleet) -> None:
        target = dict(parse_qsl(urlsplit(client.get(f"/oauth/authorize?{shifts.query(max_age='0')}").location).query))
        who = {"email": fleet.email("operator"), "password": fleet.password}
        signed_in = client.post("/sign-in", data={**who, **target})
        assert "Let Shifts &lt;app&gt; act for you?" in client.get(signed_in.location).text


class TestAnAppThatLetsAPersonChooseAnAccount:
    def test_leads_to_the_page_where_one_signs_in(self, shifts: ShiftsApp) -> None:
        answer = shifts.ask(prompt="select_account")
        assert answer.location.startswith("/sign-in?next=")
        assert "select_account" not in answer.location
        assert shifts.browser.get("/operator/").status_code == 302


TOLD_TO_THE_APP: list[tuple[dict[str, str | None], str]] = [
    ({"scope": "vehicles:read everything"}, "invalid_scope"),
    ({"scope": "events:read"}, "invalid_scope"),
    ({"scope": None}, "invalid_scope"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "dance"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"nonce": "n" * 3000}, "invalid_request"),
    ({"nonce": "n\0"}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "id_token"}, "unsupported_response_type"),
]
SHOWN_TO_THE_PERSON: list[dict[str, str | None]] = [
    {"client_id": "erp-nobody"},
    {"client_id": None},
    {"client_id": "erp-\0"},
    {"redirect_uri": "https://evil.example/"},
    {"redirect_uri": f"{BACK}/more"},
    {"redirect_uri": f"{BACK}#x"},
    {"redirect_uri": None},
    {"redirect_uri": "javascript:alert(1)"},
    {"redirect_uri": "https://evil.example/", "response_type": "token"},
    {"redirect_uri": "https://evil.example/", "scope": "everything"},
]


class TestABadRequest:
    def test_of_a_known_app_is_told_to_the_app(self, app: ErpApp, shifts: ShiftsApp) -> None:
        for changed, error in TOLD_TO_THE_APP:
            back = told(shifts.ask(**changed))
            assert back["error"] == error, changed
            assert (back["iss"], back["state"]) == (app.tokens.issuer, "s-1 &?"), changed
            assert "code" not in back

    def test_of_nobody_we_know_is_shown_and_leads_nowhere(self, shifts: ShiftsApp) -> None:
        for changed in SHOWN_TO_THE_PERSON:
            page = shifts.ask(**changed)
            check_page(page.text)
            assert page.status_code == 400, changed
            assert "This app cannot be let in" in page.text
            assert "Location" not in page.headers

    def test_of_a_machine_leads_nowhere(self, shifts: ShiftsApp, register: Callable[..., NewClient]) -> None:
        shifts.made = register()
        assert shifts.ask().status_code == 400

    def test_that_says_a_thing_twice_is_refused(self, shifts: ShiftsApp) -> None:
        page = shifts.browser.get(f"/oauth/authorize?{shifts.query()}&scope=openid")
        assert page.status_code == 400

    def test_cannot_choose_how_our_own_addresses_are_made(self, shifts: ShiftsApp) -> None:
        page = shifts.browser.get(f"/oauth/authorize?{shifts.query()}&_external=1&_scheme=javascript&_anchor=x")
        assert 'action="/oauth/consent?' in page.text
