"""Every refusal and every failure is said in words, and nothing of the inside gets out."""

import re

import psycopg
import pytest
import sqlalchemy as sa

from tests.portals.page import check_page


def without_what_is_new_each_time(page):
    return re.sub(r'(csrf[-_]token" (content|value)=)"[^"]*"', r"\1", page)


class TestAnUnknownAddress:
    def test_is_a_page_for_people(self, client):
        for address in ("/nowhere", "/static/nowhere.css"):
            answer = client.get(address)
            check_page(answer.text)
            assert answer.status_code == 404, address
            assert "There is nothing at this address, or nothing that you may see." in answer.text
            assert 'href="/"' in answer.text

    def test_is_a_page_for_who_is_signed_in_too(self, sign_in):
        answer = sign_in("investor").get("/nowhere")
        check_page(answer.text)
        assert answer.status_code == 404

    def test_is_a_problem_document_for_machines(self, api):
        answer = api("vehicles:read").get("/api/v1/nowhere")
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"
        assert answer.json["status"] == 404
        assert answer.json["request_id"] == answer.headers["X-Request-Id"]


class TestARefusal:
    def test_is_a_page_that_says_what_to_do(self, sign_in):
        answer = sign_in("dispatcher").get("/operator/vehicles/1/immobilization/new")
        check_page(answer.text)
        assert answer.status_code == 403
        assert "the right “Order the immobilization of a vehicle” (access:immobilize) is missing." in answer.text
        assert "You are signed in as Dispatcher (operator)." in answer.text

    def test_of_a_stranger_leads_to_the_sign_in_page(self, client):
        assert client.get("/admin/users?x=1").headers["Location"] == "/sign-in?next=/admin/users?x%3D1"

    def test_of_a_strangers_fragment_turns_the_whole_page(self, client):
        answer = client.get("/admin/", headers={"HX-Request": "true", "HX-Target": "div#health"})
        assert answer.status_code == 401
        assert answer.headers["HX-Redirect"] == "/sign-in?next=/admin/"
        shown = {"HX-Request": "true", "HX-Current-URL": "http://localhost/admin/users?x=1"}
        answer = client.get("/admin/", headers=shown)
        assert answer.headers["HX-Redirect"] == "/sign-in?next=/admin/users?x%3D1"

    def test_of_a_strangers_form_leads_back_to_the_page_that_had_it(self, client):
        page = "http://localhost/oauth/authorize?client_id=a&state=b"
        answer = client.post("/oauth/consent", headers={"Referer": page})
        assert answer.headers["Location"] == "/sign-in?next=/oauth/authorize?client_id%3Da%26state%3Db"
        assert client.post("/oauth/consent").headers["Location"] == "/sign-in?next="

    def test_carries_the_part_a_fragment_shows(self, sign_in):
        answer = sign_in("dispatcher").get("/operator/vehicles/1/immobilization/new")
        assert '<p id="problem">You may not do this' in answer.text

    def test_escapes_what_was_asked_for(self, sign_in):
        answer = sign_in("admin").get("/admin/telemetry/refusals?vehicle_id=<script>alert(1)</script>")
        assert answer.status_code == 404
        assert "<script>alert" not in answer.text


class TestAPageOfAnotherPortal:
    def test_answers_as_an_address_at_which_there_is_nothing(self, sign_in):
        browser = sign_in("driver")
        foreign, nothing = browser.get("/admin/users"), browser.get("/nowhere")
        assert foreign.status_code == nothing.status_code == 404
        assert without_what_is_new_each_time(foreign.text) == without_what_is_new_each_time(nothing.text)

    def test_says_as_whom_it_is_closed_and_what_to_do(self, sign_in):
        page = sign_in("driver").get("/operator/vehicles/1").text
        check_page(page)
        assert "You are signed in as Driver (driver)." in page
        assert "ask an administrator, or sign in as somebody else" in page
        assert 'action="/sign-out"' in page

    def test_answers_a_program_that_reads_its_data_alike(self, sign_in):
        browser = sign_in("investor")
        foreign, nothing = browser.get("/operator/live.json").json, browser.get("/nowhere.json").json
        assert {**foreign, "request_id": ""} == {**nothing, "request_id": ""}


class TestAMissingScope:
    def test_is_named_in_the_answer_and_its_header(self, api):
        answer = api("vehicles:read").get("/api/v1/telemetry/states")
        assert answer.status_code == 403
        assert answer.json["type"] == "urn:equinomix:problem:insufficient-scope"
        assert answer.json["permission"] == "telemetry:read"
        header = answer.headers["WWW-Authenticate"]
        assert header == 'Bearer realm="equinomix", error="insufficient_scope", scope="telemetry:read"'


class TestAWrongMethod:
    def test_is_a_page_for_people(self, client):
        answer = client.get("/sign-out")
        check_page(answer.text)
        assert answer.status_code == 405

    def test_names_the_right_ones_to_machines(self, client):
        answer = client.get("/oauth/token")
        assert answer.mimetype == "application/problem+json"
        assert "POST" in answer.headers["Allow"]


class TestAFault:
    @pytest.fixture
    def broken(self, sign_in, database):
        """A console whose audit has lost its table."""
        browser = sign_in("admin")
        with database.transaction() as session:
            session.execute(sa.text("ALTER TABLE audit_entries RENAME TO lost"))
        return browser

    def test_names_the_request_and_nothing_of_the_inside(self, broken, caplog):
        answer = broken.get("/admin/audit")
        check_page(answer.text)
        assert answer.status_code == 500
        name = answer.headers["X-Request-Id"]
        assert f"it is in the log as {name}" in answer.text
        for secret in ("Traceback", "audit_entries", "SELECT", "psycopg"):
            assert secret not in answer.text
        assert any(name in record.getMessage() and record.exc_info for record in caplog.records)

    def test_keeps_nothing_of_what_was_being_written(self, broken, database):
        data = {"name": "Half written", "scopes.vehicles:read": "1", "all_parks": "1"}
        assert broken.post("/admin/clients", data=data).status_code == 500
        with database.reading() as reader:
            assert reader.execute(sa.text("SELECT count(*) FROM identity_api_clients")).scalar() == 0


class TestADatabaseThatIsAway:
    @pytest.fixture
    def away(self, sign_in, database, postgres_dsn):
        """A signed-in browser whose server has lost its database."""
        browser = sign_in("admin")
        name = database.dsn.rpartition("/")[2]
        with psycopg.connect(postgres_dsn, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        return browser

    def test_is_said_to_people_in_words_and_asks_for_patience(self, away):
        answer = away.get("/admin/")
        check_page(answer.text)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "2"
        assert '<p id="problem">The database does not answer just now.' in answer.text
