"""“Confirm it's you”: what needs a proof that is not older than five minutes, and what never does."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from core.access.models import ImmobilizationJob
from core.identity.models import User
from tests.portals.auth.phone import set_up_phone
from tests.portals.page import check_page
from tests.portals.reports import report_standing

ORDER = {"method": "vialon_relay", "reason": "theft", "note": "Seen in the harbour\r\nat “noon”"}
DANGEROUS = [
    "GET /admin/users/new",
    "POST /admin/users",
    "GET /admin/clients/new",
    "POST /admin/clients",
    "POST /admin/clients/erp-1",
    "POST /admin/clients/erp-1/secret",
    "POST /admin/clients/erp-1/closing",
    "POST /admin/clients/erp-1/reopening",
    "POST /admin/users/2/second-factors/reset",
    "POST /admin/users/2/sessions/1/end",
    "POST /admin/users/2/sessions/end",
    "POST /account/security/totp",
    "POST /account/security/totp/removal",
    "POST /account/security/recovery-codes",
    "POST /account/security/passkeys",
    "POST /account/security/passkeys/1/removal",
]
HTMX = {"HX-Request": "true"}
TITLE = "Confirm it’s you"


def hidden(text):
    """The hidden fields of the form on the page."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text))


@pytest.fixture
def orders(database):
    def count():
        with database.reading() as reader:
            return reader.scalar(sa.select(sa.func.count()).select_from(ImmobilizationJob))

    return count


class TestAnImmobilization:
    def test_needs_no_further_proof_right_after_signing_in(self, sign_in, fleet, orders):
        path = f"/operator/vehicles/{fleet.vehicle_id}/immobilization"
        assert sign_in("operator").post(path, data=ORDER).status_code == 303
        assert orders() == 1

    def test_waits_for_one_later_and_keeps_what_was_typed(self, sign_in, fleet, age_proof, orders):
        path = f"/operator/vehicles/{fleet.vehicle_id}/immobilization"
        browser = sign_in("operator")
        age_proof()
        asked = browser.post(path, data=ORDER)
        assert asked.status_code == 403
        check_page(asked.text)
        assert TITLE in asked.text
        assert "Immobilizing a vehicle needs a fresh proof" in asked.text
        assert hidden(asked.text)["reason"] == "theft"
        assert "Seen in the harbour\r\nat “noon”" in hidden(asked.text)["note"]

        wrong = browser.post(path, data=ORDER | {"confirm.password": "wrong"})
        assert wrong.status_code == 422
        check_page(wrong.text)
        assert "That is not your password." in wrong.text
        assert hidden(wrong.text)["reason"] == "theft"
        assert orders() == 0

        assert browser.post(path, data=ORDER | {"confirm.password": fleet.password}).status_code == 303
        assert orders() == 1

    def test_of_an_administrator_waits_too(self, sign_in, fleet, age_proof, orders):
        browser = sign_in("admin")
        age_proof()
        order = {"vehicle_id": str(fleet.vehicle_id), "reason": "theft", "note": "Seen in the harbour"}
        assert TITLE in browser.post("/admin/immobilizations", data=order).text
        assert orders() == 0
        confirmed = browser.post("/admin/immobilizations", data=order | {"confirm.password": fleet.password})
        assert confirmed.status_code == 303
        assert orders() == 1

    def test_is_confirmed_with_a_code_where_there_is_an_app(self, sign_in, fleet, age_proof, database, orders):
        path = f"/operator/vehicles/{fleet.vehicle_id}/immobilization"
        browser = sign_in("operator")
        phone, _ = set_up_phone(browser, database)
        age_proof()
        assert 'name="confirm.code"' in browser.post(path, data=ORDER).text
        assert browser.post(path, data=ORDER | {"confirm.code": phone.code()}).status_code == 303
        assert orders() == 1


class TestARelease:
    def test_is_never_held_up(self, sign_in, fleet, age_proof, database, at):
        report_standing(database, fleet.vehicle_id, at=at)
        browser = sign_in("operator")
        path = f"/operator/vehicles/{fleet.vehicle_id}"
        assert browser.post(f"{path}/immobilization", data=ORDER).status_code == 303
        age_proof()
        assert browser.post(f"{path}/release").status_code == 303

    def test_of_an_administrator_is_not_either(self, sign_in, fleet, age_proof, orders):
        browser = sign_in("admin")
        order = {"vehicle_id": str(fleet.vehicle_id), "reason": "theft", "note": "Seen in the harbour"}
        shown = browser.post("/admin/immobilizations", data=order).headers["Location"]
        age_proof()
        assert browser.post(f"{shown}/release").status_code == 303


