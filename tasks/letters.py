"""Letters: one thread of each worker gives them to the mail server, woken by a new one and by itself now and then."""

from __future__ import annotations

import logging
import threading
import time

from core import clock, config, db
from core.config import Config
from core.db import Database
from core.identity import service
from core.permissions import system

log = logging.getLogger(__name__)

ACTOR = system("letters", "identity:maintain")
SWEEP_EVERY_S = 15.0
_woken = threading.Event()


def send(*, letter_id: int) -> None:
    """Wake the thread that sends. The letter itself is a row, so a lost nudge costs some seconds."""
    _woken.set()


def answer_reset(*, request_id: int) -> None:
    """Write a link to whoever asked for a new password, if we know them."""
    with db.current().transaction() as session:
        post = service.open_post(config.current())
        service.answer_reset_request(session, actor=ACTOR, at=clock.now(), request_id=request_id, post=post)


def start_sending() -> threading.Thread:
    """Start the thread. Its sweep also sends what a dead worker left, and tries again what was not taken."""
    thread = threading.Thread(target=_send_for_ever, name="letters", daemon=True)
    thread.start()
    return thread


def send_due(settings: Config, database: Database) -> int:
    """Send every letter whose time has come, each between two transactions; returns how many the mail server took."""
    key, mailer, taken = service.letter_key(settings), service.open_mailer(settings.mail), 0
    while True:
        with database.transaction() as session:
            claimed = service.take_letter(session, actor=ACTOR, at=clock.now(), key=key)
        if claimed is None:
            return taken
        problem = service.send(claimed, mailer=mailer)
        with database.transaction() as session:
            again_at = service.settle_letter(session, actor=ACTOR, at=clock.now(), claimed=claimed, problem=problem)
        if problem is None:
            taken += 1
        else:
            # Not why: a mail server repeats the address. That is for administrators, beside the person.
            log.warning("letter %s was not sent, next attempt %s", claimed.id, again_at or "none: given up")


def _send_for_ever() -> None:
    while True:
        _woken.wait(SWEEP_EVERY_S)
        _woken.clear()
        try:
            send_due(config.current(), db.current())
        except Exception:
            log.exception("letters could not be sent; trying again")
            time.sleep(SWEEP_EVERY_S)
