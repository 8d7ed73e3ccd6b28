"""Waiting until other transactions of the server are over: what follows the outbox or the audit table reads nothing
that is younger than the oldest of them, also when that belongs to another test beside this one.
"""

from __future__ import annotations

import time

from core.db import Database

_WAITING = """
    SELECT count(*) FROM {table} WHERE txid >= (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint
        AND txid < (pg_snapshot_xmax(pg_current_snapshot())::text)::bigint
"""


def wait_until_settled(database: Database, table: str, *, most_s: float = 20.0) -> None:
    """Until every committed row of `table` can be read by who follows it, or `most_s` are over."""
    deadline = time.monotonic() + most_s
    while time.monotonic() < deadline:
        with database.reading() as reader:
            if reader.exec_driver_sql(_WAITING.format(table=table)).scalar_one() == 0:
                return
        time.sleep(0.02)
