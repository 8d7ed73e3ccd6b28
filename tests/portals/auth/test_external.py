"""Signing in by an account of the company, at a provider that is honest and at one that lies."""

import dataclasses
import subprocess
import sys
import threading
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from core import clock
from core.config import OidcProvider, load
from core.errors import ConfigurationError
from core.identity import queries
from core.identity.models import User
from core.permissions import Actor
from infra import browser as browsers
from portals.app import create_app
from tests.infra.free_ports import free_ports
from tests.portals.auth.oidc_provider import CLIENT_ID, CLIENT_SECRET
from tests.portals.page import check_page

ADA = {"sub": "ada-1", "email": "operator@example.test", "email_verified": True}


class Provider:
    """The provider in its own process, as a test talks to it."""

    def __init__(self, port):
        self.issuer = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(trust_env=False)

    def tell(self, **how):
        self.http.post(f"{self.issuer}/tell", json=how)

    def seen(self, path):
        return self.http.get(f"{self.issuer}/seen").json().count(path)


@pytest.fixture(scope="module")
def running():
    port = free_ports()
    process = subprocess.Popen([sys.executable, "-m", "tests.portals.auth.oidc_provider", str(port)])
    provider = Provider(port)
    try:
        for _ in range(600):
            try:
                provider.tell()
                break
            except httpx.HTTPError:
                time.sleep(0.05)
        yield provider
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def provider(running):
    running.tell()
    return running


@pytest.fixture
def config(config, provider):
    settings = OidcProvider(provider.issuer, CLIENT_ID, CLIENT_SECRET, "Acme")
    return dataclasses.replace(config, oidc=settings)


def begin(browser, query=""):
    """Where the browser is sent by us."""
    answer = browser.get(f"/sign-in/external{query}")
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def go_there(provider, location):
    """Where the browser is sent by the provider."""
    answer = provider.http.get(location)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def sign_in_by(browser, provider, query=""):
    return browser.get(go_there(provider, begin(browser, query)))


def audited(database):
    with database.reading() as reader:
        return [row.action for row in reader.execute(sa.text("SELECT action FROM audit_entries ORDER BY id"))]


def links(database):
    with database.reading() as reader:
        return reader.execute(sa.text("SELECT subject, user_id FROM identity_external_logins")).all()


@pytest.fixture
def is_refused(client, provider, database, fleet, log):
    """That a round trip signs nobody in, says so in words, and leaves no link."""

    def refused(said, why=None):
        answer = sign_in_by(client, provider)
        check_page(answer.text)
        assert answer.status_code == 422
        assert said in answer.text
        assert client.get("/operator/").status_code == 302
        assert links(database) == []
        if why is not None:
            assert why in log.text
        log.clear()

    return refused


@pytest.fixture
def log(caplog):
    caplog.set_level("INFO")
    return caplog


LIE = "cannot be believed"
# What an ID token says wrongly, and what of it is noticed.
LIES = [
    ({"nonce": "of-another-round-trip"}, "nonce"),
    ({"nonce": None}, "nonce"),
    ({"aud": "another-client"}, "aud"),
    ({"aud": ["erp", "another-client"]}, "azp"),
    ({"azp": "another-client"}, "azp"),
    ({"iss": "https://evil.test"}, "iss"),
    ({"exp": 1_000_000_000}, "expired"),
    ({"exp": None}, "exp"),
    ({"iat": 9_000_000_000}, "future"),
    ({"sub": None}, "sub"),
    ({"sub": ""}, "names nobody"),
    ({"sub": 17}, "sub"),
    ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "at_hash"),
]
MISNOMERS = [
    {"issuer": "https://evil.test"},
    {"token_endpoint": None},
    {"jwks_uri": "ftp://127.0.0.1/keys"},
    {"authorization_endpoint": "javascript:alert(1)"},
]
SETTINGS = {"ERP_OIDC_ISSUER": "https://id.test/realms/a", "ERP_OIDC_CLIENT_ID": "a", "ERP_OIDC_CLIENT_SECRET": "b"}


