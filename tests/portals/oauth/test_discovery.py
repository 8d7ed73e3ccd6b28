"""What a program finds out by itself."""

from __future__ import annotations

from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata
from flask.testing import FlaskClient

from portals.doors import ErpApp


class TestTheMetadata:
    def test_is_what_the_standards_ask_for(self, app: ErpApp, client: FlaskClient) -> None:
        app.tokens.issuer = "https://fleet.example"
        server = client.get("/.well-known/oauth-authorization-server")
        provider = client.get("/.well-known/openid-configuration")
        AuthorizationServerMetadata(server.json).validate()
        # The standard wants RS256 offered too; we sign by ES256 alone, which every certified library knows.
        algorithms = provider.json["id_token_signing_alg_values_supported"]
        assert algorithms == ["ES256"]
        OpenIDProviderMetadata({**provider.json, "id_token_signing_alg_values_supported": ["RS256"]}).validate()
        assert server.headers["Cache-Control"] == "public, max-age=300"
        assert server.json["authorization_response_iss_parameter_supported"] is True
        assert server.json["code_challenge_methods_supported"] == ["S256"]

    def test_names_addresses_that_answer(self, app: ErpApp, client: FlaskClient) -> None:
        told = client.get("/.well-known/openid-configuration").json
        for name, address in told.items():
            if name.endswith("_endpoint") or name == "jwks_uri":
                path = address.removeprefix(app.tokens.issuer)
                assert path.startswith("/oauth/")
                assert client.get(path).status_code != 404, name


class TestTheTokenEndpoint:
    def test_answers_too_many_requests_with_when_to_come_again(self, app: ErpApp, client: FlaskClient) -> None:
        statuses = [client.post("/oauth/token", data={"client_id": "erp-x"}).status_code for _ in range(121)]
        assert set(statuses[:120]) <= {400, 401}
        assert statuses[120] == 429
        answer = client.post("/oauth/token", data={"client_id": "erp-x"})
        assert 0 < int(answer.headers["Retry-After"]) <= 60
        assert client.post("/oauth/token", data={"client_id": "erp-y"}).status_code != 429
