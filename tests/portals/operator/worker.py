"""The steps of a worker, taken one by one by the product's own verbs, so that a page can be read between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.access import rules, service
from core.access.models import JobState, Outcome
from core.access.service import Claim
from core.config import AccessTiming
from core.db import Database
from core.permissions import system
from tests.orders import PLENTY

ACTOR = system("worker")
TIMING = AccessTiming()


@dataclass(frozen=True)
class Worker:
    """One worker called `tests`."""

    database: Database

    def wait_for(self, why: str, *, at: datetime) -> None:
        """Look at the only open order and say what it waits for."""
        job_id = self._claim(at)
        with self.database.transaction() as session:
            service.note_waiting(session, actor=ACTOR, at=at, worker="tests", waiting_for={job_id: why})

    def send(self, number: int, outcome: Outcome | None, answer: str = "", *, at: datetime) -> None:
        """Send one attempt of the only open order; with an outcome, hear its answer too."""
        job_id = self._claim(at)
        with self.database.transaction() as session:
            left = service.begin_attempt(
                session, actor=ACTOR, at=at, worker="tests", job_id=job_id, number=number, timing=TIMING, limits=PLENTY
            )
        assert left, "the rules did not let the command leave"
        if outcome is not None:
            with self.database.transaction() as session:
                service.record_answer(
                    session, actor=ACTOR, at=at, job_id=job_id, number=number, outcome=outcome, answer=answer
                )

    def conclude(self, state: JobState, verdict: str, *, at: datetime, relay_on: bool | None = None) -> None:
        """Write the verdict of the only open order."""
        job_id = self._claim(at)
        proof = None if relay_on is None else rules.RelayReading(relay_on, at, "telemetry")
        with self.database.transaction() as session:
            service.conclude(
                session,
                actor=ACTOR,
                at=at,
                worker="tests",
                job_id=job_id,
                finish=rules.Finish(state, verdict, proof),
                limits=PLENTY,
            )

    def _claim(self, at: datetime) -> UUID:
        with self.database.transaction() as session:
            claims: list[Claim] = service.claim_open_jobs(session, actor=ACTOR, at=at, worker="tests", timing=TIMING)
        assert len(claims) == 1
        return claims[0].job_id