class TestThePageWhereOneSignsIn:
    def test_offers_the_other_way(self, client):
        page = client.get("/sign-in?next=/operator/events").text
        check_page(page)
        assert "Sign in with Acme" in page
        assert 'href="/sign-in/external?next=/operator/events"' in page

    def test_does_not_while_none_is_set_up(self, config, database):
        browser = create_app(dataclasses.replace(config, oidc=None), database).test_client()
        assert "/sign-in/external" not in browser.get("/sign-in").text
        assert browser.get("/sign-in/external").status_code == 404
        assert browser.get("/sign-in/external/callback?code=x&state=y").status_code == 404

    def test_goes_on_while_the_provider_is_away(self, client, provider, fleet):
        provider.tell(broken=["/.well-known/openid-configuration"])
        answer = client.get("/sign-in/external?next=/operator/events")
        check_page(answer.text)
        assert answer.status_code == 503
        assert "Acme does not answer just now." in answer.text
        assert '<form method="post" action="/sign-in"' in answer.text
        data = {"email": fleet.email("operator"), "password": fleet.password, "next": "/operator/events"}
        assert client.post("/sign-in", data=data).headers["Location"] == "/operator/events"


class TestASignIn:
    def test_leads_home_and_links_the_account_once(self, client, provider, database, fleet):
        assert sign_in_by(client, provider).headers["Location"] == "/operator/"
        assert client.get("/operator/").status_code == 200
        assert links(database) == [("ada-1", fleet.user_ids["operator"])]
        client.post("/sign-out")
        assert sign_in_by(client, provider).headers["Location"] == "/operator/"
        assert audited(database).count("identity.external_login_linked") == 1

    def test_is_a_session_whose_method_says_how(self, client, provider, database, fleet):
        sign_in_by(client, provider)
        with database.reading() as reader:
            assert reader.execute(sa.text("SELECT method FROM identity_sessions")).scalar() == "oidc"

    def test_leads_on_to_the_page_asked_for_and_to_no_other_site(self, client, provider, fleet):
        assert (
            sign_in_by(client, provider, "?next=/operator/events?day=2026-11-01")
            .headers["Location"]
            .startswith("/operator/events")
        )
        client.post("/sign-out")
        assert sign_in_by(client, provider, "?next=//evil.test/").headers["Location"] == "/operator/"

    def test_asks_for_a_code_with_state_nonce_and_challenge(self, client, provider, config):
        asked = parse_qs(urlsplit(begin(client)).query)
        assert asked["response_type"] == ["code"]
        assert asked["code_challenge_method"] == ["S256"]
        assert set(asked["scope"][0].split()) == {"openid", "email", "profile"}
        assert asked["redirect_uri"] == [f"{config.base_url}/sign-in/external/callback"]
        assert all(len(asked[name][0]) >= 32 for name in ("state", "nonce", "code_challenge"))
        assert "prompt" not in asked

    def test_reads_what_the_provider_says_of_itself_once(self, client, provider, fleet):
        for _ in range(3):
            begin(client)
        sign_in_by(client, provider)
        assert provider.seen("/.well-known/openid-configuration") == 1
        assert provider.seen("/jwks") == 1

    def test_knows_the_person_by_the_providers_own_name_for_them(self, client, provider, database, fleet):
        sign_in_by(client, provider)
        client.post("/sign-out")
        provider.tell(user={"sub": "ada-1", "email": "new@example.test", "email_verified": False})
        assert sign_in_by(client, provider).headers["Location"] == "/operator/"

    def test_takes_the_address_from_userinfo_where_the_token_has_none(self, client, provider, fleet):
        provider.tell(email_at="userinfo")
        assert sign_in_by(client, provider).headers["Location"] == "/operator/"

    def test_shows_the_secret_in_the_form_where_the_provider_wants_it_so(self, client, provider, fleet):
        provider.tell(metadata={"token_endpoint_auth_methods_supported": ["client_secret_post"]})
        assert sign_in_by(client, provider).headers["Location"] == "/operator/"

    def test_goes_on_when_the_keys_change(self, client, provider, fleet):
        sign_in_by(client, provider)
        client.post("/sign-out")
        provider.tell(rotate=True)
        assert sign_in_by(client, provider).headers["Location"] == "/operator/"
        assert provider.seen("/jwks") == 1


