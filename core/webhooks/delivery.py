"""Delivering: facts become messages, messages are sent by many threads, and what was answered is written down.

Like the delivery of orders, this is handed the door to the database instead of a session: a message is claimed in
one transaction, sent outside of any, and its answer written in another (docs/decisions/0019). The rows are the truth at
every line: what a worker that died had in its hands is sent again by another, with the same `webhook-id`.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson

from core.config import Config
from core.db import Database
from core.permissions import system
from core.webhooks import queries, service
from core.webhooks.gateway import HttpSender, Sender
from core.webhooks.gateway.sending import TIMEOUT_S
from core.webhooks.rules.catalog import public_id
from core.webhooks.rules.retries import Answer
from core.webhooks.rules.signing import sign
from core.webhooks.service import Claim, Result
from core.webhooks.service.addresses import allowed_by
from core.webhooks.service.secrets import unseal

log = logging.getLogger(__name__)

ACTOR = system("webhook delivery", "webhooks:deliver")
TICK_S = 0.25
# How many messages may be on their way to one endpoint, each about another subject; one that fails is tried by one.
LANES, LANES_WHEN_FAILING = 16, 1
# Endpoints that fail have threads of their own, so that however many hang, the others are not held up.
SENDERS, SENDERS_TO_FAILING = 48, 16
# A claim that is so near its end is left to the next worker: two must never send one message at the same time.
_MARGIN = timedelta(seconds=TIMEOUT_S + 5)


@dataclass
class Delivery:
    """One worker's hands. `now` is the clock of the edge, `key` what the secrets are sealed with."""

    database: Database
    sender: Sender
    now: Callable[[], datetime]
    key: bytes
    worker: str
    _well: ThreadPoolExecutor = field(init=False)
    _failing: ThreadPoolExecutor = field(init=False)
    _under_way: Counter[int] = field(default_factory=Counter)
    _busy: Counter[bool] = field(default_factory=Counter)
    _done: queue.SimpleQueue[tuple[Result | None, int, bool]] = field(default_factory=queue.SimpleQueue)
    _unwritten: defaultdict[int, list[Result]] = field(default_factory=lambda: defaultdict(list))
    _woken: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._well = ThreadPoolExecutor(SENDERS, thread_name_prefix="webhooks")
        self._failing = ThreadPoolExecutor(SENDERS_TO_FAILING, thread_name_prefix="webhooks-failing")

    def run(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Deliver until told to stop. Facts and due messages are looked for four times a second."""
        look_at = 0.0
        while not until():
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + TICK_S
                self.read_facts()
                self.take_turns(self._due())
            else:
                self.take_turns([])
            self._woken.wait(max(look_at - time.monotonic(), 0.0))
            self._woken.clear()

    def run_until_idle(self) -> None:
        """Make and send whatever is due by now, and write down all the answers."""
        while True:
            made = self.read_facts()
            done = self.take_turns(self._due())
            if self._under_way.total():
                self._woken.wait(TICK_S)
                self._woken.clear()
            elif not made and not done:
                return

    def read_facts(self) -> int:
        """Make messages of the facts that were published; returns how many."""
        with self.database.reading() as reader:
            endpoint_ids = queries.list_to_read(reader, at=self.now())
        made = 0
        for endpoint_id in endpoint_ids:
            try:
                with self.database.transaction() as session:
                    made += service.read_facts(session, actor=ACTOR, at=self.now(), endpoint_id=endpoint_id)
            except Exception:
                # Nothing of it was written; the others are not to wait for this one.
                log.exception("endpoint %s: facts were not read", endpoint_id)
        return made

    def take_turns(self, due: list[int]) -> int:
        """Write down what was answered, and send what is next to those endpoints and to the due.

        Returns how many were written down and sent.
        """
        self._gather()
        done = 0
        for endpoint_id in {*due, *self._unwritten}:
            try:
                done += self._take_turn(endpoint_id)
            except Exception:
                # The answers are kept and written at the next turn.
                log.exception("endpoint %s: a turn did not finish", endpoint_id)
        return done

    def close(self) -> None:
        """Wait for what is on its way and let the threads end."""
        self._well.shutdown()
        self._failing.shutdown()

    def _due(self) -> list[int]:
        with self.database.reading() as reader:
            return queries.list_due(reader, at=self.now())

    def _gather(self) -> None:
        while True:
            try:
                result, endpoint_id, is_failing = self._done.get_nowait()
            except queue.Empty:
                return
            self._under_way[endpoint_id] -= 1
            self._busy[is_failing] -= 1
            if result is not None:
                self._unwritten[endpoint_id].append(result)

    def _take_turn(self, endpoint_id: int) -> int:
        under_way = self._under_way[endpoint_id]
        with self.database.transaction() as session:
            turn = service.take_turn(
                session,
                actor=ACTOR,
                at=self.now(),
                endpoint_id=endpoint_id,
                worker=self.worker,
                results=self._unwritten[endpoint_id],
                room=min(LANES - under_way, SENDERS - self._busy[False]),
                room_when_failing=min(LANES_WHEN_FAILING - under_way, SENDERS_TO_FAILING - self._busy[True]),
            )
        written = len(self._unwritten.pop(endpoint_id))
        threads = self._failing if turn.is_failing else self._well
        for claim in turn.claims:
            self._under_way[endpoint_id] += 1
            self._busy[turn.is_failing] += 1
            threads.submit(self._send, claim, turn.is_failing)
        return written + len(turn.claims)

    def _send(self, claim: Claim, is_failing: bool) -> None:
        result = None
        try:
            result = self._deliver(claim)
        except Exception as problem:
            log.exception("message %s was not sent", public_id(claim.public_id))
            result = Result(claim, self.now(), Answer(None, f"Not sent: {type(problem).__name__}.", 0))
        finally:
            self._done.put((result, claim.endpoint_id, is_failing))
            self._woken.set()

    def _deliver(self, claim: Claim) -> Result | None:
        at = self.now()
        if at > claim.claimed_until - _MARGIN:
            return None
        secrets = [unseal(self.key, sealed, endpoint_id=claim.endpoint_id) for sealed in claim.sealed_secrets]
        body = orjson.dumps({name: claim.body[name] for name in ("type", "timestamp", "data")})
        signed = sign(message_id=public_id(claim.public_id), at=at, body=body, secrets_in_use=secrets)
        headers = {"content-type": "application/json", "user-agent": "Equinomix-Webhooks/1", **signed}
        return Result(claim, at, self.sender.post(claim.url, headers=headers, body=body))


def make_delivery(config: Config, database: Database, *, now: Callable[[], datetime], worker: str) -> Delivery:
    """The hands of one worker, calling what the configuration lets be called."""
    return Delivery(database, HttpSender(allowed_by(config)), now, service.sealing_key(config), worker)
