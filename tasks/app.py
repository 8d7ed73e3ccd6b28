"""The queue, and how a consequence is run.

Huey takes a task off its queue before running it, so a killed worker loses it. The queue is therefore only a nudge:
the rows of `outbox_deliveries` and `access_jobs` say what is still to be done, and a sweep finds what was lost.
"""

from __future__ import annotations

import logging
from typing import Any

import orjson
import psycopg
import sqlalchemy as sa
from huey import PostgresHuey
from huey.registry import Message
from huey.serializer import Serializer

from core import clock, consequences, db
from core.db import Writer
from tasks.subscriptions import JOBS

log = logging.getLogger(__name__)


class JsonSerializer(Serializer):  # type: ignore[misc]
    """Tasks as JSON: whoever can write the queue's table cannot make a worker run code, as pickle would let them."""

    def _serialize(self, data: Message) -> bytes:
        return orjson.dumps(data._asdict())

    def _deserialize(self, data: bytes) -> Message:
        return Message(**orjson.loads(data))


def _connect() -> psycopg.Connection[Any]:
    return psycopg.connect(db.current().dsn)


queue = PostgresHuey(
    "erp", connection=_connect, create_tables=False, results=False, utc=True, serializer=JsonSerializer()
)


@queue.task()  # type: ignore[untyped-decorator]
def run_consequence(*, consequence_id: int) -> None:
    """Run one consequence: taken in one transaction, done or failed in another. May run twice without harm."""
    database = db.current()
    with database.transaction() as session:
        taken = consequences.take(session, at=clock.now(), consequence_id=consequence_id)
    if taken is None:
        return
    try:
        JOBS[taken.job](**taken.ids)
    except Exception as problem:
        log.exception("%s failed at attempt %s", taken.job, taken.attempts)
        with database.transaction() as session:
            consequences.mark_failed(
                session, at=clock.now(), consequence_id=taken.id, error=f"{type(problem).__name__}: {problem}"
            )
        return
    with database.transaction() as session:
        consequences.mark_done(session, at=clock.now(), consequence_id=taken.id)


_ENQUEUE = sa.text("INSERT INTO huey_task (queue, data, priority) VALUES (:queue, :data, 0)")


def enqueue(session: Writer, consequence_ids: list[int]) -> None:
    """Nudge the workers in the caller's own transaction: what is rolled back is never run."""
    for consequence_id in consequence_ids:
        data = queue.serialize_task(run_consequence.s(consequence_id=consequence_id))
        session.execute(_ENQUEUE, {"queue": queue.name, "data": data})
    if consequence_ids:
        session.execute(sa.select(sa.func.pg_notify(queue.storage.channel, "")))
