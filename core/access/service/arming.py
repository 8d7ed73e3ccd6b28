"""How an approved order gets on the road: the grace first, where there is one, then armed until it is safe."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.access.models import ImmobilizationJob as Job
from core.access.models import JobState
from core.access.rules import FairnessInputs
from core.access.service.verdict import tell
from core.config import AccessTiming
from core.db import Writer
from core.permissions import Actor

# A driver who cannot be told within this is not locked by surprise: the order expires.
TELL_WITHIN = timedelta(days=30)


def set_out(
    session: Writer, job: Job, *, fairness: FairnessInputs, actor: Actor, at: datetime, timing: AccessTiming
) -> None:
    """After the approval: tell the driver where the law asks for it, otherwise arm."""
    if not fairness.warnings or job.is_break_glass:
        arm(session, job, actor=actor, at=at, timing=timing)
        return
    job.state, job.waiting_for = JobState.NOTIFIED, "the driver to be warned"
    job.expires_at, job.look_at = at + TELL_WITHIN, at
    tell(session, job, actor=actor, at=at, action="grace_begun", warnings=fairness.as_inputs()["warnings"])


def arm(session: Writer, job: Job, *, actor: Actor, at: datetime, timing: AccessTiming) -> None:
    """From now on it leaves as soon as it is safe, and expires if it never is."""
    was_told = job.state is JobState.NOTIFIED
    for_s = timing.arm_after_grace_s if was_told else timing.arm_for_s
    job.state, job.waiting_for = JobState.ARMED, "a worker to take it"
    job.armed_at, job.expires_at = at, at + timedelta(seconds=for_s)
    tell(session, job, actor=actor, at=at, action="armed", expires_at=job.expires_at.isoformat())
