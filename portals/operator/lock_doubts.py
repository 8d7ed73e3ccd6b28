"""Where the record of an order and the world part: a vehicle that says otherwise, a worker that does not act.

On a screen by which vehicles are locked, a stale certainty is the worst thing to show; each of these says what is
known instead and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.access import rules
from core.access.queries import JobRecord
from core.access.schemas import LIVE_STATES
from core.config import AccessTiming
from core.vehicles.schemas import Powertrain

# What an order waits for until a worker has looked at it.
UNTAKEN = "a worker to take it"
# What an order waits for that is no fault of the worker's, though it stands: so these words begin.
HELD_BACK = ("its turn", "an administrator", "the passenger", "it to leave", "the grace", "the driver")
# Workers look several times a second; after this long without a step none of them lives.
WORKER_GRACE = timedelta(seconds=6)

State = dict[str, Any]


def relay_since(job: JobRecord | None, state: State | None) -> bool | None:
    """The relay as reported after the order was concluded; None when nothing was heard of it since."""
    if state is None or state["relay_on"] is None or state["relay_received_at"] is None:
        return None
    heard: datetime = min(state["relay_ts"], state["relay_received_at"])
    if job is not None and job.finished_at is not None and heard <= job.finished_at:
        return None
    relay_on: bool = state["relay_on"]
    return relay_on


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What the vehicle says against the record: how it stands then, and what to do."""

    headline: str
    words: str


RELEASED_ELSEWHERE = Contradiction(
    "No longer locked",
    "The vehicle now reports its relay off. Somebody may have released it at the vehicle or by another system. "
    "Reach the driver, then order again if it must stand.",
)
MOVES_LOCKED = Contradiction(
    "Locked, yet it moves", "It moves although the lock is confirmed. Do not rely on this lock: reach the driver."
)
LOCKED_AFTER_ALL = Contradiction(
    "Locked after all", "The vehicle now reports its relay on. Release it if that is not wanted."
)
LOCKED_ELSEWHERE = Contradiction(
    "Its relay is on",
    "No order here locks it, yet the vehicle reports its relay on: the starter may be blocked. "
    "Release it, or find out who locked it.",
)


def find_contradiction(job: JobRecord | None, state: State | None) -> Contradiction | None:
    """What the vehicle says against the record of a concluded order, or None. The vehicle is believed."""
    relay_on = relay_since(job, state)
    if job is None or job.state in {"expired", "cancelled"}:
        return LOCKED_ELSEWHERE if relay_on else None
    match job.kind, str(job.state):
        case "immobilize", "confirmed" if relay_on is False:
            return RELEASED_ELSEWHERE
        case "immobilize", "confirmed" if state is not None and (state["speed_kmh"] or 0) > 0:
            return MOVES_LOCKED
        case "immobilize", "failed" if relay_on:
            return LOCKED_AFTER_ALL
        case "release", "confirmed" if relay_on:
            return LOCKED_ELSEWHERE
    return None


def find_settlement(job: JobRecord | None, state: State | None) -> str | None:
    """What the vehicle has said since an unconfirmed order that settles it for the better, or None."""
    if job is not None and job.state == "failed" and relay_since(job, state) is False:
        return "The vehicle has since reported its relay off: it is not locked."
    return None


def find_stall(
    job: JobRecord | None,
    state: State | None,
    *,
    powertrain: Powertrain | None,
    at: datetime,
    timing: AccessTiming,
) -> str | None:
    """Why nothing happens to an open order although it should, and what that means; None while all goes on."""
    if job is None or job.state not in LIVE_STATES or job.armed_at is None:
        return None
    if not job.attempts and job.waiting_for == UNTAKEN and at > job.armed_at + WORKER_GRACE:
        return (
            "No worker has taken this order yet. It is kept and goes on by itself when one is back; "
            "tell an administrator to look at the health page."
        )
    if job.kind == "release":
        return None
    if job.started_at is not None:
        late = job.started_at + timedelta(seconds=timing.verdict_by_s) + WORKER_GRACE
        words = "The verdict is overdue: no worker answers. Do not rely on this lock until a verdict is shown."
        return words if at > late else None
    if (job.waiting_for or "").startswith(HELD_BACK):
        return None
    if _safe_for(job, state, powertrain=powertrain, at=at, timing=timing) > WORKER_GRACE:
        return (
            "It is safe to lock, but no worker sends the command. What is shown as waited for may be old; "
            "tell an administrator to look at the health page."
        )
    return None


def vehicle_now(state: State | None) -> rules.VehicleNow:
    """The latest state as the rules of locking read it."""
    if state is None:
        return rules.VehicleNow()
    return rules.VehicleNow(**{name: state[name] for name in rules.VehicleNow.__slots__})


def _safe_for(
    job: JobRecord, state: State | None, *, powertrain: Powertrain | None, at: datetime, timing: AccessTiming
) -> timedelta:
    """How long the order could have been sent already."""
    vehicle = vehicle_now(state)
    obstacle = rules.find_obstacle(vehicle, powertrain=powertrain, at=at, timing=timing)
    if vehicle.standing_since is None or obstacle is not None:
        return timedelta(0)
    safe_from = vehicle.standing_since + timedelta(seconds=timing.standing_for_s)
    return at - max(safe_from, job.armed_at or job.ordered_at)
