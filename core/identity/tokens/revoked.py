"""Which access tokens are no longer good although they have not expired: every process knows, and no request asks.

A process reads what is new every two seconds, in the request that finds its knowledge older. Commits do not happen in
the order of ids, so the next reading begins at the oldest transaction that was still running at the last one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from core.db import AWAY, Database
from core.errors import Refusal

log = logging.getLogger(__name__)

# Revocation is honoured within this and the time of one small query.
READ_EVERY_S = 2.0
# While one request reads, others go on for so long with what is known; then they wait for it.
WAIT_FROM_S = 2.5
WAIT_FOR_S = 6.0
# A database that does not answer stops nobody, until what is known is so old that nobody may be let in by it.
GOOD_FOR_S = 30.0

_NEW = sa.text(
    """
    SELECT kind, key, up_to, expires_at FROM identity_revocations
    WHERE txid >= :from_txid AND expires_at > :at
    """
)
_OLDEST_RUNNING = sa.text("SELECT (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint")

Key = tuple[str, str]


class Unknown(Refusal):
    """Nobody can say which tokens are revoked: the database has not answered for too long."""

    code, status, title = "unavailable", 503, "Not available just now"


class Revocations:
    """What is revoked, as this process knows it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._up_to: dict[Key, tuple[float, float]] = {}
        self._from_txid = 0
        self._tried_at = float("-inf")
        self._read_at = float("-inf")

    def cover(self, keys: Iterable[Key], *, issued_at: float, at: datetime) -> bool:
        """Whether a token that bears one of these `keys`, issued at `issued_at` (s since 1970), is revoked.

        Raises Unknown once what is known is older than half a minute, because the database does not answer.
        """
        now = time.monotonic()
        if now - self._tried_at > READ_EVERY_S:
            self._refresh(at, is_late=now - self._read_at > WAIT_FROM_S)
            now = time.monotonic()
        if now - self._read_at > GOOD_FOR_S:
            raise Unknown("The database does not answer just now, and without it no token can be trusted. Repeat it.")
        known = self._up_to
        return bool(known) and any(issued_at <= known[key][0] for key in keys if key in known)

    def _refresh(self, at: datetime, *, is_late: bool) -> None:
        # Not blocking while what is known is fresh enough: whoever holds the lock is reading.
        if not self._lock.acquire(blocking=is_late, timeout=WAIT_FOR_S if is_late else -1):
            return
        try:
            if time.monotonic() - self._tried_at > READ_EVERY_S:
                self._read(at)
        finally:
            self._lock.release()

    def _read(self, at: datetime) -> None:
        began = time.monotonic()
        try:
            with self._database.reading() as reader:
                # Asked before the rows: what commits between the two is read now, and once more next time.
                oldest_running = reader.execute(_OLDEST_RUNNING).scalar_one()
                rows = reader.execute(_NEW, {"from_txid": self._from_txid, "at": at}).all()
        except AWAY as problem:
            log.warning("revocations could not be read: %s", problem)
            self._tried_at = time.monotonic()
            return
        kept = {key: times for key, times in self._up_to.items() if times[1] > at.timestamp()}
        for row in rows:
            key, times = (row.kind, row.key), (row.up_to.timestamp(), row.expires_at.timestamp())
            kept[key] = max(kept.get(key, times), times)
        self._up_to, self._from_txid = kept, oldest_running
        self._read_at = self._tried_at = began
