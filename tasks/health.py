"""The worker's sign of life: a task through the queue, so that it measures what a real one would wait."""

from __future__ import annotations

from datetime import datetime

from core import clock, db, health
from core.permissions import system
from tasks.app import queue

ACTOR = system("health", "health:beat")


@queue.task(priority=10)  # type: ignore[untyped-decorator]
def probe(*, asked_at: str) -> None:
    """Say that the worker is alive, and how long this task waited."""
    at = clock.now()
    lag_ms = (at - datetime.fromisoformat(asked_at)).total_seconds() * 1000
    with db.current().transaction() as session:
        health.beat(session, actor=ACTOR, at=at, process="worker", lag_ms=max(lag_ms, 0.0))
