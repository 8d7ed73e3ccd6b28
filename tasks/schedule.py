"""What happens when: the scheduler process. It relays facts, keeps the tables cut by day, judges
drivers, and probes the workers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from core import clock, config, db, health, outbox, sealing
from core.audit_health import ask_for_verification
from core.audit_keeping import make_signer, witness_file
from core.identity.service import open_post
from core.permissions import system
from tasks import assignments, audit, inbox, orders, ratings, standings, tokens, webhooks
from tasks.app import queue
from tasks.health import probe
from tasks.notices import advance_due
from tasks.relay import relay
from tasks.sessions import forget_old
from tasks.storage import keep_storage

log = logging.getLogger(__name__)

ACTOR = system("scheduler", "health:beat")
KEEPER = system("hourly check", "audit:read")
CHECKER = audit.Checker()
MOST_WAITING = 5
# Facts come in bursts; one round for each burst is enough.
GATHER_S = 0.05


@dataclass
class Timed:
    """Something done every so often; `due` is by the monotonic clock, so a changed wall clock skips nothing."""

    what: Callable[[], None]
    every: timedelta
    due: float = field(default=0.0)

    def run_if_due(self, now_s: float) -> None:
        """Do it when its time has come; a failure is logged and it is tried again at the next time."""
        if now_s < self.due:
            return
        self.due = now_s + self.every.total_seconds()
        try:
            self.what()
        except Exception:
            log.exception("%s did not finish", self.what.__name__)


def run() -> None:
    """Run for ever. A lost database connection is opened again; nothing is kept in memory that rows do not say."""
    timed = [
        Timed(watch_locks, timedelta(seconds=2)),
        Timed(place_entries, timedelta(seconds=1)),
        Timed(sign_log, timedelta(minutes=1)),
        Timed(ask_for_check, timedelta(hours=1)),
        Timed(verify_log, timedelta(seconds=2)),
        Timed(cut_days, timedelta(minutes=10)),
        Timed(forget, timedelta(hours=1)),
        Timed(clear_webhooks, timedelta(hours=1)),
        Timed(keep_tokens, timedelta(minutes=10)),
        Timed(make_shifts, timedelta(hours=1)),
        Timed(advance_notices, timedelta(seconds=3)),
        Timed(judge_drivers, timedelta(seconds=30)),
        Timed(follow_inbox, timedelta(seconds=2)),
        Timed(sweep_inbox, timedelta(minutes=1)),
        Timed(write_inbox_letters, timedelta(seconds=30)),
        Timed(rate_drivers, timedelta(minutes=1)),
        Timed(ask_worker, timedelta(seconds=2)),
        Timed(beat, timedelta(seconds=2)),
    ]
    while True:
        try:
            _run_connected(timed)
        except db.AWAY as problem:
            log.warning("the database is away: %s", problem)
            time.sleep(1)


def _run_connected(timed: list[Timed]) -> None:
    database = db.current()
    with database.listen(outbox.CHANNEL) as listening:
        while True:
            relay(database, at=clock.now())
            for job in timed:
                job.run_if_due(time.monotonic())
            # A burst of facts is answered once; without any, the sweep comes round every second.
            for _ in listening.notifies(timeout=1.0, stop_after=1):
                pass
            time.sleep(GATHER_S)


def cut_days() -> None:
    """Make the partitions of the days ahead and drop those past retention. What was in use is tried again next time."""
    dropped = keep_storage(db.current(), at=clock.now(), retention=config.current().retention)
    if dropped:
        log.info("dropped %s", ", ".join(dropped))


def watch_locks() -> None:
    """Look how much was locked."""
    orders.watch_share(db.current(), at=clock.now(), limits=config.current().access_limits)


def forget() -> None:
    """Forget sessions, letters and counts that are over."""
    forget_old(db.current(), at=clock.now())


def clear_webhooks() -> None:
    """Clear the messages to webhook endpoints that are no longer kept."""
    cleared = webhooks.clear_old(db.current(), at=clock.now())
    if cleared:
        log.info("cleared %s messages to webhook endpoints", cleared)


def keep_tokens() -> None:
    """Clear away what is finished of the authorization server, and change its signing key once a month."""
    secret = sealing.load_secret(config.current())
    made = tokens.keep_tokens(db.current(), at=clock.now(), secret=secret)
    if made:
        log.info("made the signing key %s", made)


def advance_notices() -> None:
    """Warn drivers whose vehicles are to be locked, and arm the orders whose grace is over."""
    settings = config.current()
    advance_due(db.current(), at=clock.now(), timing=settings.access, post=open_post(settings))


def make_shifts() -> None:
    """Make the shifts that come back, two weeks ahead."""
    made = assignments.make_ahead(db.current(), at=clock.now())
    if made:
        log.info("made %s shifts ahead", made)


def judge_drivers() -> None:
    """Judge the drivers whose standing time has changed."""
    standings.judge_due(db.current(), at=clock.now(), thresholds=config.current().standing)


def follow_inbox() -> None:
    """Let the inbox follow what was told since the last round."""
    inbox.follow(db.current(), at=clock.now())


def sweep_inbox() -> None:
    """Let the inbox follow everything, told or not, and time."""
    inbox.sweep(db.current(), at=clock.now())


def write_inbox_letters() -> None:
    """Write to those whom the inbox is to tell."""
    inbox.write_letters(db.current(), at=clock.now(), post=open_post(config.current()))


def rate_drivers() -> None:
    """Rate the drivers who have no rating of the day, release feedback, and escalate appeals."""
    ratings.keep_ratings(db.current(), at=clock.now(), thresholds=config.current().standing)


def place_entries() -> None:
    """Give what was written to the audit table its places in the log."""
    audit.append(db.current())


def sign_log() -> None:
    """Sign the audit log as it is."""
    settings = config.current()
    signer, witness = make_signer(settings), witness_file(settings)
    audit.sign(db.current(), at=clock.now(), signer=signer, witness=witness)


def ask_for_check() -> None:
    """The whole audit log is checked once an hour, asked or not."""
    with db.current().transaction() as session:
        ask_for_verification(session, actor=KEEPER, at=clock.now())


def verify_log() -> None:
    """Begin to check the whole audit log, if somebody asked for it."""
    settings = config.current()
    CHECKER.begin_if_asked(db.current(), signer=make_signer(settings), witness=witness_file(settings))


def ask_worker() -> None:
    """Send a probe through the queue, unless earlier ones still wait there: a stuck queue is not made longer."""
    if len(queue) < MOST_WAITING:
        probe(asked_at=clock.now().isoformat())


def beat() -> None:
    """Say that the scheduler is alive; its lag is what relaying one round takes."""
    began = time.monotonic()
    relay(db.current(), at=clock.now())
    lag_ms = (time.monotonic() - began) * 1000
    with db.current().transaction() as session:
        health.beat(session, actor=ACTOR, at=clock.now(), process="scheduler", lag_ms=lag_ms)
