"""Access tokens: JWT signed with ES256 keys that live sealed in the database (RFC 7519, RFC 9068)."""

from __future__ import annotations

import json
import secrets
import threading
import time
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from core.db import Database, Reader, Writer, take_transaction_lock
from core.errors import Unauthenticated
from core.identity import sealing
from core.identity.models import SigningKey
from core.permissions import Actor

ALGORITHM = "ES256"
LIFETIME_S = 900
_KEYS_FRESH_FOR_S = 60.0
_CACHED_TOKENS = 4096


def ensure_signing_key(session: Writer, *, secret: bytes, at: datetime) -> None:
    """Make the first signing key if there is none. Safe to call at every start, by many at once."""
    take_transaction_lock(session, "identity:signing_keys")
    if session.execute(sa.select(sa.exists().where(SigningKey.retired_at.is_(None)))).scalar():
        return
    kid = secrets.token_urlsafe(9)
    key = ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": ALGORITHM})
    private = json.dumps(key.as_dict(private=True)).encode()
    sealed = sealing.seal(sealing.derive(secret, "identity:signing"), private, about=kid)
    public = json.dumps(key.as_dict(private=False))
    session.add(SigningKey(kid=kid, sealed_private_key=sealed, public_jwk=public, created_at=at, signs_from=at))


def list_public_keys(reader: Reader) -> list[dict[str, Any]]:
    """The public keys (JWK, RFC 7517) a token may still be signed with."""
    rows = reader.execute(sa.select(SigningKey.public_jwk).order_by(SigningKey.created_at))
    return [json.loads(row.public_jwk) for row in rows]


class TokenIssuer:
    """Signs and checks access tokens. One per process; keys are read again once a minute."""

    def __init__(self, database: Database, *, issuer: str, secret: bytes) -> None:
        self._database = database
        self._issuer = issuer
        self._sealing_key = sealing.derive(secret, "identity:signing")
        self._lock = threading.Lock()
        self._public: KeySet | None = None
        self._private: ECKey | None = None
        self._read_at = 0.0
        self._checked: dict[str, dict[str, Any]] = {}

    def issue(
        self, *, client_id: str, name: str, scope: str, park_ids: frozenset[int] | None, at: datetime
    ) -> dict[str, Any]:
        """The token response of RFC 6749 section 5.1 for `client_id`.

        The client's name and the parks in view (None: all) are in the token, so that a request needs no look-up.
        """
        _, private = self._keys()
        issued = int(at.timestamp())
        claims = {
            "iss": self._issuer,
            "aud": self._issuer,
            "sub": client_id,
            "client_id": client_id,
            "client_name": name,
            "scope": scope,
            "parks": None if park_ids is None else sorted(park_ids),
            "iat": issued,
            "exp": issued + LIFETIME_S,
            "jti": secrets.token_urlsafe(12),
        }
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": private.kid}
        token = jwt.encode(header, claims, private, algorithms=[ALGORITHM])
        return {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME_S, "scope": scope}

    def check(self, token: str, *, at: datetime) -> dict[str, Any]:
        """The claims of a good token. Raises Unauthenticated with the reason of a bad one.

        A good token is remembered by its text, so that checking it again costs a look-up.
        """
        now = at.timestamp()
        claims = self._checked.get(token)
        if claims is None:
            claims = self._decode(token)
            if len(self._checked) >= _CACHED_TOKENS:
                self._checked.clear()
            self._checked[token] = claims
        if claims["exp"] <= now:
            self._checked.pop(token, None)
            raise Unauthenticated("The access token has expired; ask /oauth/token for a new one.")
        return claims

    def _decode(self, token: str) -> dict[str, Any]:
        public, _ = self._keys()
        try:
            decoded = jwt.decode(token, public, algorithms=[ALGORITHM])
        except (JoseError, ValueError) as problem:
            raise Unauthenticated("The access token is not one of ours or was changed.") from problem
        claims = dict(decoded.claims)
        if claims.get("iss") != self._issuer or claims.get("aud") != self._issuer:
            raise Unauthenticated("The access token was issued for another service.")
        if not isinstance(claims.get("exp"), int):
            raise Unauthenticated("The access token has no expiry.")
        return claims

    def _keys(self) -> tuple[KeySet, ECKey]:
        with self._lock:
            if self._private is None or time.monotonic() - self._read_at > _KEYS_FRESH_FOR_S:
                self._read_keys()
            assert self._public is not None
            assert self._private is not None
            return self._public, self._private

    def _read_keys(self) -> None:
        with self._database.reading() as reader:
            rows = reader.execute(
                sa.select(SigningKey.kid, SigningKey.sealed_private_key, SigningKey.public_jwk)
                .where(SigningKey.retired_at.is_(None))
                .order_by(SigningKey.created_at)
            ).all()
        self._public = KeySet.import_key_set({"keys": [json.loads(row.public_jwk) for row in rows]})
        newest = rows[-1]
        private = sealing.unseal(self._sealing_key, newest.sealed_private_key, about=newest.kid)
        self._private = ECKey.import_key(json.loads(private))
        self._read_at = time.monotonic()


def actor_of(claims: dict[str, Any]) -> Actor:
    """The API client behind checked claims, with the rights that its token names and nothing beyond them."""
    parks = claims["parks"]
    return Actor(
        kind="client",
        id=None,
        name=claims["client_name"],
        grants=frozenset(claims["scope"].split()),
        parks=None if parks is None else frozenset(parks),
    )
