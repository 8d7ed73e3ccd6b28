"""An OpenID Connect provider to sign in by, honest unless it is told to lie. Runs in a process of its own:

    python -m tests.portals.auth.oidc_provider PORT

Authorization codes, PKCE and client authentication are Authlib's, signatures are joserfc's. It approves of whoever it
is told to (`user`) without asking anybody. `POST /tell` with JSON changes how it behaves, until the next `POST /tell`:

    user            claims of the person: sub, email, email_verified
    claims          written over those of the ID token; null takes one away
    sign            "honest", "none", "hmac" (the public key as the secret), "stranger" (a key that is not published)
    rotate          true: sign with a new key from now on, and publish only that
    metadata        written over what it says of itself
    auth_age_s      how long ago the person proved themselves, whatever was asked
    email_at        "id_token" or "userinfo"
    userinfo        written over the answer of the userinfo endpoint
    deny            true: the person did not want to
    broken          paths that answer 500
"""

from __future__ import annotations

import hmac
import json
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.util import create_half_hash
from flask import Flask, abort, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "erp", "secret-of-erp"
ADA = {"sub": "ada-1", "email": "operator@example.test", "email_verified": True}


@dataclass
class Code(AuthorizationCodeMixin):
    code: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    code_challenge_method: str
    asked: dict[str, str]

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


class Client(ClientMixin):
    """The one program that is registered here, with one address."""

    client_id = CLIENT_ID

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        ours = ("http://127.0.0.1:", "http://localhost:")
        return redirect_uri.startswith(ours) and redirect_uri.endswith("/sign-in/external/callback")

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        said = state.told.get("metadata", {}).get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return method in said

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class State:
    def __init__(self) -> None:
        self.issuer = ""
        self.told: dict[str, Any] = {}
        self.codes: dict[str, Code] = {}
        self.seen: list[str] = []
        self.rotate()

    def rotate(self) -> None:
        self.key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)


state = State()
app = Flask(__name__)
server = AuthorizationServer(app, query_client=lambda name: Client() if name == CLIENT_ID else None)
server.save_token = lambda token, request: None


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    def save_authorization_code(self, code: str, request: Any) -> None:
        asked = dict(request.payload.data)
        challenge = (asked.get("code_challenge", ""), asked.get("code_challenge_method", ""))
        payload = request.payload
        state.codes[code] = Code(code, payload.redirect_uri, payload.scope, asked.get("nonce"), *challenge, asked)

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        return state.codes.get(code)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del state.codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> dict[str, Any]:
        return state.told.get("user", ADA)


class IdToken:
    """Adds the ID token to what a code is exchanged for."""

    def __call__(self, grant: CodeGrant) -> None:
        grant.register_hook("after_create_token_response", self.add)

    def add(self, grant: CodeGrant, response: Any) -> None:
        _, token, _ = response
        token["id_token"] = sign(claims_of(grant.request.authorization_code, token["access_token"]))


server.register_grant(CodeGrant, [CodeChallenge(required=True), IdToken()])


def claims_of(code: Code, access_token: str) -> dict[str, Any]:
    now = int(time.time())
    half = create_half_hash(access_token, "RS256")
    claims = {
        "iss": state.issuer,
        "aud": CLIENT_ID,
        "iat": now,
        "exp": now + 300,
        "nonce": code.nonce,
        "auth_time": now - state.told.get("auth_age_s", 0),
        "at_hash": half.decode() if isinstance(half, bytes) else half,
        **state.told.get("user", ADA),
    }
    if state.told.get("email_at") == "userinfo":
        del claims["email"], claims["email_verified"]
    claims |= state.told.get("claims", {})
    return {name: value for name, value in claims.items() if value is not None}


def sign(claims: dict[str, Any]) -> str:
    how, kid = state.told.get("sign", "honest"), state.key.kid
    if how == "none":
        return forge({"alg": "none", "kid": kid}, claims, lambda signed: b"")
    if how == "hmac":
        public = state.key.as_pem(private=False)
        return forge({"alg": "HS256", "kid": kid}, claims, lambda signed: hmac.digest(public, signed, "sha256"))
    key = RSAKey.generate_key(2048) if how == "stranger" else state.key
    return jwt.encode({"alg": "RS256", "kid": kid}, claims, key, algorithms=["RS256"])


def forge(header: dict[str, Any], claims: dict[str, Any], make: Callable[[bytes], bytes]) -> str:
    """A token as no library would make it."""
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signed = b".".join(parts)
    return b".".join([signed, urlsafe_b64encode(make(signed)).rstrip(b"=")]).decode()


@app.before_request
def watch() -> None:
    state.seen.append(request.path)
    if request.path in state.told.get("broken", ()):
        abort(500)


@app.post("/tell")
def tell() -> Any:
    state.told = request.get_json()
    state.seen.clear()
    if state.told.get("rotate"):
        state.rotate()
    return jsonify(state.told)


@app.get("/seen")
def seen() -> Any:
    return jsonify(state.seen)


@app.get("/.well-known/openid-configuration")
def metadata() -> Any:
    said = {
        "issuer": state.issuer,
        "authorization_endpoint": f"{state.issuer}/authorize",
        "token_endpoint": f"{state.issuer}/token",
        "userinfo_endpoint": f"{state.issuer}/userinfo",
        "jwks_uri": f"{state.issuer}/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
    return jsonify(said | state.told.get("metadata", {}))


@app.get("/jwks")
def jwks() -> Any:
    return jsonify(keys=[state.key.as_dict(private=False)])


@app.get("/authorize")
def authorize() -> Any:
    if state.told.get("deny"):
        return redirect(f"{request.args['redirect_uri']}?error=access_denied&state={request.args['state']}")
    grant = server.get_consent_grant(end_user=state.told.get("user", ADA))
    return server.create_authorization_response(grant_user=state.told.get("user", ADA), grant=grant)


@app.post("/token")
def token() -> Any:
    return server.create_token_response()


@app.get("/userinfo")
def userinfo() -> Any:
    if not request.headers.get("Authorization", "").startswith("Bearer "):
        abort(401)
    return jsonify(state.told.get("user", ADA) | state.told.get("userinfo", {}))


def main() -> None:
    port = int(sys.argv[1])
    state.issuer = f"http://127.0.0.1:{port}"
    make_server("127.0.0.1", port, app, threaded=True).serve_forever()


if __name__ == "__main__":
    main()
