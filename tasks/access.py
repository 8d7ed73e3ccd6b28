"""Orders to vehicles: one thread of each worker carries them out, woken by the order and by itself every second."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid

from core import clock, config, db
from core.access.delivery import make_delivery

log = logging.getLogger(__name__)

SWEEP_EVERY_S = 1.0
_woken = threading.Event()


def deliver(*, job_id: str, vehicle_id: int) -> None:
    """Wake the thread that carries orders out. The order itself is a row, so a lost nudge costs a second."""
    _woken.set()


def start_delivery() -> threading.Thread:
    """Start the thread. Its sweep also takes over what a dead worker left."""
    thread = threading.Thread(target=_deliver_for_ever, name="access-delivery", daemon=True)
    thread.start()
    return thread


def _deliver_for_ever() -> None:
    worker = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
    delivery = make_delivery(config.current(), db.current(), now=clock.now, worker=worker)
    while True:
        _woken.wait(SWEEP_EVERY_S)
        _woken.clear()
        try:
            delivery.run_until_idle()
        except Exception:
            log.exception("orders could not be carried out; trying again")
            time.sleep(SWEEP_EVERY_S)