class TestAPage:
    def test_that_needs_a_proof_is_come_back_to(self, sign_in, fleet, age_proof):
        browser = sign_in("admin")
        age_proof()
        asked = browser.get("/admin/users/new?x=1")
        assert asked.status_code == 403
        check_page(asked.text)
        assert hidden(asked.text)["next"] == "/admin/users/new?x=1"
        back = browser.post("/confirm", data={"next": "/admin/users/new?x=1", "confirm.password": fleet.password})
        assert back.headers["Location"] == "/admin/users/new?x=1"
        assert browser.get("/admin/users/new").status_code == 200

    def test_asked_for_in_part_is_asked_for_whole(self, sign_in, fleet, age_proof):
        browser = sign_in("operator")
        age_proof()
        path = f"/operator/vehicles/{fleet.vehicle_id}/immobilization"
        part = browser.get(f"{path}/new", headers=HTMX)
        assert part.headers["HX-Redirect"] == f"{path}/new"
        assert browser.post(path, data=ORDER, headers=HTMX).headers["X-Send-Form"] == "whole"

    def test_for_a_dangerous_act_needs_one(self, sign_in, age_proof):
        browser = sign_in("admin")
        age_proof()
        for guarded in DANGEROUS:
            method, path = guarded.split()
            answer = browser.open(path, method=method)
            assert answer.status_code == 403, guarded
            assert TITLE in answer.text, guarded


class TestTheConfirmation:
    def test_leads_to_no_other_host(self, sign_in, fleet):
        data = {"next": "//evil.test/", "confirm.password": fleet.password}
        assert sign_in("admin").post("/confirm", data=data).headers["Location"] == "/admin/"

    def test_never_writes_a_password_into_the_page(self, sign_in, age_proof):
        browser = sign_in("admin")
        age_proof()
        form = {"email": "mia@example.test", "password": "three quiet words", "csrf_token": "old"}
        text = browser.post("/admin/users", data=form).text
        assert "mia@example.test" in text
        assert "three quiet words" not in text
        assert hidden(text)["csrf_token"] != "old"

    def test_counts_wrong_proofs_until_it_waits(self, sign_in, fleet, database):
        browser = sign_in("admin")
        for _ in range(5):
            browser.post("/confirm", data={"confirm.password": "wrong"})
        waits = browser.post("/confirm", data={"confirm.password": fleet.password})
        assert waits.status_code == 422
        assert "Try again in" in waits.text

    def test_asks_for_something_when_nothing_was_shown(self, sign_in, database):
        assert "Type your password or a code" in sign_in("admin").post("/confirm").text
        with database.reading() as reader:
            assert reader.scalar(sa.select(sa.func.sum(User.failed_count))) == 0

    def test_stays_proved_when_the_act_itself_is_refused(self, sign_in, fleet, age_proof):
        browser = sign_in("admin")
        age_proof()
        refused = browser.post("/admin/clients", data={"confirm.password": fleet.password})
        assert refused.status_code == 422
        assert TITLE not in refused.text
        assert browser.get("/admin/clients/new").status_code == 200

    def test_is_for_who_is_signed_in(self, client):
        assert client.post("/confirm").headers["Location"].startswith("/sign-in")

    def test_tells_who_has_nothing_to_confirm_with_what_to_do(self, sign_in, database, age_proof):
        browser = sign_in("admin")
        with database.transaction() as session:
            session.execute(sa.update(User).values(password_hash=None))
        age_proof()
        text = browser.get("/admin/users/new").text
        check_page(text)
        assert "Sign out and in again" in text


class TestResettingAPersonsFactors:
    def test_is_done_by_an_administrator_for_a_lost_phone(self, sign_in, fleet, database):
        owner = sign_in("operator")
        set_up_phone(owner, database)
        admin = sign_in("admin")
        page = f"/admin/users/{fleet.user_ids['operator']}/second-factors"
        shown = admin.get(page).text
        check_page(shown)
        assert "10 left" in shown
        answer = admin.post(f"{page}/reset", follow_redirects=True)
        assert "has no second factor now and is signed out everywhere" in answer.text
        assert owner.get("/operator/").status_code == 302
        assert sign_in("operator").get("/operator/").status_code == 200

    def test_is_for_nobody_else(self, sign_in):
        assert sign_in("admin").get("/admin/users/999/second-factors").status_code == 404
        assert sign_in("operator").post("/admin/users/1/second-factors/reset").status_code == 404
