"""What comes next for an order in the hands of a worker, and what proves that it was carried out. Pure.

Whether a lock may leave is the policy's to say; a release is never refused. Sources: ACC-3 to ACC-5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.access.models import JobState, OrderKind, Outcome
from core.access.rules.policy import Decision, PolicyInputs, Verdict, decide
from core.access.rules.safety import say_age
from core.config import AccessLimits, AccessTiming


@dataclass(frozen=True, slots=True)
class Attempt:
    """One command as the rules see it."""

    number: int
    started_at: datetime
    ttl_s: int
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Job:
    """One order as the rules see it."""

    kind: OrderKind
    ordered_at: datetime
    armed_at: datetime
    expires_at: datetime
    started_at: datetime | None
    quiet_after: datetime | None
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class RelayReading:
    """The relay as somebody reported it, and when that report was received. `source` names who."""

    relay_on: bool
    received_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do yet; `why` is what the screen shows."""

    why: str


@dataclass(frozen=True, slots=True)
class Send:
    """Give the command now, as attempt `number`."""

    number: int


@dataclass(frozen=True, slots=True)
class LookUp:
    """Nobody knows whether attempt `number` arrived: read the gateway's log before anything else."""

    number: int


@dataclass(frozen=True, slots=True)
class Finish:
    """The verdict, in words, and what proves it."""

    state: JobState
    verdict: str
    proof: RelayReading | None = None


Step = Wait | Send | LookUp | Finish


def next_step(
    job: Job,
    *,
    inputs: PolicyInputs | None,
    readings: Sequence[RelayReading],
    at: datetime,
    timing: AccessTiming,
    limits: AccessLimits,
) -> Step:
    """What is to be done for `job` now. `readings` are the latest of each source, the vehicle's own included.

    `inputs` are what the policy judges a lock by; a release is not judged.
    """
    proof = find_proof(job, readings, at=at, timing=timing)
    if proof is not None:
        return Finish(JobState.CONFIRMED, _confirmed_words(job), proof)
    if job.kind is OrderKind.RELEASE:
        return _next_release_step(job, at=at, timing=timing)
    assert inputs is not None
    decision = decide(inputs, at=at, timing=timing, limits=limits)
    if job.started_at is None:
        return _next_armed_step(job, decision, at=at)
    return _next_lock_step(job, decision, at=at, timing=timing)


def find_proof(
    job: Job, readings: Sequence[RelayReading], *, at: datetime, timing: AccessTiming
) -> RelayReading | None:
    """The reading that proves the order carried out, or None.

    It must show the relay as ordered and have been received after the first command left (a released relay:
    also after every lock command still on its way has died). Before any command left, a fresh reading of a
    relay that is already so proves a lock; a release always sends at least once.
    """
    wanted = job.kind is OrderKind.IMMOBILIZE
    since = _earliest_proof(job)
    if since is None:
        if job.kind is OrderKind.RELEASE:
            return None
        since = max(job.ordered_at, at - timedelta(seconds=timing.fix_max_age_s))
    if job.quiet_after is not None:
        since = max(since, job.quiet_after)
    proofs = [r for r in readings if r.relay_on is wanted and r.received_at >= since]
    against = [r for r in readings if r.relay_on is not wanted and r.received_at >= since]
    newest = max(proofs, key=lambda r: r.received_at, default=None)
    if newest is None or any(r.received_at > newest.received_at for r in against):
        return None
    return newest


def _earliest_proof(job: Job) -> datetime | None:
    """From when a reading can prove the order, by the first command; None before one has left.

    A released relay may have been told in the same whole second in which the command left, under that second's
    beginning. What is then read as off was off when no lock of ours could switch it on any more (`quiet_after`).
    """
    if not job.attempts:
        return None
    told_in_whole_seconds = timedelta(seconds=1 if job.kind is OrderKind.RELEASE else 0)
    return job.attempts[0].started_at - told_in_whole_seconds


