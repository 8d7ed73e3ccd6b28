"""Personal text and files, sealed by AES-256-GCM under a key of their person, which a master key wraps.

Destroying one row, the wrapped key, erases the person everywhere: in every table, in append-only ones, in backups made
after it. What is sealed names its key and is bound to the field it was sealed for, so that it cannot be moved to
another person or another field. The master keys rotate (`rewrap`); nothing that was sealed has to be touched then.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.orm import Mapped, mapped_column

from core import keyring, sealing
from core.db import Base, Reader, Writer, driver
from core.errors import NotFound

_FORM = b"\x01"
_ID_BYTES, _NONCE_BYTES = 8, 12
_HEAD_BYTES = len(_FORM) + _ID_BYTES
# So long a process may go on opening what another has erased; the fields themselves are emptied by the erasure.
_KEPT_S = 30.0
_KEPT_MOST = 20_000


class VaultKey(Base):
    """The key of one person or vehicle, wrapped. What stays of an erased one is the row without the key."""

    __tablename__ = "vault_keys"
    __table_args__ = (sa.CheckConstraint("(wrapped IS NULL) = (erased_at IS NOT NULL)", name="erased_has_no_key"),)

    # Not always the database's own: what is wrapped is bound to its id, which is drawn before.
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    master: Mapped[int] = mapped_column(sa.SmallInteger)
    wrapped: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    made_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    erased_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class _Opened:
    """The keys that this process has unwrapped lately."""

    def __init__(self) -> None:
        self._keys: dict[int, tuple[bytes, float]] = {}
        self._lock = threading.Lock()

    def get(self, key_id: int) -> bytes | None:
        key, until = self._keys.get(key_id, (None, 0.0))
        return key if time.monotonic() < until else None

    def keep(self, key_id: int, key: bytes) -> None:
        with self._lock:
            if len(self._keys) >= _KEPT_MOST:
                self._keys.clear()
            self._keys[key_id] = (key, time.monotonic() + _KEPT_S)

    def forget(self, key_id: int) -> None:
        with self._lock:
            self._keys.pop(key_id, None)


# By database, as ids are counted in each.
_opened: dict[str, _Opened] = {}


def make_key(session: Writer, *, at: datetime) -> int:
    """A new key; returns its id, which the row of the person or vehicle keeps."""
    return make_keys(session, count=1, at=at)[0]


def make_keys(session: Writer, *, count: int, at: datetime) -> list[int]:
    """New keys for many, in two statements; returns their ids."""
    numbers = sa.select(sa.func.nextval("vault_keys_id_seq")).select_from(sa.func.generate_series(1, count))
    ids = list(session.scalars(numbers))
    master = keyring.current().newest
    wrapped = [_wrap(secrets.token_bytes(32), key_id, master) for key_id in ids]
    rows = zip(ids, wrapped, strict=True)
    session.execute(sa.insert(VaultKey), [{"id": i, "master": master, "wrapped": w, "made_at": at} for i, w in rows])
    return ids


def seal_text(session: Writer, *, key_id: int, field: str, text: str) -> bytes:
    """The text as it is kept in `field`, a name like "drivers.name". Raises NotFound when the key was erased."""
    return seal_bytes(session, key_id=key_id, field=field, plain=text.encode())


def seal_bytes(session: Writer, *, key_id: int, field: str, plain: bytes) -> bytes:
    """As `seal_text`, for the content of files."""
    return _seal(_keys(session.connection(), {key_id}).get(key_id), key_id, field, plain)


def seal_texts(session: Writer, texts: Sequence[tuple[int, str, str]]) -> list[bytes]:
    """As `seal_text`, for many of (key_id, field, text): one query for all their keys."""
    keys = _keys(session.connection(), {key_id for key_id, _, _ in texts})
    return [_seal(keys.get(key_id), key_id, field, text.encode()) for key_id, field, text in texts]


def open_texts(reader: Reader, sealed: Sequence[bytes | None], *, field: str) -> list[str | None]:
    """What `seal_text` sealed for the same field, in the same order; None where nothing is kept or its person erased.

    One query for all keys that this process has not opened lately. Raises cryptography's InvalidTag for what was
    tampered with, or sealed for another field.
    """
    plain = open_bytes(reader, sealed, field=field)
    return [None if value is None else value.decode() for value in plain]


def open_bytes(reader: Reader, sealed: Sequence[bytes | None], *, field: str) -> list[bytes | None]:
    """As `open_texts`, for the content of files."""
    keys = _keys(reader, {_key_id(value) for value in sealed if value is not None})
    return [None if value is None else _open(value, keys.get(_key_id(value)), field) for value in sealed]


def open_text(reader: Reader, sealed: bytes | None, *, field: str) -> str | None:
    """As `open_texts`, for one."""
    return open_texts(reader, [sealed], field=field)[0]


def blind(*, field: str, text: str) -> bytes:
    """A keyed hash of `text`, to find it again or to see that it is there already. Normalize before.

    HMAC-SHA256 under a key of its own for each field: without the master keys nobody can try all phone numbers.
    """
    return blind_bytes(field=field, content=text.encode())


def blind_bytes(*, field: str, content: bytes) -> bytes:
    """As `blind`, for the content of files."""
    key = sealing.derive(keyring.current().blind, f"vault:blind:{field}")
    return hmac.new(key, content, hashlib.sha256).digest()


def erase_key(session: Writer, *, key_id: int, at: datetime) -> None:
    """Destroy a key, and with it all that was ever sealed under it. Done twice, it is done once."""
    session.execute(
        sa.update(VaultKey)
        .where(VaultKey.id == key_id, VaultKey.erased_at.is_(None))
        .values(wrapped=None, erased_at=at)
    )
    _opened_of(session.connection()).forget(key_id)


def rewrap(session: Writer, *, most: int = 500) -> int:
    """Wrap some of the keys that an older master key wraps under the newest; returns how many."""
    newest = keyring.current().newest
    old = sa.select(VaultKey).where(VaultKey.master != newest, VaultKey.wrapped.is_not(None)).limit(most)
    rows = session.scalars(old.with_for_update(skip_locked=True)).all()
    for row in rows:
        assert row.wrapped is not None
        row.wrapped, row.master = _wrap(_unwrap(row.wrapped, row.id, row.master), row.id, newest), newest
    return len(rows)


def count_by_master(reader: Reader) -> dict[int, int]:
    """How many keys each master key wraps."""
    query = sa.select(VaultKey.master, sa.func.count()).where(VaultKey.wrapped.is_not(None)).group_by(VaultKey.master)
    return {row[0]: row[1] for row in reader.execute(query)}


def _keys(connection: sa.Connection, key_ids: Iterable[int]) -> Mapping[int, bytes]:
    opened = _opened_of(connection)
    keys = {key_id: key for key_id in key_ids if (key := opened.get(key_id)) is not None}
    missing = [key_id for key_id in key_ids if key_id not in keys]
    if missing:
        query = sa.select(VaultKey.id, VaultKey.master, VaultKey.wrapped).where(VaultKey.id.in_(missing))
        for row in connection.execute(query.where(VaultKey.wrapped.is_not(None))):
            keys[row.id] = _unwrap(row.wrapped, row.id, row.master)
            opened.keep(row.id, keys[row.id])
    return keys


def _opened_of(connection: sa.Connection) -> _Opened:
    return _opened.setdefault(driver(connection).info.dbname, _Opened())


def _key_id(sealed: bytes) -> int:
    return int.from_bytes(sealed[len(_FORM) : _HEAD_BYTES], "big")


def _seal(key: bytes | None, key_id: int, field: str, plain: bytes) -> bytes:
    if key is None:
        raise NotFound("The person was erased; nothing more is kept about them.")
    head = _FORM + key_id.to_bytes(_ID_BYTES, "big")
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return head + nonce + AESGCM(key).encrypt(nonce, plain, head + field.encode())


def _open(sealed: bytes, key: bytes | None, field: str) -> bytes | None:
    if key is None:
        return None
    head, nonce = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES : _HEAD_BYTES + _NONCE_BYTES]
    if head[: len(_FORM)] != _FORM:
        raise InvalidTag
    return AESGCM(key).decrypt(nonce, sealed[_HEAD_BYTES + _NONCE_BYTES :], head + field.encode())


def _wrap(key: bytes, key_id: int, master: int) -> bytes:
    return sealing.seal(keyring.current().master(master), key, about=f"vault:{key_id}")


def _unwrap(wrapped: bytes, key_id: int, master: int) -> bytes:
    return sealing.unseal(keyring.current().master(master), wrapped, about=f"vault:{key_id}")