class TestAPerson:
    def test_without_an_account_here_gets_none(self, provider, is_refused, database):
        provider.tell(user={"sub": "eve", "email": "eve@example.test", "email_verified": True})
        is_refused("Nobody here has the e-mail address of that account.")
        with database.reading() as reader:
            assert reader.execute(sa.text("SELECT count(*) FROM identity_users")).scalar() == 5

    def test_whose_address_is_not_verified_is_not_taken_for_its_owner(self, provider, is_refused):
        for verified in (False, None, "true", 1):
            provider.tell(user={"sub": "eve", "email": "admin@example.test", "email_verified": verified})
            is_refused("has no verified e-mail address")

    def test_whose_account_here_is_closed_stays_out(self, provider, is_refused, database):
        close(database, "operator@example.test")
        is_refused("This account is closed.")

    def test_who_was_linked_before_the_account_was_closed_stays_out_too(self, client, provider, database, fleet):
        sign_in_by(client, provider)
        close(database, "operator@example.test")
        assert "This account is closed." in sign_in_by(client, provider).text

    def test_who_got_the_address_of_somebody_else_does_not_get_the_account(self, client, provider, database, fleet):
        sign_in_by(client, provider)
        client.post("/sign-out")
        provider.tell(user={**ADA, "sub": "the-next-one"})
        answer = sign_in_by(client, provider)
        assert "is linked with another account there" in answer.text
        assert len(links(database)) == 1

    def test_who_did_not_want_to_is_told_so(self, provider, is_refused):
        provider.tell(deny=True)
        is_refused("Acme did not sign you in.")


class TestALyingProvider:
    def test_is_not_believed_about_whom_a_token_is_of_and_for(self, provider, is_refused):
        for claims, why in LIES:
            provider.tell(claims=claims)
            is_refused(LIE, why)

    def test_is_not_believed_when_anybody_could_have_signed(self, provider, is_refused):
        for how in ("none", "hmac", "stranger"):
            provider.tell(sign=how)
            is_refused(LIE)

    def test_is_not_believed_even_if_it_announces_such_signatures(self, provider, is_refused):
        for how in ("none", "hmac"):
            provider.tell(sign=how, metadata={"id_token_signing_alg_values_supported": ["none", "HS256", "RS256"]})
            is_refused(LIE)

    def test_is_not_believed_about_somebody_elses_userinfo(self, provider, is_refused):
        provider.tell(email_at="userinfo", userinfo={"sub": "somebody-else"})
        is_refused(LIE, "somebody else")

    def test_that_misnames_itself_is_not_followed(self, client, provider):
        for metadata in MISNOMERS:
            provider.tell(metadata=metadata)
            assert client.get("/sign-in/external").status_code == 503, metadata

    def test_that_breaks_on_the_way_is_away(self, client, provider, fleet):
        provider.tell(broken=["/jwks"])
        assert client.get("/sign-in/external").status_code == 503
        provider.tell()
        location = begin(client)
        provider.tell(broken=["/token"])
        answer = client.get(go_there(provider, location))
        assert answer.status_code == 503
        assert "does not answer just now" in answer.text


