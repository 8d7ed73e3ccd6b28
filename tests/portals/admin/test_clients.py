"""API clients: the list, and the one time a secret is shown."""

import pytest

from tests.portals.page import check_page

GOOD = {
    "name": "Dispatch <system>",
    "kind": "machine",
    "scopes.telemetry:read": "1",
    "scopes.vehicles:read": "1",
    "all_parks": "1",
}
APP = {**GOOD, "kind": "app", "redirect_uris": "https://shifts.example.com/in\r\ncom.example.shifts:/in"}


def secret_in(text):
    return text.split('id="client-secret">')[1].split("<")[0]


def client_id_in(text):
    return text.split("<dt>Client id</dt><dd><code>")[1].split("<")[0]


class TestAClientAdded:
    def test_gets_a_token_with_the_secret_it_was_shown(self, sign_in, client):
        answer = sign_in("admin").post("/admin/clients", data=GOOD)
        check_page(answer.text)
        assert answer.status_code == 201
        token = client.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(client_id_in(answer.text), secret_in(answer.text)),
        )
        assert token.status_code == 200
        assert token.json["scope"] == "telemetry:read vehicles:read"

    def test_has_its_secret_shown_on_that_one_page_and_nowhere_else(self, sign_in):
        browser = sign_in("admin")
        answer = browser.post("/admin/clients", data=GOOD)
        secret = secret_in(answer.text)
        assert len(secret) >= 32
        assert answer.headers["Cache-Control"] == "no-store"
        assert secret not in str(answer.headers)
        for address in ("/admin/clients", "/admin/clients/new", "/admin/audit", "/admin/"):
            assert secret not in browser.get(address).text

    def test_is_listed_with_its_rights_in_words(self, sign_in):
        browser = sign_in("admin")
        made = browser.post("/admin/clients", data=GOOD)
        text = browser.get("/admin/clients").text
        check_page(text)
        assert client_id_in(made.text) in text
        assert "Dispatch &lt;system&gt;" in text
        assert "Read the telemetry of the fleet" in text
        assert "Send telemetry in" not in text

    def test_is_in_the_audit(self, sign_in):
        browser = sign_in("admin")
        made = browser.post("/admin/clients", data=GOOD)
        text = browser.get(f"/admin/audit?kind=client&id={client_id_in(made.text)}").text
        assert "identity.client_created" in text


class TestTheForm:
    def test_comes_back_with_what_is_wrong(self, sign_in):
        browser = sign_in("admin")
        for data, words in (
            ({"scopes.telemetry:read": "1"}, "Enter what this client is"),
            ({"name": "Bridge"}, "Tick at least one right"),
            ({"name": "Bridge", "all_parks": "1", "scopes.everything": "1"}, "Not a scope: everything."),
            ({**GOOD, "all_parks": ""}, "Tick a park, or all of them"),
            ({**GOOD, "parks.99": "1", "all_parks": ""}, "One of these parks does not exist"),
            ({**APP, "redirect_uris": ""}, "Enter the address to which people come back"),
            ({**APP, "redirect_uris": "http://shifts.example.com"}, "use https"),
        ):
            answer = browser.post("/admin/clients", data=data)
            check_page(answer.text)
            assert answer.status_code == 422, data
            assert words in answer.text
        assert "No API clients" in browser.get("/admin/clients").text

    def test_offers_every_right_that_can_be_granted(self, sign_in):
        text = sign_in("admin").get("/admin/clients/new").text
        check_page(text)
        assert 'name="scopes.access:immobilize"' in text
        assert "Order the immobilization of a vehicle" in text


