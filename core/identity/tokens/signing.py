"""The keys that sign tokens: ES256, sealed in the database, in every process for a minute (RFC 7517)."""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from joserfc.jwk import ECKey, KeySet

from core import sealing
from core.db import Database, Reader, Writer, take_transaction_lock
from core.errors import ConfigurationError
from core.identity.models import SigningKey
from core.identity.tokens.lifetimes import KEYS_READ_EVERY

ALGORITHM = "ES256"
LOCK = "identity:signing_keys"
# A token that names a key nobody knows makes a process read the keys, but not more often than this.
_READ_AGAIN_AFTER_S = 5.0


def ensure_signing_key(session: Writer, *, secret: bytes, at: datetime) -> None:
    """Make the first signing key if there is none. Safe to call at every start, by many at once."""
    take_transaction_lock(session, LOCK)
    if session.execute(sa.select(sa.exists().where(SigningKey.retired_at.is_(None)))).scalar():
        return
    session.add(make_key(secret=secret, at=at, signs_from=at))


def make_key(*, secret: bytes, at: datetime, signs_from: datetime) -> SigningKey:
    """A new key, published from `at`. Its private half is sealed with the product's secret."""
    kid = secrets.token_urlsafe(9)
    key = ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": ALGORITHM})
    private = json.dumps(key.as_dict(private=True)).encode()
    sealed = sealing.seal(sealing.derive(secret, "identity:signing"), private, about=kid)
    public = json.dumps(key.as_dict(private=False))
    return SigningKey(kid=kid, sealed_private_key=sealed, public_jwk=public, created_at=at, signs_from=signs_from)


def list_public_keys(reader: Reader, *, at: datetime) -> list[dict[str, Any]]:
    """The public keys (JWK, RFC 7517) a token may be signed with, now and soon."""
    return [json.loads(row.public_jwk) for row in _read_published(reader, at)]


@dataclass(frozen=True, slots=True)
class _Sealed:
    kid: str
    signs_from: datetime
    private: bytes


@dataclass(frozen=True, slots=True)
class _Known:
    """What a process knows of the keys: all that are published, and from when on which one signs."""

    public: KeySet
    kids: frozenset[str]
    sealed: tuple[_Sealed, ...]
    opened: dict[str, ECKey]


class SigningKeys:
    """The keys as this process knows them, read again once a minute and for a key that it does not know."""

    def __init__(self, database: Database, *, secret: bytes) -> None:
        self._database = database
        self._sealing_key = sealing.derive(secret, "identity:signing")
        self._lock = threading.Lock()
        self._known: _Known | None = None
        self._read_at = 0.0

    def public(self, kid: str | None, *, at: datetime) -> KeySet:
        """The keys to check a token with that says it is signed with `kid`."""
        known = self._current(at)
        if kid not in known.kids and time.monotonic() - self._read_at > _READ_AGAIN_AFTER_S:
            with self._lock:
                if time.monotonic() - self._read_at > _READ_AGAIN_AFTER_S:
                    self._read(at)
            known = self._current(at)
        return known.public

    def private(self, *, at: datetime) -> ECKey:
        """The key that signs at this moment: the newest that everybody has read, or the only one.

        Only that one is opened: the public half of one that was sealed with another secret still checks tokens.
        """
        known = self._current(at)
        if not known.sealed:
            raise ConfigurationError("There is no key to sign tokens with. Run `erp migrate`, which makes one.")
        key = next((key for key in reversed(known.sealed) if key.signs_from <= at), known.sealed[0])
        opened = known.opened.get(key.kid)
        if opened is None:
            plain = sealing.unseal(self._sealing_key, key.private, about=key.kid)
            known.opened[key.kid] = opened = ECKey.import_key(json.loads(plain))
        return opened

    def _current(self, at: datetime) -> _Known:
        known = self._known
        if known is not None and time.monotonic() - self._read_at <= KEYS_READ_EVERY.total_seconds():
            return known
        with self._lock:
            if self._known is None or time.monotonic() - self._read_at > KEYS_READ_EVERY.total_seconds():
                self._read(at)
            assert self._known is not None
            return self._known

    def _read(self, at: datetime) -> None:
        with self._database.reading() as reader:
            rows = _read_published(reader, at)
        public = KeySet.import_key_set({"keys": [json.loads(row.public_jwk) for row in rows]})
        sealed = tuple(_Sealed(row.kid, row.signs_from, row.sealed_private_key) for row in rows)
        self._known = _Known(public, frozenset(row.kid for row in rows), sealed, {})
        self._read_at = time.monotonic()


def _read_published(reader: Reader, at: datetime) -> list[Any]:
    columns = (SigningKey.kid, SigningKey.sealed_private_key, SigningKey.public_jwk, SigningKey.signs_from)
    is_published = SigningKey.retired_at.is_(None) | (SigningKey.retired_at > at)
    return list(reader.execute(sa.select(*columns).where(is_published).order_by(SigningKey.signs_from)))
