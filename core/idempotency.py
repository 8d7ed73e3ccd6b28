"""Answers kept under the key that a client gave its request, so that asking again does nothing twice.

Source: The Idempotency-Key HTTP Header Field (draft-ietf-httpapi-idempotency-key-header-07). The answer is kept in the
transaction that did what was asked: there is either both or neither. Until that transaction ends, its lock says that
the request is on its way; a lock dies with its connection, so nothing is left to clear up after a crash.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Writer
from core.errors import Refusal

KEPT_FOR = timedelta(hours=24)
# A longer answer is not kept, only that it was given: a repetition is refused then, and does nothing.
LONGEST_KEPT_BYTES = 1024 * 1024


class KeptAnswer(Base):
    """What was answered to one request of one client, kept in the transaction that did what it asked.

    `client` is who asked, `fingerprint` the hash of what was asked. `body` is None when it was too long to be kept, or
    showed a secret.
    """

    __tablename__ = "idempotency_answers"

    client: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    key: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(sa.LargeBinary)
    status: Mapped[int] = mapped_column(sa.Integer)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    body: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), index=True)


class KeyInFlight(Refusal):
    """A request with this key has not finished yet."""

    code, status, title = "idempotency-key-in-flight", 409, "Still at it"


class KeyUsed(Refusal):
    """The key has named another request."""

    code, status, title = "idempotency-key-reused", 422, "This key belongs to another request"


class AnswerNotKept(Refusal):
    """The request was done, and its answer was too long to be kept, or showed a secret."""

    code, status, title = "idempotency-answer-not-kept", 409, "Done before, and the answer is not kept"


class Answer(NamedTuple):
    """An answer as it is given again; `body` is None when it shows a secret, which is kept nowhere."""

    status: int
    headers: dict[str, str]
    body: bytes | None


def find_answer(session: Writer, *, at: datetime, client: str, key: str, fingerprint: bytes) -> Answer | None:
    """Claim `key` for this transaction; returns the answer that was given before, or None: then do it, and `keep`.

    Raises KeyInFlight while another transaction holds it, KeyUsed when it has named something else, AnswerNotKept.
    """
    name = f"idempotency:{client}\n{key}"
    lock = sa.func.pg_try_advisory_xact_lock(sa.func.hashtextextended(name, 0))
    if not session.execute(sa.select(lock)).scalar_one():
        raise KeyInFlight(
            "A request with this Idempotency-Key is still being done. Repeat yours in a moment, unchanged.",
            retry_after_s=1,
        )
    kept = KeptAnswer.__table__.c
    query = sa.select(kept.fingerprint, kept.status, kept.headers, kept.body).where(
        kept.client == client, kept.key == key, kept.created_at > at - KEPT_FOR
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise KeyUsed(
            "This Idempotency-Key has named another request within the last 24 hours: another method, address, query "
            "or body. Make a new key for a new request, and repeat one unchanged."
        )
    if row.body is None:
        raise AnswerNotKept(
            f"This request was done before, with status {row.status}; its answer was too long to be kept, or shows a "
            "secret. Nothing was done now. Read the records instead.",
            answered_status=row.status,
        )
    return Answer(row.status, row.headers, row.body)


def keep(session: Writer, answer: Answer, *, at: datetime, client: str, key: str, fingerprint: bytes) -> None:
    """Keep what is being answered under the key that `find_answer` claimed, for as long as KEPT_FOR."""
    body = answer.body if len(answer.body or b"") <= LONGEST_KEPT_BYTES else None
    row = {"fingerprint": fingerprint, "status": answer.status, "headers": answer.headers, "body": body}
    # There may be a row that is past its time and not yet dropped.
    statement = insert(KeptAnswer).values(client=client, key=key, created_at=at, **row)
    statement = statement.on_conflict_do_update(index_elements=["client", "key"], set_={**row, "created_at": at})
    session.execute(statement)


def drop_expired(session: Writer, *, at: datetime) -> None:
    """Forget the answers that are older than KEPT_FOR."""
    session.execute(sa.delete(KeptAnswer).where(KeptAnswer.created_at <= at - KEPT_FOR))
