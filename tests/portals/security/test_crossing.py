"""What other sites make a person's browser send does nothing."""

import pytest

from portals.security import csrf
from tests.portals.security.walk import addresses

# Programs come here with a token or a key and never with a cookie.
MACHINES = {"api_v1", "devices"}
# An app's form may open the question whether it may act (OpenID Connect Core 3.1.2.1); the answer is a form of ours.
OAUTH = {"oauth.issue_token", "oauth.revoke_token", "oauth.introspect_token", "oauth.tell_user", "oauth.authorize"}

FOREIGN = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
    {"Origin": "https://evil.test"},
    {"Origin": "null"},
)
OWN = (
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://localhost"},
    {"Origin": "http://localhost:18000"},
)


@pytest.fixture
def guarded(app, sign_in):
    """A signed-in administrator, with forms that must carry their token."""
    browser = sign_in("admin")
    app.config["WTF_CSRF_ENABLED"] = True
    return browser


def is_exempt(app, endpoint):
    view = app.view_functions[endpoint]
    name = endpoint.partition(".")[0]
    return app.blueprints.get(name) in csrf._exempt_blueprints or (
        f"{view.__module__}.{view.__name__}" in csrf._exempt_views
    )


def token_of(browser):
    return browser.get("/admin/users/new").text.partition('name="csrf_token" value="')[2].partition('"')[0]


def users(database):
    with database.reading() as reader:
        return reader.exec_driver_sql("SELECT count(*) FROM identity_users").scalar()


class TestEveryAddressThatChangesSomething:
    def test_refuses_a_signed_in_person_without_the_token(self, app, sign_in):
        people = {role: sign_in(role) for role in ("admin", "operator", "driver", "investor")}
        app.config["WTF_CSRF_ENABLED"] = True
        open_doors = []
        for endpoint, method, path in addresses(app, unsafe=True):
            if is_exempt(app, endpoint):
                continue
            browser = people.get(endpoint.partition(".")[0], people["admin"])
            answer = browser.open(path, method=method, data={"name": "x"})
            if answer.status_code != 403 or "Load it again" not in answer.text:
                open_doors.append((endpoint, answer.status_code))
        assert open_doors == []

    def test_is_exempt_only_where_programs_come_in(self, app):
        exempt = {endpoint for endpoint, _, _ in addresses(app, unsafe=True) if is_exempt(app, endpoint)}
        others = {endpoint for endpoint in exempt if endpoint.partition(".")[0] not in MACHINES}
        assert others == OAUTH

    def test_knows_nobody_by_a_cookie_where_it_is_exempt(self, app, guarded):
        for endpoint, method, path in addresses(app, unsafe=True):
            if endpoint.startswith("api_v1."):
                assert guarded.open(path, method=method, json={}).status_code == 401, path


class TestAFormOfAnotherSite:
    def test_is_refused_even_with_a_stolen_token(self, guarded, database):
        before, data = users(database), {"csrf_token": token_of(guarded), "email": "evil@example.test"}
        for said in FOREIGN:
            answer = guarded.post("/admin/users", data=data, headers=said)
            assert answer.status_code == 403, said
            assert "sent by a page of another site" in answer.text
        assert users(database) == before

    def test_is_told_from_our_own(self, guarded):
        for said in OWN:
            answer = guarded.post("/admin/users", data={"csrf_token": token_of(guarded)}, headers=said)
            assert answer.status_code == 422, said

    def test_cannot_sign_a_person_in_as_somebody_else(self, app, client, fleet):
        app.config["WTF_CSRF_ENABLED"] = True
        data = {"email": fleet.email("admin"), "password": fleet.password}
        assert client.post("/sign-in", data=data, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403

    def test_is_no_concern_of_a_program_that_shows_its_secret(self, app, client):
        app.config["WTF_CSRF_ENABLED"] = True
        asked = {"grant_type": "client_credentials"}
        answer = client.post("/oauth/token", data=asked, auth=("x", "y"), headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.json["error"] == "invalid_client"


class TestAToken:
    def test_of_another_browser_is_none(self, app, guarded, client):
        stranger = client.get("/sign-in").text.partition('name="csrf_token" value="')[2].partition('"')[0]
        assert guarded.post("/sign-out", data={"csrf_token": stranger}).status_code == 403
        assert guarded.get("/admin/").status_code == 200