class TestAnAppAdded:
    def test_gets_addresses_and_a_secret_unless_it_is_public(self, sign_in):
        browser = sign_in("admin")
        answer = browser.post("/admin/clients", data=APP)
        check_page(answer.text)
        assert secret_in(answer.text)
        assert "/.well-known/openid-configuration" in answer.text
        public = browser.post("/admin/clients", data={**APP, "is_public": "1"})
        check_page(public.text)
        assert 'id="client-secret"' not in public.text
        assert "A public app has no secret" in public.text

    def test_is_known_by_its_page(self, sign_in):
        browser = sign_in("admin")
        path = f"/admin/clients/{client_id_in(browser.post('/admin/clients', data=APP).text)}"
        text = browser.get(path).text
        check_page(text)
        assert "An app, for people" in text
        assert "https://shifts.example.com/in\ncom.example.shifts:/in" in text


class TestAKnownClient:
    @pytest.fixture
    def known(self, sign_in):
        browser = sign_in("admin")
        text = browser.post("/admin/clients", data=GOOD).text
        return browser, client_id_in(text), secret_in(text)

    def ask(self, client, client_id, secret):
        form = {"grant_type": "client_credentials"}
        return client.post("/oauth/token", data=form, auth=(client_id, secret))

    def test_is_changed_and_its_tokens_end(self, known, client, app):
        browser, client_id, secret = known
        token = self.ask(client, client_id, secret).json["access_token"]
        changed = {"name": "Bridge", "scopes.vehicles:read": "1", "parks.1": "1"}
        answer = browser.post(f"/admin/clients/{client_id}", data=changed, follow_redirects=True)
        check_page(answer.text)
        assert "Bridge is changed" in answer.text
        assert self.ask(client, client_id, secret).json["scope"] == "vehicles:read"
        app.tokens._revocations._tried_at = float("-inf")
        headers = {"Authorization": f"Bearer {token}"}
        assert client.get("/api/v1/vehicles", headers=headers).status_code == 401

    def test_says_what_is_wrong_with_a_change(self, known):
        browser, client_id, _ = known
        answer = browser.post(f"/admin/clients/{client_id}", data={"name": "Bridge"})
        check_page(answer.text)
        assert answer.status_code == 422
        assert "Tick at least one right" in answer.text

    def test_gets_a_new_secret_beside_the_one_before(self, known, client):
        browser, client_id, secret = known
        answer = browser.post(f"/admin/clients/{client_id}/secret")
        check_page(answer.text)
        for good in (secret, secret_in(answer.text)):
            assert self.ask(client, client_id, good).status_code == 200
        assert "is good until" in browser.get(f"/admin/clients/{client_id}").text
        browser.post(f"/admin/clients/{client_id}/secret")
        assert self.ask(client, client_id, secret).status_code == 401

    def test_is_closed_and_opened_again(self, known, client):
        browser, client_id, secret = known
        closed = browser.post(f"/admin/clients/{client_id}/closing", follow_redirects=True)
        check_page(closed.text)
        assert "This client is closed" in closed.text
        assert self.ask(client, client_id, secret).status_code == 401
        browser.post(f"/admin/clients/{client_id}/reopening")
        assert self.ask(client, client_id, secret).status_code == 200

    def test_says_when_it_was_last_here(self, known, client):
        browser, client_id, secret = known
        assert "never" in browser.get("/admin/clients").text
        self.ask(client, client_id, secret)
        assert "never" not in browser.get("/admin/clients").text

    def test_leaves_a_trace_of_everything(self, known):
        browser, client_id, _ = known
        browser.post(f"/admin/clients/{client_id}", data={**GOOD, "name": "Bridge"})
        for act in ("secret", "closing", "reopening"):
            browser.post(f"/admin/clients/{client_id}/{act}")
        text = browser.get(f"/admin/audit?kind=client&id={client_id}").text
        for done in ("changed", "secret_rotated", "closed", "reopened"):
            assert f"identity.client_{done}" in text

    def test_is_not_there_when_it_is_not(self, sign_in):
        assert sign_in("admin").get("/admin/clients/erp-none").status_code == 404
        assert sign_in("admin").get("/admin/clients/a%00b").status_code == 404
