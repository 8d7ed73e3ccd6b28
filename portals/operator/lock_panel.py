"""The lock screen in words: one reading of the vehicle, its order and the rights of whoever looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.access import queries as access
from core.access import rules
from core.access.queries import JobRecord, WarningRecord
from core.config import AccessTiming
from core.db import Reader
from core.drivers import queries as drivers
from core.drivers.queries import CurrentDriver
from core.permissions import Actor
from core.telemetry import queries as telemetry
from core.vehicles import queries as vehicles
from core.vehicles.queries import VehicleRecord
from portals.operator import lock_doubts as doubts
from portals.operator.motion import say_motion
from portals.orders.warnings import Telling, find_call_due, list_tellings

# What is known of one attempt. Accepted is never shown as done: the proof is read from the vehicle.
OUTCOMES = {
    None: "No answer yet",
    "accepted": "Accepted by the gateway, which is not proof",
    "refused": "Refused by the gateway",
    "unknown": "No answer came",
    "never_arrived": "Never reached the gateway",
}

PROOF_SOURCES = {
    "telemetry": "the vehicle's own report",
    "vialon_relay": "the gateway's log of the vehicle",
    "traccar_command": "what Traccar last heard of the vehicle",
    "teltonika_codec12": "the device's own answer",
}


@dataclass(frozen=True, slots=True)
class Countdown:
    """What happens when the time is up, and how much of it is left. Seconds."""

    words: str
    left_s: int
    of_s: int


@dataclass(frozen=True, slots=True)
class Step:
    """One station of an order. `look` is done, now, todo or bad."""

    name: str
    look: str


@dataclass(frozen=True, slots=True)
class LockPanel:
    """Everything the lock screen shows of one vehicle."""

    vehicle: VehicleRecord
    driver: CurrentDriver | None
    state: dict[str, Any] | None
    job: JobRecord | None
    warned: list[WarningRecord]
    may_order: bool
    may_release: bool
    viewer: Actor
    timing: AccessTiming
    at: datetime

    @property
    def motion(self) -> str:
        """What the vehicle does now."""
        return say_motion(self.state, at=self.at)

    @property
    def obstacle(self) -> str | None:
        """What an order given now would wait for, by the very rule that decides; None: it leaves at once."""
        return rules.find_obstacle(
            doubts.vehicle_now(self.state), powertrain=self.vehicle.powertrain, at=self.at, timing=self.timing
        )

    @property
    def has_relay(self) -> bool:
        """Whether there is anything in the vehicle that could lock it."""
        return self.vehicle.device_uid is not None and self.vehicle.relay_gateway is not None

    @property
    def is_open(self) -> bool:
        """Whether an order is on its way."""
        return self.job is not None and self.job.state.is_open

    @property
    def can_order(self) -> bool:
        """Whether an immobilization may be offered."""
        holds = self._is("immobilize", "confirmed") and self._relay_now is not False
        return self.may_order and self.has_relay and not self.is_open and not holds

    @property
    def can_cancel(self) -> bool:
        """Whether the open order can still be called back: no command has left."""
        return self.may_release and self._is("immobilize", "requested", "notified", "armed")

    @property
    def is_requested(self) -> bool:
        """Whether the order waits for a second person."""
        return self._is("immobilize", "requested")

    @property
    def is_own(self) -> bool:
        """Whether the viewer is the person who ordered it, and so cannot be the second one."""
        job = self.job
        return job is not None and (job.ordered_by_kind, job.ordered_by_id) == (self.viewer.kind, self.viewer.id)

    @property
    def can_approve(self) -> bool:
        """Whether the viewer may be the second person of this order."""
        return self.is_requested and not self.is_own and self._may("access:approve")

    @property
    def can_release(self) -> bool:
        """Whether a release makes sense: something locks, may have locked, or holds without our doing."""
        if not (self.may_release and self.has_relay) or (self.is_open and not self._is_lock):
            return False
        if self._is_lock and not self._is("immobilize", "expired", "cancelled"):
            return True
        return self._is("release", "failed") or self._relay_now is True

    @property
    def tellings(self) -> list[Telling]:
        """The warnings of the order; once it is over, only those that were begun."""
        listed = list_tellings(self.job, self.warned)
        is_to_be_warned = self._is("immobilize", "requested", "notified")
        return [telling for telling in listed if is_to_be_warned or telling.is_begun]

    @property
    def call_due(self) -> Telling | None:
        """The warning that the viewer may tell by a call now."""
        return find_call_due(self.job, self.tellings) if self._may("access:release") else None

    @property
    def headline(self) -> str:
        """How the lock stands, in a few words."""
        if self.contradiction is not None:
            return self.contradiction.headline
        if self.job is None:
            return "Not locked" if self.has_relay else "Cannot be locked"
        if self.job.kind == "release":
            return _RELEASE_HEADLINES[self.job.state]
        if self.job.state in {"sending", "sent"}:
            return f"Attempt {len(self.job.attempts)} of {len(self.timing.attempt_at_s)} sent"
        return _LOCK_HEADLINES[self.job.state]

    @property
    def tone(self) -> str:
        """The colour of the state: plain, warn, locked or act."""
        if self.contradiction or self.stalled:
            return "act"
        if self.job is None or self.settlement:
            return "plain"
        if self._is("immobilize", "confirmed"):
            return "locked"
        return _TONES.get(self.job.state, "warn" if self.is_open else "plain")

    @property
    def contradiction(self) -> doubts.Contradiction | None:
        """What the vehicle says against the record, or None."""
        return doubts.find_contradiction(self.job, self.state)

    @property
    def settlement(self) -> str | None:
        """What the vehicle has said since that settles an unconfirmed order for the better, or None."""
        return doubts.find_settlement(self.job, self.state)

    @property
    def stalled(self) -> str | None:
        """Why nothing happens although it should, or None."""
        return doubts.find_stall(
            self.job, self.state, powertrain=self.vehicle.powertrain, at=self.at, timing=self.timing
        )

    @property
    def countdown(self) -> Countdown | None:
        """What the clock runs towards while an order is open."""
        job = self.job
        if job is None or not job.state.is_open:
            return None
        if job.state == "requested":
            return self._count("Expires unless approved within", job.ordered_at, job.expires_at)
        if job.state == "notified":
            return None if job.not_before is None else self._count("Grace ends in", job.ordered_at, job.not_before)
        if job.kind == "release":
            return self._count("Tried again until confirmed, for", job.ordered_at, job.expires_at)
        if job.started_at is None:
            return self._count("Gives up unsent in", job.armed_at or job.ordered_at, job.expires_at)
        verdict_by = job.started_at + timedelta(seconds=self.timing.verdict_by_s)
        return self._count("Verdict within", job.started_at, verdict_by)

    @property
    def steps(self) -> list[Step]:
        """The stations of the order on the screen, each with how it looks."""
        if self.job is None:
            return []
        names = self._lock_stations() if self._is_lock else _RELEASE_STATIONS
        reached = self._stations_reached(names)
        return [Step(name, self._look(i, reached)) for i, name in enumerate(names)]

    @property
    def why_no_button(self) -> str | None:
        """Why immobilization is not offered to this person for this vehicle, and what to do, or None."""
        if not self.has_relay:
            return (
                "No relay is known in this vehicle, so it cannot be immobilized. Have a tracker with a relay "
                "fitted and registered with its relay gateway."
            )
        if not self.may_order:
            return (
                "You may watch and release, but not immobilize: that takes the right “Order the immobilization "
                "of a vehicle”. Ask an administrator to grant it to you, or ask a colleague who has it."
            )
        return None

    @property
    def _is_lock(self) -> bool:
        return self.job is not None and self.job.kind == "immobilize"

    @property
    def _relay_now(self) -> bool | None:
        return doubts.relay_since(self.job, self.state)

    def _may(self, permission: str) -> bool:
        return self.viewer.may(permission, park_id=self.vehicle.park_id, vehicle_id=self.vehicle.id)

    def _is(self, kind: str, *states: str) -> bool:
        return self.job is not None and self.job.kind == kind and self.job.state in states

    def _count(self, words: str, start: datetime, end: datetime) -> Countdown:
        left_s = max(round((end - self.at).total_seconds()), 0)
        return Countdown(words, left_s, round((end - start).total_seconds()))

    def _lock_stations(self) -> tuple[str, ...]:
        """The stations of this very lock: none for an approval or a warning that it is not to have."""
        job = self.job
        assert job is not None
        approved = ("Approved",) if self.is_requested or job.approved_at is not None else ()
        warned = ("Warned",) if list_tellings(job, self.warned) and not job.is_break_glass else ()
        return ("Ordered", *approved, *warned, "Safe", "Sent", "Confirmed")

    def _stations_reached(self, names: tuple[str, ...]) -> int:
        """How many stations of the order are behind it."""
        assert self.job is not None
        if self.job.state == "confirmed":
            return len(names)
        if self.job.attempts:
            return len(names) - 1
        awaited = {"requested": "Approved", "notified": "Warned"}.get(self.job.state, "Safe")
        return names.index(awaited) if awaited in names else 1

    def _look(self, station: int, reached: int) -> str:
        if station < reached:
            return "done"
        if station > reached:
            return "todo"
        return "now" if self.is_open else "bad"


_RELEASE_STATIONS = ("Ordered", "Sent", "Confirmed")
_TONES = {"failed": "act", "expired": "warn"}
_LOCK_HEADLINES = {
    "requested": "Asked for: not approved yet",
    "notified": "Approved: the driver is being warned",
    "armed": "Waiting until it is safe to lock",
    "confirmed": "Immobilized",
    "failed": "The lock is not confirmed",
    "expired": "Not locked: the order expired",
    "cancelled": "Not locked: the order was cancelled",
}
_RELEASE_HEADLINES = {
    "armed": "Releasing",
    "sending": "Releasing",
    "sent": "Releasing",
    "confirmed": "Not locked",
    "failed": "The release is not confirmed",
}


def read_lock_panel(reader: Reader, *, viewer: Actor, vehicle_id: int, at: datetime, timing: AccessTiming) -> LockPanel:
    """The lock screen of one vehicle for `viewer`. Needs access:read; NotFound out of sight."""
    vehicle = vehicles.get_vehicle(reader, viewer=viewer, vehicle_id=vehicle_id)
    current = drivers.list_current_drivers(reader, viewer=viewer, at=at, vehicle_ids=[vehicle_id])
    states = telemetry.list_states(reader, viewer=viewer, vehicle_ids=[vehicle_id])
    job = access.find_latest_job(reader, viewer=viewer, vehicle_id=vehicle_id)
    return LockPanel(
        vehicle=vehicle,
        driver=current.get(vehicle_id),
        state=states.get(vehicle_id),
        job=job,
        warned=[] if job is None else access.list_notices(reader, viewer=viewer, job_id=job.id),
        may_order=viewer.may("access:immobilize", park_id=vehicle.park_id, vehicle_id=vehicle_id),
        may_release=viewer.may("access:release", park_id=vehicle.park_id, vehicle_id=vehicle_id),
        viewer=viewer,
        timing=timing,
        at=at,
    )
