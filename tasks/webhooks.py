"""Webhooks: one thread of each worker delivers them, by rows alone; and the old ones are cleared."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from datetime import datetime

from core import clock, config, db
from core.db import Database
from core.permissions import system
from core.webhooks import service
from core.webhooks.delivery import make_delivery

log = logging.getLogger(__name__)

ACTOR = system("webhook upkeep", "webhooks:deliver")
PAUSE_S = 1.0


def start_delivery() -> threading.Thread:
    """Start the thread. It looks for facts and due messages by itself, so nothing needs to wake it."""
    thread = threading.Thread(target=_deliver_for_ever, name="webhooks-delivery", daemon=True)
    thread.start()
    return thread


def clear_old(database: Database, *, at: datetime) -> int:
    """Delete the messages that are no longer kept, in transactions of a few thousand; returns how many."""
    cleared = 0
    while True:
        with database.transaction() as session:
            count = service.clear_old(session, actor=ACTOR, at=at)
        cleared += count
        if count == 0:
            return cleared


def _deliver_for_ever() -> None:
    worker = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
    delivery = make_delivery(config.current(), db.current(), now=clock.now, worker=worker)
    while True:
        try:
            delivery.run()
        except Exception:
            log.exception("webhooks could not be delivered; trying again")
            time.sleep(PAUSE_S)
