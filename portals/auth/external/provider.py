"""The company's OpenID Connect provider: what it says of itself, its keys, and what it gives for a code.

OpenID Connect Discovery 1.0 section 4, Core 1.0 sections 3.1.3 and 5.3; RFC 6749 section 4.1, RFC 7636.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.oauth2.client import OAuth2Client
from authlib.oauth2.rfc6749 import OAuth2Error
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from core.config import OidcProvider
from portals.auth.external.checks import Doubtful, Expected, read_id_token, safe_algorithms

SCOPE = "openid email profile"
TIMEOUT_S = 5
# How long what it says of itself is taken as said. Keys are asked for anew sooner when a token names an unknown one.
FRESH_FOR_S = 3600


class Away(Exception):
    """The provider did not answer, or not in its protocol."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the provider says of itself (Discovery section 3), as far as it matters here."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    algorithms: tuple[str, ...]
    takes_basic: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What this round trip was begun with: only an answer that fits all of it is taken."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """One provider, asked when it is needed and remembered for an hour."""

    def __init__(self, settings: OidcProvider) -> None:
        self._settings = settings
        self._http = httpx.Client(timeout=TIMEOUT_S, trust_env=False, headers={"Accept": "application/json"})
        self._metadata: Metadata | None = None
        self._keys: KeySet | None = None
        self._read_at = 0.0

    @property
    def issuer(self) -> str:
        """What it calls itself."""
        return self._settings.issuer

    @property
    def name(self) -> str:
        """What people call it."""
        return self._settings.name

    def authorization_url(self, asked: Asked, *, redirect_uri: str, **more: Any) -> str:
        """Where the browser is sent to sign in. Raises Away."""
        metadata, _ = self._known()
        url, _state = self._client(redirect_uri).create_authorization_url(
            metadata.authorization_endpoint,
            state=asked.state,
            nonce=asked.nonce,
            code_verifier=asked.verifier,
            **more,
        )
        return str(url)

    def redeem(self, code: str, asked: Asked, *, redirect_uri: str, now: int) -> dict[str, Any]:
        """The claims about whoever signed in there. Raises Away, or Doubtful for an answer not to be believed."""
        metadata, _ = self._known()
        tokens = self._fetch_tokens(metadata, code, asked, redirect_uri)
        claims = self._read_id_token(tokens, asked, now)
        if "email" not in claims and metadata.userinfo_endpoint:
            claims |= self._fetch_userinfo(metadata.userinfo_endpoint, tokens, str(claims["sub"]))
        return claims

    def _fetch_tokens(self, metadata: Metadata, code: str, asked: Asked, redirect_uri: str) -> dict[str, Any]:
        own = (self._settings.client_id, self._settings.client_secret)
        # The secret goes one way or the other, never both (RFC 6749 section 2.3).
        in_form = {"auth": _unsigned, "client_id": own[0], "client_secret": own[1]}
        shown = {"auth": own} if metadata.takes_basic else in_form
        try:
            tokens = self._client(redirect_uri).fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=asked.verifier,
                redirect_uri=redirect_uri,
                **shown,
            )
        except OAuth2Error as refused:
            raise Doubtful(f"the code was refused: {refused.error}") from None
        except (httpx.HTTPError, ValueError) as problem:
            raise Away(f"the token endpoint: {problem}") from None
        return dict(tokens)

    def _read_id_token(self, tokens: dict[str, Any], asked: Asked, now: int) -> dict[str, Any]:
        metadata, keys = self._known()
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise Doubtful("there is no id_token")
        expected = Expected(
            issuer=self.issuer,
            client_id=self._settings.client_id,
            algorithms=metadata.algorithms,
            nonce=asked.nonce,
            access_token=tokens.get("access_token"),
            now=now,
        )
        try:
            return read_id_token(token, keys, expected)
        except Doubtful as doubt:
            if not doubt.may_be_of_new_key:
                raise
        # Signed with a key that was not published when we last looked: keys change.
        return read_id_token(token, self._fetch_keys(metadata), expected)

    def _fetch_userinfo(self, url: str, tokens: dict[str, Any], subject: str) -> dict[str, Any]:
        found = self._get(url, headers={"Authorization": f"Bearer {tokens.get('access_token')}"})
        if found.get("sub") != subject:  # Core section 5.3.2
            raise Doubtful("the userinfo is of somebody else")
        return {name: found[name] for name in ("email", "email_verified") if name in found}

    def _known(self) -> tuple[Metadata, KeySet]:
        if self._metadata is None or self._keys is None or time.monotonic() - self._read_at > FRESH_FOR_S:
            metadata = self._fetch_metadata()
            self._fetch_keys(metadata)
            self._metadata, self._read_at = metadata, time.monotonic()
        assert self._keys is not None
        return self._metadata, self._keys

    def _fetch_metadata(self) -> Metadata:
        said = self._get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if said.get("issuer") != self.issuer:  # Discovery section 4.3
            raise Away(f"it calls itself {str(said.get('issuer'))[:200]!r}, not {self.issuer!r}")
        try:
            return Metadata(
                authorization_endpoint=self._endpoint(said["authorization_endpoint"]),
                token_endpoint=self._endpoint(said["token_endpoint"]),
                jwks_uri=self._endpoint(said["jwks_uri"]),
                userinfo_endpoint=self._endpoint(said["userinfo_endpoint"]) if "userinfo_endpoint" in said else None,
                algorithms=safe_algorithms(said.get("id_token_signing_alg_values_supported")),
                takes_basic="client_secret_basic"
                in said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]),
            )
        except (KeyError, TypeError, ValueError) as problem:
            raise Away(f"what it says of itself cannot be used: {problem}") from None

    def _endpoint(self, url: object) -> str:
        """Secrets are sent there: over https, unless the whole provider is a local one."""
        if not isinstance(url, str) or urlsplit(url).scheme not in {"https", urlsplit(self.issuer).scheme}:
            raise ValueError(f"{url!r} is not an https address")
        return url

    def _fetch_keys(self, metadata: Metadata) -> KeySet:
        said = self._get(metadata.jwks_uri)
        try:
            signing = [key for key in said["keys"] if key.get("use", "sig") == "sig" and key.get("kty") != "oct"]
            self._keys = KeySet.import_key_set({"keys": signing})
        except (JoseError, KeyError, TypeError, AttributeError, ValueError) as problem:
            raise Away(f"its keys cannot be read: {problem}") from None
        return self._keys

    def _get(self, url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        try:
            answer = self._http.get(url, headers=headers)
            answer.raise_for_status()
            said = answer.json()
        except (httpx.HTTPError, ValueError) as problem:
            raise Away(f"{url}: {problem}") from None
        if not isinstance(said, dict):
            raise Away(f"{url}: not a JSON object")
        return said

    def _client(self, redirect_uri: str) -> OAuth2Client:
        return OAuth2Client(
            self._http,
            client_id=self._settings.client_id,
            redirect_uri=redirect_uri,
            scope=SCOPE,
            code_challenge_method="S256",
        )


def _unsigned(request: httpx.Request) -> httpx.Request:
    """No Authorization: the secret is in the form."""
    return request
