"""How an order ends, and how each of its steps is told: to the audit table and as a fact, in the same transaction."""

from __future__ import annotations

from datetime import datetime

from core import audit, outbox
from core.access.models import ImmobilizationJob as Job
from core.access.models import JobState
from core.db import Writer
from core.permissions import Actor


def finish(session: Writer, job: Job, *, actor: Actor, at: datetime, state: JobState, verdict: str) -> None:
    """Write a verdict: the order is over, and nobody holds it any more."""
    job.state, job.verdict, job.finished_at = state, verdict, at
    job.waiting_for, job.claimed_by, job.claimed_until = None, None, None
    tell(session, job, actor=actor, at=at, action=state, verdict=verdict, evidence=job.evidence)


def tell(session: Writer, job: Job, *, actor: Actor, at: datetime, action: str, **detail: object) -> None:
    """One step: its audit entry and its fact, in the transaction of the step itself."""
    audit.record(
        session,
        actor=actor,
        at=at,
        action=f"access.{job.kind}_{action}",
        subject=("immobilization", job.id),
        vehicle_id=job.vehicle_id,
        **detail,
    )
    finished = "access.job_changed" if job.state.is_open else "access.job_finished"
    outbox.publish(session, finished, at=at, job_id=str(job.id), vehicle_id=job.vehicle_id)
