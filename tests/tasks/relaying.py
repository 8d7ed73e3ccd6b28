"""What the relay and a worker do, at once instead of in processes of their own."""

from __future__ import annotations

from datetime import datetime

import tasks.relay as product
from core.db import Database
from tasks.app import queue
from tests.horizon import wait_until_settled


def relay(database: Database, *, at: datetime) -> int:
    """One round of the relay that sees every fact committed so far; returns how many jobs it gave out."""
    wait_until_settled(database, "outbox_facts")
    return product.relay(database, at=at)


def run_queue() -> int:
    """What a worker does with everything that is in the queue."""
    count = 0
    while (task := queue.dequeue()) is not None:
        queue.execute(task)
        count += 1
    return count