class TestAnAnswer:
    def test_is_taken_once(self, client, provider, fleet):
        back = go_there(provider, begin(client))
        assert client.get(back).status_code == 303
        client.post("/sign-out")
        answer = client.get(back)
        assert answer.status_code == 422
        assert "was not begun here" in answer.text

    def test_is_not_taken_in_a_browser_that_did_not_ask(self, app, client, provider, fleet):
        stranger = app.test_client()
        begin(stranger)
        assert "was not begun here" in stranger.get(go_there(provider, begin(client))).text
        assert stranger.get("/operator/").status_code == 302

    def test_is_not_taken_with_a_made_up_state(self, client, provider, fleet):
        begin(client)
        for query in ("?code=x&state=y", "?code=x", "?state=", ""):
            assert client.get(f"/sign-in/external/callback{query}").status_code == 422

    def test_is_not_taken_too_late(self, client, provider, fleet):
        back = go_there(provider, begin(client))
        with client.session_transaction() as cookie:
            cookie["external"] = [*cookie["external"][:-1], cookie["external"][-1] - 1000]
        assert "too long ago" in client.get(back).text

    def test_is_not_taken_from_another_issuer(self, client, provider, fleet):
        back = go_there(provider, begin(client))
        assert LIE in client.get(f"{back}&iss=https://evil.test").text

    def test_with_a_code_of_another_round_trip_is_refused_by_the_challenge(self, app, client, provider, fleet, log):
        victim = app.test_client()
        stolen = parse_qs(urlsplit(go_there(provider, begin(victim))).query)["code"][0]
        state = parse_qs(urlsplit(begin(client)).query)["state"][0]
        answer = client.get(f"/sign-in/external/callback?code={stolen}&state={state}")
        assert LIE in answer.text
        assert "invalid_grant" in log.text

    def test_leaves_no_secret_in_the_log(self, client, provider, fleet, log):
        provider.tell(claims={"nonce": "wrong"})
        back = go_there(provider, begin(client))
        client.get(back)
        code = parse_qs(urlsplit(back).query)["code"][0]
        ours = "\n".join(record.getMessage() for record in log.records if record.name.startswith("portals"))
        assert "is not believed" in ours
        assert not any(secret in ours for secret in (code, CLIENT_SECRET))


class TestConfirmingThatItIsYou:
    @pytest.fixture
    def old_session(self, client, provider, database, fleet):
        """A person who signed in by the provider, a while ago."""
        sign_in_by(client, provider)
        with database.transaction() as session:
            session.execute(sa.text("UPDATE identity_sessions SET confirmed_at = confirmed_at - interval '1 hour'"))
        return client

    def confirm(self, browser, provider, next_path="/operator/events"):
        location = browser.get(f"/confirm/external?next={next_path}").headers["Location"]
        return location, browser.get(go_there(provider, location))

    def age_s(self, database):
        with database.reading() as reader:
            return reader.execute(
                sa.text("SELECT extract(epoch FROM now() - confirmed_at) FROM identity_sessions WHERE ended_at IS NULL")
            ).scalar()

    def test_asks_the_provider_for_a_new_proof_and_comes_back(self, old_session, provider, database):
        location, answer = self.confirm(old_session, provider)
        asked = parse_qs(urlsplit(location).query)
        assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
        assert answer.headers["Location"] == "/operator/events"
        assert self.age_s(database) < 60
        with database.reading() as reader:
            told = sa.text("SELECT detail->>'method' FROM audit_entries WHERE action = 'identity.confirmed'")
            assert reader.scalars(told).all() == ["oidc"]

    def test_is_offered_where_a_proof_is_asked_for(self, old_session, sign_in, database):
        act = "/operator/vehicles/1/immobilization"
        data = {"reason": "theft"}
        page = old_session.post(act, data=data, headers={"Referer": "http://localhost/operator/vehicles/1"}).text
        check_page(page)
        assert "Confirm with Acme" in page
        assert 'href="/confirm/external?next=/operator/vehicles/1"' in page

    def test_takes_no_proof_that_was_only_remembered(self, old_session, provider, database):
        for how in ({"auth_age_s": 3600}, {"claims": {"auth_time": None}}, {"claims": {"auth_time": "now"}}):
            provider.tell(**how)
            self.confirm(old_session, provider)
            assert LIE in old_session.get("/operator/events").text
            assert self.age_s(database) > 3000

    def test_takes_no_proof_of_another_account(self, old_session, provider, database):
        provider.tell(user={"sub": "somebody-else", "email": "admin@example.test", "email_verified": True})
        self.confirm(old_session, provider)
        assert "not the account that yours is linked with" in old_session.get("/operator/events").text
        assert self.age_s(database) > 3000

    def test_is_not_for_a_stranger(self, client, provider):
        assert client.get("/confirm/external").headers["Location"].startswith("/sign-in")