def whole_second_grace(kind: OrderKind) -> timedelta:
    """What to add to a time told in whole seconds, which may be up to a second later than it says.

    That second is given to a lock, which an older report could not prove wrongly: the relay holds either way.
    """
    return timedelta(seconds=1 if kind is OrderKind.IMMOBILIZE else 0)


def _next_armed_step(job: Job, decision: Decision, *, at: datetime) -> Step:
    if decision.code == "unfair":
        return Finish(JobState.CANCELLED, f"No longer: {decision.words}")
    if at >= job.expires_at:
        waited = say_age((job.expires_at - job.armed_at).total_seconds())
        last = "" if decision.code == "expired" else f"; the last thing waited for: {decision.words}"
        return Finish(
            JobState.EXPIRED, f"It could not be locked within {waited}{last}. No command was sent. Order it again."
        )
    return Wait(decision.words) if decision.verdict is not Verdict.NOW else Send(1)


def _next_lock_step(job: Job, decision: Decision, *, at: datetime, timing: AccessTiming) -> Step:
    assert job.started_at is not None
    elapsed_s = (at - job.started_at).total_seconds()
    last = job.attempts[-1]
    if elapsed_s >= timing.verdict_by_s:
        return Finish(JobState.FAILED, _unconfirmed_words(job))
    if _is_undecided(last, at):
        return LookUp(last.number)
    number = len(job.attempts) + 1
    if number > len(timing.attempt_at_s):
        if all(attempt.outcome in {Outcome.REFUSED, Outcome.NEVER_ARRIVED} for attempt in job.attempts):
            return Finish(JobState.FAILED, _unconfirmed_words(job))
        return Wait("the vehicle to confirm")
    if elapsed_s < timing.attempt_at_s[number - 1]:
        return Wait("the vehicle to confirm" if last.outcome is Outcome.ACCEPTED else "the next attempt")
    return Wait(decision.words) if decision.verdict is not Verdict.NOW else Send(number)


def _next_release_step(job: Job, *, at: datetime, timing: AccessTiming) -> Step:
    if not job.attempts:
        return Send(1)
    last = job.attempts[-1]
    if at >= job.expires_at:
        return Finish(
            JobState.FAILED,
            f"The vehicle did not confirm the release after {len(job.attempts)} attempts. It may still be locked: "
            "reach the driver, and order the release again.",
        )
    # A second release does no harm, so nobody waits for a log before sending it.
    number = len(job.attempts) + 1
    if number <= len(timing.attempt_at_s):
        due = job.attempts[0].started_at + timedelta(seconds=timing.attempt_at_s[number - 1])
    else:
        due = last.started_at + timedelta(seconds=timing.release_retry_s)
    if at >= due:
        return Send(number)
    what = "the gateway to take the command" if last.outcome is Outcome.REFUSED else "the vehicle to confirm"
    if number > len(timing.attempt_at_s):
        return Wait(f"{what}; {len(job.attempts)} attempts so far, trying on")
    return Wait(what)


def _is_undecided(attempt: Attempt, at: datetime) -> bool:
    """Whether the attempt's fate must be read from the log; one still within its lifetime may yet be answered."""
    if attempt.outcome is Outcome.UNKNOWN:
        return True
    return attempt.outcome is None and at >= attempt.started_at + timedelta(seconds=attempt.ttl_s)


def _confirmed_words(job: Job) -> str:
    if not job.attempts:
        return "The relay already held; no command was needed."
    done = "immobilized: its relay holds" if job.kind is OrderKind.IMMOBILIZE else "released: its relay is off"
    return f"The vehicle is {done}."


def _unconfirmed_words(job: Job) -> str:
    outcomes = {attempt.outcome for attempt in job.attempts}
    if outcomes <= {Outcome.REFUSED, Outcome.NEVER_ARRIVED}:
        return (
            f"None of {len(job.attempts)} attempts reached the vehicle. It is not locked. "
            "See the answers below; order again when the device is online."
        )
    return (
        f"The vehicle did not confirm after {len(job.attempts)} attempts. It may be locked or not: look at its relay, "
        "order again, or release it."
    )
