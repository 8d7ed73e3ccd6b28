"""Carrying orders out: many short transactions with calls to the gateway between them, never inside.

This is the one place in core that is handed the door to the database instead of a session, because a command
must be written down before it leaves and its answer after (docs/decisions/0006). The rows are the truth at every
line: a worker that dies anywhere is replaced by one that reads them.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.access import rules, service
from core.access.gateway import GatewayDown, Outputs, RelayGateway, open_gateway
from core.access.models import OrderKind, Outcome
from core.access.service import Claim
from core.config import AccessTiming, Config
from core.db import Database, Writer
from core.permissions import system
from core.telemetry.rules.states import is_relay_on

log = logging.getLogger(__name__)

ACTOR = system("access delivery", "access:deliver")
TICK_S = 0.25
READ_BACK_EVERY_S = 0.75
# Below Wialon's ten requests at a time for one session, with room for reading back.
SENDERS = 6


@dataclass
class Delivery:
    """One worker's hands. `transaction` is the door to the database, `now` the clock of the edge."""

    transaction: Callable[[], AbstractContextManager[Writer]]
    gateway: RelayGateway
    now: Callable[[], datetime]
    timing: AccessTiming
    worker: str
    _busy: set[uuid.UUID] = field(default_factory=set)
    _heard: dict[str, Outputs] = field(default_factory=dict)
    _asked_at: dict[str, datetime] = field(default_factory=dict)
    _reading_back: Future[None] | None = None
    _read_back_at: float = 0.0

    def run_until_idle(self) -> int:
        """Drive open orders until none is left to this worker; returns how many ticks that took.

        This thread only decides. Whatever asks the gateway runs in others, so that a gateway that hangs holds up
        no verdict.
        """
        ticks = 0
        with (
            ThreadPoolExecutor(SENDERS, thread_name_prefix="access-send") as senders,
            ThreadPoolExecutor(1, thread_name_prefix="access-read") as reader,
        ):
            while claims := self._claim():
                ticks += 1
                self._start_reading_back(claims, reader)
                for claim in claims:
                    if claim.job_id not in self._busy:
                        self._take_step(claim, senders)
                time.sleep(TICK_S)
        return ticks

    def _claim(self) -> list[Claim]:
        with self.transaction() as session:
            return service.claim_open_jobs(session, actor=ACTOR, at=self.now(), worker=self.worker, timing=self.timing)

    def _start_reading_back(self, claims: list[Claim], reader: ThreadPoolExecutor) -> None:
        """Ask the gateway what the relays say, once for all orders of which a command has left."""
        waiting = [claim.device_uid for claim in claims if claim.job.attempts]
        is_asking = self._reading_back is not None and not self._reading_back.done()
        if waiting and not is_asking and time.monotonic() - self._read_back_at >= READ_BACK_EVERY_S:
            self._read_back_at = time.monotonic()
            self._reading_back = reader.submit(self._read_back, waiting)

    def _read_back(self, device_uids: list[str]) -> None:
        asked_at = self.now()
        try:
            self._heard = self.gateway.read_outputs(device_uids)
            self._asked_at = dict.fromkeys(device_uids, asked_at)
        except GatewayDown as problem:
            log.warning("relays could not be read back: %s", problem)
        except Exception:
            log.exception("relays could not be read back")

    def _take_step(self, claim: Claim, senders: ThreadPoolExecutor) -> None:
        step = rules.next_step(
            claim.job,
            vehicle=claim.vehicle,
            readings=[*service.own_readings(claim), *self._gateway_readings(claim)],
            at=self.now(),
            timing=self.timing,
        )
        match step:
            case rules.Wait(why) if why != claim.waiting_for:
                self._note_waiting(claim, why)
            case rules.Finish():
                self._conclude(claim, step)
            case rules.Send() if self._may_have_worked(claim):
                pass  # the reading back that is under way tells; then this order is looked at again
            case rules.Send(number):
                self._busy.add(claim.job_id)
                senders.submit(self._guarded, self._send, claim, number)
            case rules.LookUp(number):
                self._busy.add(claim.job_id)
                senders.submit(self._guarded, self._look_up, claim, number)

    def _may_have_worked(self, claim: Claim) -> bool:
        """Whether nobody has asked for the relay since the last lock command worked or died.

        A worker that takes an order over knows nothing yet, and must not lock again what the relay holds already.
        """
        if claim.job.kind is OrderKind.RELEASE or not claim.job.attempts:
            return False
        last = claim.job.attempts[-1]
        asked_at = self._asked_at.get(claim.device_uid)
        return asked_at is None or asked_at < last.started_at + timedelta(seconds=last.ttl_s)

    def _gateway_readings(self, claim: Claim) -> list[rules.RelayReading]:
        outputs = self._heard.get(claim.device_uid)
        if outputs is None:
            return []
        relay_on = is_relay_on(outputs.mask, relay_output=claim.relay_output, relay_inverted=claim.relay_inverted)
        assert relay_on is not None
        told_at = outputs.received_at + rules.whole_second_grace(claim.job.kind)
        return [rules.RelayReading(relay_on, told_at, "vialon_relay")]

    def _guarded(self, work: Callable[[Claim, int], None], claim: Claim, number: int) -> None:
        try:
            work(claim, number)
        except Exception:
            # The rows still say what must happen; the next tick, or the next worker, acts on them.
            log.exception("order %s: a step did not finish", claim.job_id)
        finally:
            self._busy.discard(claim.job_id)

    def _send(self, claim: Claim, number: int) -> None:
        with self.transaction() as session:
            may_leave = service.begin_attempt(
                session,
                actor=ACTOR,
                at=self.now(),
                worker=self.worker,
                job_id=claim.job_id,
                number=number,
                timing=self.timing,
            )
        if not may_leave:
            return
        answer = self.gateway.send(device_uid=claim.device_uid, kind=claim.job.kind, ttl_s=self.timing.command_ttl_s)
        self._record(claim, number, answer.outcome, answer.words)

    def _look_up(self, claim: Claim, number: int) -> None:
        attempt = claim.job.attempts[number - 1]
        try:
            arrived = self.gateway.was_logged(
                device_uid=claim.device_uid, kind=claim.job.kind, since=attempt.started_at
            )
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

    def _note_waiting(self, claim: Claim, why: str) -> None:
        with self.transaction() as session:
            service.note_waiting(
                session, actor=ACTOR, at=self.now(), worker=self.worker, job_id=claim.job_id, waiting_for=why
            )

    def _conclude(self, claim: Claim, finish: rules.Finish) -> None:
        with self.transaction() as session:
            service.conclude(
                session, actor=ACTOR, at=self.now(), worker=self.worker, job_id=claim.job_id, finish=finish
            )


def make_delivery(config: Config, database: Database, *, now: Callable[[], datetime], worker: str) -> Delivery:
    """The hands of one worker, with the gateway that the configuration names."""
    return Delivery(
        transaction=database.transaction,
        gateway=open_gateway(config),
        now=now,
        timing=config.access,
        worker=worker,
    )
