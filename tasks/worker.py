"""The worker process: consequences from the queue in threads, and a thread each for orders to vehicles, webhooks and
letters."""

from __future__ import annotations

from huey.consumer import Consumer

import tasks.health  # noqa: F401 - its task must be known to the queue
from tasks import access, letters, webhooks
from tasks.app import queue

THREADS = 4
# On SIGTERM running jobs are let finish, this long: what is still running then is found again by its row.
FINISH_S = 10


def work() -> None:
    """Run until told to stop."""
    access.start_delivery()
    webhooks.start_delivery()
    letters.start_sending()
    consumer = Consumer(
        queue,
        workers=THREADS,
        periodic=False,
        shutdown_timeout=FINISH_S,
        graceful_signal="TERM",
        max_delay=1.0,
    )
    consumer.run()
