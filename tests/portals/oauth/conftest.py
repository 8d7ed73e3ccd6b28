"""An app of somebody else's, as the authorization server meets it: it asks, a person answers, it exchanges."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.db import Database
from core.identity import service
from core.identity.service import NewClient
from portals.doors import ErpApp
from tests.conftest import ROOT, Fleet

BACK = "https://shifts.example.com/signed-in"
SCOPE = "openid profile offline_access vehicles:read access:immobilize"


@dataclass
class ShiftsApp:
    """One app, at one person's browser. `made` is what it was registered as."""

    made: NewClient
    browser: FlaskClient
    program: FlaskClient
    back: str = BACK
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(40))

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def query(self, **changed: str | None) -> str:
        asked = {
            "response_type": "code",
            "client_id": self.made.client_id,
            "redirect_uri": self.back,
            "scope": SCOPE,
            "state": "s-1 &?",
            "nonce": "n-1",
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            **changed,
        }
        return urlencode({name: value for name, value in asked.items() if value is not None})

    def ask(self, **changed: str | None) -> TestResponse:
        """Send the person to us."""
        return self.browser.get(f"/oauth/authorize?{self.query(**changed)}")

    def answer(self, page: TestResponse, decision: str = "allow", **form: str) -> TestResponse:
        """The person presses a button of the page."""
        action = html.unescape(re.search(r'action="(/oauth/consent[^"]*)"', page.text)[1])
        shown = html.unescape(re.search(r'name="shown" value="([^"]*)"', page.text)[1])
        return self.browser.post(action, data={"shown": shown, "decision": decision, **form})

    def code(self, **changed: str | None) -> str:
        """A code, by whatever way is open."""
        page = self.ask(**changed)
        return told(page if page.status_code == 302 else self.answer(page))["code"]

    def post(self, path: str, who: NewClient | None = None, **form: str) -> TestResponse:
        """A request of the app's own program, which proves itself as it can."""
        who = who or self.made
        if who.client_secret:
            return self.program.post(path, data=form, auth=(who.client_id, who.client_secret))
        return self.program.post(path, data={"client_id": who.client_id, **form})

    def exchange(self, code: str, /, **changed: str) -> TestResponse:
        form = {"grant_type": "authorization_code", "redirect_uri": self.back, "code_verifier": self.verifier}
        return self.post("/oauth/token", **{**form, "code": code, **changed})

    def tokens(self, **changed: str | None) -> dict[str, str]:
        """What a whole sign-in brings the app."""
        answer = self.exchange(self.code(**changed))
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def refresh(self, token: str, **changed: str) -> TestResponse:
        return self.post("/oauth/token", grant_type="refresh_token", refresh_token=token, **changed)

    def reads(self, token: str) -> int:
        """What the API answers to an access token."""
        return self.program.get("/api/v1/vehicles", headers={"Authorization": f"Bearer {token}"}).status_code


def told(answer: TestResponse, back: str = BACK) -> dict[str, str]:
    """What the app is told in the address to which the person comes back."""
    assert answer.status_code in {302, 303}, answer.text
    assert answer.location.startswith(f"{back}?"), answer.location
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}


@pytest.fixture
def register(database: Database, fleet: Fleet, at: datetime) -> Callable[..., NewClient]:
    """Registers an app, or with no address a machine."""

    def registered(*uris: str, is_public: bool = False, scopes: tuple[str, ...] = (), **also: object) -> NewClient:
        scopes = scopes or ("vehicles:read", "telemetry:read", "access:immobilize")
        with database.transaction() as session:
            return service.create_client(
                session,
                actor=ROOT,
                at=at,
                name="Shifts <app>",
                scopes=scopes,
                redirect_uris=uris,
                is_public=is_public,
                **also,
            )

    return registered


@pytest.fixture
def shifts(
    app: ErpApp, client: FlaskClient, sign_in: Callable[[str], FlaskClient], register: Callable[..., NewClient]
) -> ShiftsApp:
    """A confidential app at the browser of the operator, who may immobilize and sees the first park."""
    return ShiftsApp(register(BACK), sign_in("operator"), client)


@pytest.fixture
def two_seconds_later(app: ErpApp) -> Callable[[], None]:
    """Let the process find that what it knows of revocations is two seconds old."""

    def passed() -> None:
        app.tokens._revocations._tried_at = float("-inf")

    return passed