class TestALinkedAccount:
    @pytest.fixture
    def person(self, client, provider, fleet):
        sign_in_by(client, provider)
        return client

    def test_is_shown_on_the_page_of_ones_own_account(self, person, provider):
        page = person.get("/account/external").text
        check_page(page)
        assert "operator@example.test" in page
        assert provider.issuer in page

    def test_is_unlinked_there(self, person, provider, database):
        data = {"issuer": provider.issuer, "subject": "ada-1"}
        answer = person.post("/account/external/unlink", data=data, follow_redirects=True)
        assert "The account is unlinked." in answer.text
        assert links(database) == []
        assert audited(database)[-1] == "identity.external_login_unlinked"
        assert person.get("/operator/").status_code == 200

    def test_is_unlinked_by_nobody_else(self, person, provider, sign_in, database):
        data = {"issuer": provider.issuer, "subject": "ada-1"}
        assert sign_in("driver").post("/account/external/unlink", data=data).status_code == 404
        assert len(links(database)) == 1

    def test_that_is_the_only_way_in_stays(self, person, provider, database, at, fleet):
        with database.transaction() as session:
            session.execute(sa.update(User).where(User.id == fleet.user_ids["operator"]).values(password_hash=None))
        data = {"issuer": provider.issuer, "subject": "ada-1"}
        answer = person.post("/account/external/unlink", data=data, follow_redirects=True)
        assert "This is your only way to sign in." in answer.text
        assert len(links(database)) == 1

    def test_is_seen_by_its_owner_and_by_administrators(self, person, database, fleet):
        owner = Actor("user", fleet.user_ids["operator"], "Operator", roles=frozenset({"operator"}))
        admin = Actor("user", fleet.user_ids["admin"], "Admin", roles=frozenset({"admin"}))
        with database.reading() as reader:
            for viewer in (owner, admin):
                found = queries.list_external_logins(reader, viewer=viewer, user_id=owner.id)
                assert [login["subject"] for login in found] == ["ada-1"]
            assert queries.list_external_logins(reader, viewer=admin, user_id=admin.id) == []


class TestSettings:
    def test_are_all_or_none(self):
        assert load({}).oidc is None
        provider = load(SETTINGS).oidc
        assert (provider.issuer, provider.name) == ("https://id.test/realms/a", "id.test")
        for left_out in SETTINGS:
            with pytest.raises(ConfigurationError, match=left_out):
                load({name: text for name, text in SETTINGS.items() if name != left_out})

    @pytest.mark.parametrize("issuer", ["http://id.test", "id.test", "https://id.test/?a=b", "https://id.test/#a"])
    def test_take_no_issuer_to_which_a_secret_would_go_in_the_clear(self, issuer):
        with pytest.raises(ConfigurationError, match="ERP_OIDC_ISSUER"):
            load(SETTINGS | {"ERP_OIDC_ISSUER": issuer})

    def test_show_no_secret(self):
        assert "'b'" not in repr(load(SETTINGS))


@pytest.mark.browser
class TestARealBrowser:
    def test_goes_there_and_comes_back_signed_in(self, config, database, provider, fleet):
        port = free_ports()
        app = create_app(dataclasses.replace(config, public_url=f"http://127.0.0.1:{port}"), database)
        server = make_server("127.0.0.1", port, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browsers.find_or_install(), args=["--no-sandbox"])
            page, wrong = browser.new_page(), []
            page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
            page.goto(f"http://127.0.0.1:{port}/account/external")
            page.get_by_role("link", name="Sign in with Acme").click()
            page.wait_for_url("**/account/external")
            assert page.get_by_text("operator@example.test").count()
            browser.close()
        server.shutdown()
        thread.join()
        assert wrong == []


def close(database, email):
    with database.transaction() as session:
        session.execute(sa.update(User).where(User.email == email).values(disabled_at=clock.now()))
