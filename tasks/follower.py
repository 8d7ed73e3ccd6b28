"""The follower process: it turns stored points into whatever is derived from them, woken by each batch."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import FrameType

from psycopg import Connection

from core import clock, config, db, health, outbox
from core.db import Reader
from core.events.following import FencesOf, Follower, Kinds, make_follower
from core.events.queries import FenceSource
from core.events.rules.catalog import DETECTORS
from core.permissions import system
from core.telemetry.rules.derivations import DERIVATIONS
from tasks.subscriptions import SUBSCRIPTIONS

log = logging.getLogger(__name__)

ACTOR = system("follower", "events:detect", "health:beat")
GATHER_S = 0.05
BEAT_EVERY_S = 2.0
LOCK = "follower"
# After these, what detectors may look at besides the points is read again at once.
RENEWING = tuple(
    name for name in SUBSCRIPTIONS if name.startswith(("vehicles.", "events.geofence_", "telemetry.mileage_"))
)
# What is derived and detected, in the order in which it is asked.
KINDS: Kinds = (*DERIVATIONS, *DETECTORS)


def run() -> None:
    """Follow until told to stop."""
    fences = FenceSource(ACTOR, kept=timedelta(days=config.current().raw_retention_days))
    Process(KINDS, lambda reader: fences.read(reader, at=clock.now()).of_park).run()


class Process:
    """One run, until SIGTERM or SIGINT: the chunk at hand is finished first."""

    def __init__(self, kinds: Kinds, load_fences: Callable[[Reader], FencesOf]) -> None:
        self._stopping = threading.Event()
        self._follower = make_follower(
            config.current(),
            db.current(),
            now=clock.now,
            kinds=kinds,
            load_fences=load_fences,
            renewing_facts=RENEWING,
            must_stop=self._stopping.is_set,
        )

    def run(self) -> None:
        """Follow until told to stop. A lost database connection is opened again."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self._stopping.is_set():
            try:
                self._run_connected()
            except db.AWAY as problem:
                log.warning("the database is away: %s", problem)
                self._stopping.wait(1)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping.set()

    def _run_connected(self) -> None:
        with db.current().listen(outbox.CHANNEL) as listening:
            if not self._has_turn(listening):
                # Another follower is at work; this one takes over when it ends.
                self._stopping.wait(1)
                return
            beating = threading.Thread(target=self._beat, args=(done := threading.Event(),), daemon=True)
            beating.start()
            try:
                while not self._stopping.is_set():
                    if self._follower.follow().is_done:
                        for _ in listening.notifies(timeout=1.0, stop_after=1):
                            pass
                        time.sleep(GATHER_S)
            finally:
                done.set()
                beating.join()

    def _has_turn(self, listening: Connection[tuple[bool]]) -> bool:
        """Hold the lock of the one follower at work for as long as this connection lives."""
        row = listening.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (LOCK,)).fetchone()
        return row is not None and row[0]

    def _beat(self, done: threading.Event) -> None:
        while not done.is_set():
            try:
                beat(self._follower)
            except db.AWAY as problem:
                log.warning("no sign of life: %s", problem)
            done.wait(BEAT_EVERY_S)


def beat(follower: Follower) -> None:
    """Say that the follower is alive, and for how long the oldest point it has not seen has been there."""
    with db.current().transaction() as session:
        health.beat(
            session,
            actor=ACTOR,
            at=clock.now(),
            process="follower",
            lag_ms=follower.lag_ms(),
            words=follower.words(),
        )
