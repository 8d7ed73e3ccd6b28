"""API clients: the list, and the one time a secret is shown."""

from tests.portals.page import check_page

GOOD = {"name": "Dispatch <system>", "scopes.telemetry:read": "1", "scopes.vehicles:read": "1"}


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
            ({"scopes.telemetry:read": "1"}, "Enter what this machine is"),
            ({"name": "Bridge"}, "Tick at least one right"),
            ({"name": "Bridge", "scopes.everything": "1"}, "Not a scope: everything."),
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
