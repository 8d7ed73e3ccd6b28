"""The token endpoint, and what a token is worth."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from core.db import Database
from core.identity import service
from core.identity.service import NewClient
from core.identity.tokens import Holder
from portals.doors import ErpApp
from tests.conftest import ROOT, Fleet

FORM = {"grant_type": "client_credentials"}


@pytest.fixture
def integrator(database: Database, fleet: Fleet, at: datetime) -> NewClient:
    with database.transaction() as session:
        return service.create_client(
            session, actor=ROOT, at=at, name="Integrator", scopes=["vehicles:read", "telemetry:read"]
        )


def token(client: FlaskClient, who: NewClient, **form: str) -> dict[str, str]:
    answer = client.post("/oauth/token", data={**FORM, **form}, auth=(who.client_id, who.client_secret))
    return {"status": str(answer.status_code), **answer.json}


class TestAToken:
    def test_is_given_for_the_secret_by_basic_or_in_the_form(self, client: FlaskClient, integrator: NewClient) -> None:
        by_basic = token(client, integrator)
        by_form = client.post(
            "/oauth/token",
            data={**FORM, "client_id": integrator.client_id, "client_secret": integrator.client_secret},
        )
        assert by_basic["status"] == "200"
        assert by_form.status_code == 200
        assert by_basic["token_type"] == "Bearer"
        assert by_form.headers["Cache-Control"] == "no-store"

    def test_is_signed_with_a_key_that_is_published(self, client: FlaskClient, integrator: NewClient) -> None:
        keys = KeySet.import_key_set(client.get("/oauth/jwks.json").json)
        claims = jwt.decode(token(client, integrator)["access_token"], keys, algorithms=["ES256"]).claims
        assert claims["client_id"] == integrator.client_id
        assert "d" not in client.get("/oauth/jwks.json").json["keys"][0]

    def test_has_only_the_scopes_that_were_asked_for_and_may_be_had(
        self, client: FlaskClient, integrator: NewClient
    ) -> None:
        assert token(client, integrator, scope="vehicles:read")["scope"] == "vehicles:read"
        assert token(client, integrator, scope="vehicles:read access:immobilize")["scope"] == "vehicles:read"
        assert token(client, integrator)["scope"] == "telemetry:read vehicles:read"

    def test_is_not_given_for_a_wrong_secret(self, client: FlaskClient, integrator: NewClient) -> None:
        answer = client.post("/oauth/token", data=FORM, auth=(integrator.client_id, "wrong"))
        assert answer.status_code == 401
        assert answer.json["error"] == "invalid_client"

    def test_is_not_given_for_another_grant(self, client: FlaskClient, integrator: NewClient) -> None:
        answer = client.post(
            "/oauth/token",
            data={"grant_type": "password"},
            auth=(integrator.client_id, integrator.client_secret),
        )
        assert answer.status_code == 400
        assert answer.json["error"] == "unsupported_grant_type"


class TestABearer:
    def ask(self, client: FlaskClient, text: str) -> int:
        return client.get("/api/v1/vehicles", headers={"Authorization": f"Bearer {text}"}).status_code

    def test_is_let_in_until_the_token_expires(
        self, app: ErpApp, client: FlaskClient, integrator: NewClient, at: datetime
    ) -> None:
        assert self.ask(client, token(client, integrator)["access_token"]) == 200
        old = app.tokens.issue(Holder("x", "X", None), scope="vehicles:read", at=at - timedelta(minutes=16))
        assert self.ask(client, old["access_token"]) == 401

    def test_is_refused_when_the_token_was_changed(self, client: FlaskClient, integrator: NewClient) -> None:
        head, body, signature = token(client, integrator)["access_token"].split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        claims["scope"] = "access:immobilize"
        forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        assert self.ask(client, f"{head}.{forged}.{signature}") == 401

    def test_is_refused_when_the_token_names_another_algorithm(
        self, client: FlaskClient, integrator: NewClient
    ) -> None:
        _, body, signature = token(client, integrator)["access_token"].split(".")
        for algorithm in ("none", "HS256"):
            head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode()).decode().rstrip("=")
            assert self.ask(client, f"{head}.{body}.{signature}") == 401, algorithm

    def test_is_refused_when_the_token_is_signed_by_another_key(self, client: FlaskClient, at: datetime) -> None:
        key = ECKey.generate_key("P-256", {"kid": "other"})
        claims = {"iss": "x", "aud": "x", "exp": int(at.timestamp()) + 60, "scope": "vehicles:read"}
        assert self.ask(client, jwt.encode({"alg": "ES256", "kid": "other"}, claims, key)) == 401

    def test_is_refused_without_a_token_that_can_be_read(self, client: FlaskClient) -> None:
        assert client.get("/api/v1/vehicles").status_code == 401
        for header in ("Bearer", "Bearer  ", "Basic abc", "Bearer a.b.c", "Bearer é"):
            answer = client.get("/api/v1/vehicles", headers={"Authorization": header})
            assert answer.status_code == 401, header


class TestAForm:
    def test_without_its_token_is_refused(self, app: ErpApp, fleet: Fleet) -> None:
        app.config["WTF_CSRF_ENABLED"] = True
        answer = app.test_client().post("/sign-in", data={"email": fleet.email("admin"), "password": fleet.password})
        assert answer.status_code == 403
        assert "Load it again" in answer.text

    def test_is_not_asked_for_one_by_the_token_endpoint(self, app: ErpApp, integrator: NewClient) -> None:
        app.config["WTF_CSRF_ENABLED"] = True
        assert token(app.test_client(), integrator)["status"] == "200"
