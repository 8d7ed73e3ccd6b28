"""Signing and checking tokens (RFC 7519, RFC 9068; OpenID Connect Core section 2)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from core.db import Database
from core.errors import Unauthenticated
from core.identity.tokens.claims import Holder, revocation_keys, write_claims
from core.identity.tokens.lifetimes import LIFETIME
from core.identity.tokens.revoked import Key, Revocations
from core.identity.tokens.signing import ALGORITHM, SigningKeys

LIFETIME_S = int(LIFETIME.total_seconds())
ACCESS_TOKEN = "at+jwt"  # noqa: S105 - a media type (RFC 9068 section 2.1)
_REMEMBERED = 4096
# Of an access token of ours; what lacks one is none.
_NEEDED = {"sub", "client_id", "name", "scope", "parks", "iat", "exp", "jti"}


@dataclass(frozen=True, slots=True)
class _Checked:
    claims: dict[str, Any]
    keys: tuple[Key, ...]


class TokenIssuer:
    """Signs and checks tokens. One per process; it reads keys and revocations by itself, never for one request."""

    def __init__(self, database: Database, *, issuer: str, secret: bytes) -> None:
        self.issuer = issuer
        self._keys = SigningKeys(database, secret=secret)
        self._revocations = Revocations(database)
        self._checked: dict[str, _Checked] = {}

    def issue(self, holder: Holder, *, scope: str, at: datetime) -> dict[str, Any]:
        """The token response of RFC 6749 section 5.1 for `holder`."""
        claims = write_claims(
            holder, scope=scope, issuer=self.issuer, at=at, lifetime_s=LIFETIME_S, jti=secrets.token_urlsafe(12)
        )
        token = self._sign(claims, kind=ACCESS_TOKEN, at=at)
        return {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME_S, "scope": scope}

    def issue_id_token(self, claims: dict[str, Any], *, client_id: str, access_token: str, at: datetime) -> str:
        """An identity token that tells the app `client_id` who signed in; `access_token` is bound to it (at_hash)."""
        issued = int(at.timestamp())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        own = {
            "iss": self.issuer,
            "aud": client_id,
            "iat": issued,
            "exp": issued + LIFETIME_S,
            "at_hash": base64.urlsafe_b64encode(half).decode().rstrip("="),
        }
        return self._sign({**claims, **own}, kind="JWT", at=at)

    def check(self, token: str, *, at: datetime) -> dict[str, Any]:
        """The claims of a good access token. Raises Unauthenticated with the reason of a bad one.

        A good token is remembered by its text, so that checking it again costs a look-up.
        """
        checked = self._checked.get(token)
        if checked is None:
            checked = self._remember(token, self._decode(token, at))
        claims = checked.claims
        if claims["exp"] <= at.timestamp():
            self._checked.pop(token, None)
            raise Unauthenticated("The access token has expired; ask /oauth/token for a new one.")
        if self._revocations.cover(checked.keys, issued_at=claims["iat"], at=at):
            raise Unauthenticated("The access token was revoked; sign in again, or ask /oauth/token for a new one.")
        return claims

    def forget(self) -> None:
        """Check every token anew from here on."""
        self._checked.clear()

    def _sign(self, claims: dict[str, Any], *, kind: str, at: datetime) -> str:
        private = self._keys.private(at=at)
        return jwt.encode({"alg": ALGORITHM, "typ": kind, "kid": private.kid}, claims, private, algorithms=[ALGORITHM])

    def _remember(self, token: str, claims: dict[str, Any]) -> _Checked:
        if len(self._checked) >= _REMEMBERED:
            self.forget()
        self._checked[token] = checked = _Checked(claims, revocation_keys(claims))
        return checked

    def _decode(self, token: str, at: datetime) -> dict[str, Any]:
        try:
            public = self._keys.public(_named_key(token), at=at)
            decoded = jwt.decode(token, public, algorithms=[ALGORITHM])
        except (JoseError, ValueError) as problem:
            raise Unauthenticated("The access token is not one of ours or was changed.") from problem
        if str(decoded.header.get("typ", "")).lower().removeprefix("application/") != ACCESS_TOKEN:
            raise Unauthenticated("This token is not an access token. Send the access_token of /oauth/token.")
        claims = dict(decoded.claims)
        if claims.get("iss") != self.issuer or claims.get("aud") != self.issuer:
            raise Unauthenticated("The access token was issued for another service.")
        if not claims.keys() >= _NEEDED or not isinstance(claims["exp"], int):
            raise Unauthenticated("The access token lacks something that ours have.")
        return claims


def _named_key(token: str) -> str | None:
    """The key that a token says it is signed with; nothing of it is believed yet."""
    head = token.partition(".")[0]
    header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    kid = header.get("kid") if isinstance(header, dict) else None
    return kid if isinstance(kid, str) else None
