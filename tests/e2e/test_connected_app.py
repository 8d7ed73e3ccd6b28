"""An app of somebody else's, written with a library of somebody else's, and a person with a real browser."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

import pytest
from oauthlib.oauth2 import InvalidGrantError
from playwright.sync_api import Browser
from requests_oauthlib import OAuth2Session

from tests.e2e.product import Product, eventually
from tests.e2e.screen import DESKTOP
from tests.portals.page import check_page

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(200)]

SCOPES = ["openid", "profile", "offline_access", "vehicles:read"]


@dataclass
class Landing:
    """Where the app waits for people to come back, on this machine. `heard` are the addresses they brought."""

    port: int = 0
    heard: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/back"


@pytest.fixture
def landing() -> Iterator[Landing]:
    made = Landing()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/back"):
                made.heard.append(f"http://127.0.0.1:{made.port}{self.path}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Shifts</title><h1>You are back</h1>")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def app(product: Product, landing: Landing) -> Iterator[tuple[OAuth2Session, str]]:
    """The app, registered by an administrator by hand; its library's session, and its secret."""
    http = product.signed_in("admin")
    token = re.search(r'name="csrf_token" value="([^"]+)"', http.get("/admin/clients/new").text)[1]
    form = {
        "csrf_token": token,
        "name": "Shifts",
        "kind": "app",
        "redirect_uris": "http://127.0.0.1/back",
        "scopes.vehicles:read": "1",
        "all_parks": "1",
    }
    made = http.post("/admin/clients", data=form).text
    client_id = re.search(r"<code>(erp-[0-9a-f]+)</code>", made)[1]
    secret = re.search(r'id="client-secret">([^<]+)<', made)[1]
    # The library refuses to speak without TLS, unless told that this is a test.
    with mock.patch.dict(os.environ, {"OAUTHLIB_INSECURE_TRANSPORT": "1"}):
        session = OAuth2Session(client_id, redirect_uri=landing.address, scope=SCOPES, pkce="S256")
        session.trust_env = False
        yield session, secret
        session.close()


class TestAnAppOfSomebodyElse:
    def test_gets_in_by_consent_stays_by_refreshing_and_is_cut_off_when_its_token_is_stolen(
        self,
        product: Product,
        browser: Browser,
        landing: Landing,
        app: tuple[OAuth2Session, str],
    ) -> None:
        shifts, secret = app
        token_url = f"{product.base_url}/oauth/token"
        address, _ = shifts.authorization_url(f"{product.base_url}/oauth/authorize")

        width, height = DESKTOP
        context = browser.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        mistakes: list[str] = []
        page.on("console", lambda message: mistakes.append(message.text) if message.type == "error" else None)
        person = product.demo()["users"]["operator"]
        page.goto(address)
        page.fill("#email", person["email"])
        page.fill("#password", person["password"])
        page.click("button[type=submit]")
        page.wait_for_selector("text=Let Shifts act for you?")
        check_page(page.content())
        page.click("button[value=allow]")
        page.wait_for_selector("text=You are back")

        # A second time it is let in without a question, also when the person had to sign in again by our own form.
        context.clear_cookies()
        again, _ = shifts.authorization_url(f"{product.base_url}/oauth/authorize")
        page.goto(again)
        page.fill("#email", person["email"])
        page.fill("#password", person["password"])
        page.click("button[type=submit]")
        page.wait_for_selector("text=You are back")
        assert mistakes == [], "a page broke its policy"
        context.close()
        assert len(landing.heard) == 2

        # The library checks `state` and sends the verifier that belongs to the last request.
        shifts.fetch_token(token_url, authorization_response=landing.heard[-1], client_secret=secret)
        assert shifts.get(f"{product.base_url}/api/v1/vehicles").status_code == 200
        first = dict(shifts.token)
        second = shifts.refresh_token(token_url, auth=(shifts.client_id, secret))
        assert second["refresh_token"] != first["refresh_token"]
        assert shifts.get(f"{product.base_url}/api/v1/vehicles").status_code == 200

        with pytest.raises(InvalidGrantError):
            shifts.refresh_token(token_url, refresh_token=first["refresh_token"], auth=(shifts.client_id, secret))
        for token in (first, second):
            shifts.token = token
            # Each process of the web learns it by itself; all of them have when several in a row say so.
            eventually(lambda: all(self.is_refused(shifts, product) for _ in range(8)), within_s=10)
        with pytest.raises(InvalidGrantError):
            shifts.refresh_token(token_url, refresh_token=second["refresh_token"], auth=(shifts.client_id, secret))

    def is_refused(self, shifts: OAuth2Session, product: Product) -> bool:
        return shifts.get(f"{product.base_url}/api/v1/vehicles").status_code == 401
