"""Carrying orders out: many short transactions with calls to the gateway between them, never inside.

This is the one place in core that is handed the door to the database instead of a session, because a command
must be written down before it leaves and its answer after (docs/decisions/0006). The rows are the truth at every
line: a worker that dies anywhere is replaced by one that reads them.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.access import rules, service
from core.access.gateway import Command, GatewayDown, Outputs, Relay, RelayGateway, Roads, open_roads
from core.access.models import OrderKind, Outcome
from core.access.service import Claim
from core.config import AccessLimits, AccessTiming, Config
from core.db import Database, Writer
from core.permissions import system
from core.telemetry.rules.states import is_relay_on
from core.vehicles.models import RelayGateway as Method

log = logging.getLogger(__name__)

ACTOR = system("access delivery", "access:deliver", "access:brake")
TICK_S = 0.25
READ_BACK_EVERY_S = 0.75
# Releases have hands of their own, which no lock can keep busy. All together stay below Wialon's ten requests at a
# time for one session, with room for reading back.
HANDS = {OrderKind.IMMOBILIZE: 5, OrderKind.RELEASE: 3}
Hands = Mapping[OrderKind, ThreadPoolExecutor]


@dataclass
class Ear:
    """What one road last told of the relays, and the asking that is under way."""

    road: RelayGateway
    heard: dict[str, Outputs] = field(default_factory=dict)
    asked_at: dict[str, datetime] = field(default_factory=dict)
    asking: Future[None] | None = None
    began_s: float = 0.0

    @property
    def is_free(self) -> bool:
        """Whether nobody asks at the moment and the last time is long enough ago."""
        is_asking = self.asking is not None and not self.asking.done()
        return not is_asking and time.monotonic() - self.began_s >= READ_BACK_EVERY_S


@dataclass
class Delivery:
    """One worker's hands. `transaction` is the door to the database, `now` the clock of the edge."""

    transaction: Callable[[], AbstractContextManager[Writer]]
    roads: Roads
    now: Callable[[], datetime]
    timing: AccessTiming
    limits: AccessLimits
    worker: str
    _busy: set[uuid.UUID] = field(default_factory=set)
    _ears: dict[Method, Ear] = field(init=False)

    def __post_init__(self) -> None:
        self._ears = {method: Ear(road) for method, road in self.roads.items()}

    def run_until_idle(self) -> int:
        """Drive open orders until none is left to this worker; returns how many ticks that took.

        This thread only decides. Whatever asks the gateway runs in others, so that a gateway that hangs holds up
        no verdict.
        """
        ticks = 0
        with (
            ThreadPoolExecutor(HANDS[OrderKind.IMMOBILIZE], thread_name_prefix="access-lock") as lockers,
            ThreadPoolExecutor(HANDS[OrderKind.RELEASE], thread_name_prefix="access-release") as releasers,
            ThreadPoolExecutor(len(self.roads), thread_name_prefix="access-read") as reader,
        ):
            hands = {OrderKind.IMMOBILIZE: lockers, OrderKind.RELEASE: releasers}
            while claims := self._claim():
                ticks += 1
                self._start_reading_back(claims, reader)
                steps = [(claim, self._decide(claim)) for claim in claims if claim.job_id not in self._busy]
                for claim, step in steps:
                    self._take_step(claim, step, hands)
                self._note_waiting(steps)
                time.sleep(TICK_S)
        return ticks

    def _claim(self) -> list[Claim]:
        with self.transaction() as session:
            return service.claim_open_jobs(session, actor=ACTOR, at=self.now(), worker=self.worker, timing=self.timing)

    def _start_reading_back(self, claims: list[Claim], reader: ThreadPoolExecutor) -> None:
        """Ask each road what its relays say, once for all orders of which a command has left."""
        for method, ear in self._ears.items():
            waiting = [claim.relay for claim in claims if claim.job.attempts and claim.method is method]
            if waiting and ear.is_free:
                ear.began_s = time.monotonic()
                ear.asking = reader.submit(self._read_back, ear, waiting)

    def _read_back(self, ear: Ear, relays: list[Relay]) -> None:
        asked_at = self.now()
        try:
            ear.heard = ear.road.read_outputs(relays)
            ear.asked_at = dict.fromkeys([relay.device_uid for relay in relays], asked_at)
        except GatewayDown as problem:
            log.warning("relays could not be read back: %s", problem)
        except Exception:
            log.exception("relays could not be read back")

    def _decide(self, claim: Claim) -> rules.Step:
        return rules.next_step(
            claim.job,
            inputs=claim.inputs,
            readings=[*service.own_readings(claim), *self._gateway_readings(claim)],
            at=self.now(),
            timing=self.timing,
            limits=self.limits,
        )

    def _take_step(self, claim: Claim, step: rules.Step, hands: Hands) -> None:
        match step:
            case rules.Finish():
                self._conclude(claim, step)
            case rules.Send() if self._may_have_worked(claim):
                pass  # the reading back that is under way tells; then this order is looked at again
            case rules.Send(number):
                self._busy.add(claim.job_id)
                hands[claim.job.kind].submit(self._guarded, self._send, claim, number)
            case rules.LookUp(number):
                self._busy.add(claim.job_id)
                hands[claim.job.kind].submit(self._guarded, self._look_up, claim, number)

    def _may_have_worked(self, claim: Claim) -> bool:
        """Whether nobody has asked for the relay since the last lock command worked or died.

        A worker that takes an order over knows nothing yet, and must not lock again what the relay holds already.
        """
        if claim.job.kind is OrderKind.RELEASE or not claim.job.attempts:
            return False
        last = claim.job.attempts[-1]
        asked_at = self._ears[claim.method].asked_at.get(claim.relay.device_uid)
        return asked_at is None or asked_at < last.started_at + timedelta(seconds=last.ttl_s)

    def _gateway_readings(self, claim: Claim) -> list[rules.RelayReading]:
        outputs = self._ears[claim.method].heard.get(claim.relay.device_uid)
        if outputs is None:
            return []
        relay_on = is_relay_on(outputs.mask, relay_output=claim.relay.output, relay_inverted=claim.relay.inverted)
        assert relay_on is not None
        told_at = outputs.received_at + rules.whole_second_grace(claim.job.kind)
        return [rules.RelayReading(relay_on, told_at, claim.method)]

    def _guarded(self, work: Callable[[Claim, int], None], claim: Claim, number: int) -> None:
        try:
            work(claim, number)
        except Exception:
            # The rows still say what must happen; the next tick, or the next worker, acts on them.
            log.exception("order %s: a step did not finish", claim.job_id)
        finally:
            self._busy.discard(claim.job_id)

    def _send(self, claim: Claim, number: int) -> None:
        given_at = self.now()
        with self.transaction() as session:
            may_leave = service.begin_attempt(
                session,
                actor=ACTOR,
                at=given_at,
                worker=self.worker,
                job_id=claim.job_id,
                number=number,
                timing=self.timing,
                limits=self.limits,
            )
        if not may_leave:
            return
        command = _command(claim, number, given_at, self.timing.command_ttl_s)
        answer = self.roads[claim.method].send(command)
        self._record(claim, number, answer.outcome, answer.words)

    def _look_up(self, claim: Claim, number: int) -> None:
        attempt = claim.job.attempts[number - 1]
        try:
            command = _command(claim, number, attempt.started_at, attempt.ttl_s)
            arrived = self.roads[claim.method].was_logged(command)
        except GatewayDown as problem:
            log.warning("order %s: the log could not be read: %s", claim.job_id, problem)
            time.sleep(TICK_S)
            return
        if arrived:
            self._record(claim, number, Outcome.ACCEPTED, "Found in the gateway's log.")
        else:
            self._record(claim, number, Outcome.NEVER_ARRIVED, "Not in the gateway's log.")

    def _record(self, claim: Claim, number: int, outcome: Outcome, words: str) -> None:
        with self.transaction() as session:
            service.record_answer(
                session,
                actor=ACTOR,
                at=self.now(),
                job_id=claim.job_id,
                number=number,
                outcome=outcome,
                answer=words,
            )

    def _note_waiting(self, steps: Sequence[tuple[Claim, rules.Step]]) -> None:
        """In one transaction for all: a hundred locks that wait must not keep a release waiting for its turn."""
        news = {c.job_id: s.why for c, s in steps if isinstance(s, rules.Wait) and s.why != c.waiting_for}
        if news:
            with self.transaction() as session:
                service.note_waiting(session, actor=ACTOR, at=self.now(), worker=self.worker, waiting_for=news)

    def _conclude(self, claim: Claim, finish: rules.Finish) -> None:
        with self.transaction() as session:
            service.conclude(
                session,
                actor=ACTOR,
                at=self.now(),
                worker=self.worker,
                job_id=claim.job_id,
                finish=finish,
                limits=self.limits,
            )


def _command(claim: Claim, number: int, given_at: datetime, ttl_s: int) -> Command:
    return Command(claim.job_id, number, claim.job.kind, claim.relay, given_at, ttl_s)


def make_delivery(config: Config, database: Database, *, now: Callable[[], datetime], worker: str) -> Delivery:
    """The hands of one worker, with the roads that the configuration names."""
    return Delivery(
        transaction=database.transaction,
        roads=open_roads(config, database),
        now=now,
        timing=config.access,
        limits=config.access_limits,
        worker=worker,
    )
