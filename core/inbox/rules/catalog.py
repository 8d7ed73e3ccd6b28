"""The one list of what can want a person: its words, who may see it, what makes the inbox look, and what closes it.

To add a kind: a line in KINDS, a source that says what it is about now (core/inbox/queries/sources), and a case of it
in tests/core/inbox. A test fails when one of them is missing.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


class Severity(enum.IntEnum):
    """How loud an item is: to be known, to be looked at, to be acted on now."""

    NOTE = 1
    LOOK = 2
    ACT = 3


class Group(enum.StrEnum):
    """What an item is about, for those who choose among them."""

    EXPIRY = "expiry"
    LOCKS = "locks"
    DRIVERS = "drivers"
    VEHICLES = "vehicles"
    RECORDS = "records"
    DEVICES = "devices"


GROUPS: Mapping[Group, str] = {
    Group.EXPIRY: "Running out",
    Group.LOCKS: "Locks",
    Group.DRIVERS: "Drivers",
    Group.VEHICLES: "Vehicles",
    Group.RECORDS: "Incidents, fines, disputes",
    Group.DEVICES: "Devices",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of item.

    `title` names the kind, `headline` one item of it where that says more, `sentence` what is to be known or done. The
    last two take ids and figures of the item's detail, never names.
    `seen_by` is the right that one must hold, beside that to the inbox. After one of `facts` its source is asked at
    once; it is asked every minute anyway. `closes` says what closes it by itself. `by_hand`: a person can close it.
    One that comes back sooner than `quiet_for` after it was closed stays closed, unless it is louder than it was.
    Letters about what is `is_urgent` are written at night too.
    """

    title: str
    sentence: str
    group: Group
    severity: Severity
    seen_by: str
    closes: str
    facts: tuple[str, ...] = ()
    by_hand: bool = False
    headline: str = ""
    quiet_for: timedelta = timedelta()
    is_urgent: bool = False


_ASSIGNED = (
    "drivers.vehicle_assigned",
    "drivers.assignment_ended",
    "drivers.assignment_changed",
    "drivers.assignment_cancelled",
)
_TAKEN_BACK = "A late report shows that it was not so."

KINDS: Mapping[str, Kind] = {
    "driver_document": Kind(
        title="A driver's document runs out",
        headline="{document} runs out",
        sentence="The driver hands in a newer one in time, or may not drive.",
        group=Group.EXPIRY,
        severity=Severity.NOTE,
        seen_by="drivers:read",
        closes="A newer one holds longer, or it is asked for no more.",
        facts=("access.standing_changed", "drivers.document_accepted", "drivers.stage_changed"),
    ),
    "vehicle_document": Kind(
        title="A vehicle's document runs out",
        headline="{document} of a vehicle runs out",
        sentence="Renew it and add the new one to the vehicle.",
        group=Group.EXPIRY,
        severity=Severity.NOTE,
        seen_by="vehicles:read",
        closes="A newer one is added that holds longer, it is withdrawn, or the vehicle is written off.",
        facts=("vehicles.document_added", "vehicles.document_withdrawn", "vehicles.status_changed"),
    ),
    "documents_waiting": Kind(
        title="Documents wait to be looked at",
        headline="Documents of a driver wait to be looked at: {count}",
        sentence="The driver cannot go on until somebody accepts or refuses them.",
        group=Group.DRIVERS,
        severity=Severity.LOOK,
        seen_by="drivers:verify",
        closes="Each was accepted or refused.",
        facts=("drivers.document_handed_in", "drivers.document_accepted", "drivers.document_refused"),
    ),
    "application": Kind(
        title="Somebody applies as a driver",
        sentence="Take the application up, or refuse it.",
        group=Group.DRIVERS,
        severity=Severity.LOOK,
        seen_by="drivers:verify",
        closes="It was taken up or refused.",
        facts=("drivers.driver_registered", "drivers.stage_changed"),
    ),
    "lock_failed": Kind(
        title="A command did not get through",
        sentence="The order to {order} the vehicle ended as {state}. Look at it, and give it again or release.",
        group=Group.LOCKS,
        severity=Severity.ACT,
        seen_by="access:read",
        closes="A newer order to the vehicle.",
        facts=("access.job_finished", "access.job_ordered"),
        by_hand=True,
        is_urgent=True,
    ),
    "lock_review": Kind(
        title="A lock by break-glass is not reviewed",
        sentence="It went out without a second person. An administrator who did not order it reviews it.",
        group=Group.LOCKS,
        severity=Severity.LOOK,
        seen_by="access:read",
        closes="The review.",
        facts=("access.job_finished", "access.job_changed"),
    ),
    "driver_barred": Kind(
        title="A driver may not drive",
        sentence="The driver is {status}.",
        group=Group.DRIVERS,
        severity=Severity.LOOK,
        seen_by="access:read",
        closes="The driver may drive again.",
        facts=("access.standing_changed", *_ASSIGNED),
    ),
    "driver_review": Kind(
        title="A lock-out waits for a review",
        sentence="Its cause is gone. A person looks into it and lifts it, or the driver stays locked out.",
        group=Group.DRIVERS,
        severity=Severity.LOOK,
        seen_by="access:read",
        closes="A person has lifted it, or there is another cause.",
        facts=("access.standing_changed",),
    ),
    "shift_refused": Kind(
        title="A shift could not be made",
        sentence="The weekly shift of {day} could not be made. Look who else can drive, or skip the day.",
        group=Group.DRIVERS,
        severity=Severity.LOOK,
        seen_by="drivers:read",
        closes="It was made or skipped, or its day has passed.",
        facts=("drivers.shift_refused", *_ASSIGNED),
        by_hand=True,
    ),
    "damage": Kind(
        title="A vehicle is damaged",
        headline="Damage of a vehicle: {count}",
        sentence="It was found at a handover and is not mended. Look at the worst of it: {worst}.",
        group=Group.VEHICLES,
        severity=Severity.LOOK,
        seen_by="drivers:read",
        closes="All of it is mended.",
        facts=("drivers.damage_found",),
        by_hand=True,
    ),
    "tracker_silent": Kind(
        title="A vehicle is not heard of",
        sentence="Its tracker has not reported since then, and the vehicle is in use.",
        group=Group.VEHICLES,
        severity=Severity.LOOK,
        seen_by="telemetry:read",
        closes="It reports again, or the vehicle is taken out of use.",
        quiet_for=timedelta(hours=1),
    ),
    "towing": Kind(
        title="Moved with the ignition off",
        sentence="The vehicle was moved while its ignition was off: towed, or stolen.",
        group=Group.VEHICLES,
        severity=Severity.ACT,
        seen_by="events:read",
        closes=_TAKEN_BACK,
        facts=("events.detected",),
        by_hand=True,
        quiet_for=timedelta(minutes=15),
        is_urgent=True,
    ),
    "unplugged": Kind(
        title="A tracker lost its supply",
        sentence="The tracker runs on its own battery: somebody unplugged it, or the vehicle's battery is flat.",
        group=Group.VEHICLES,
        severity=Severity.ACT,
        seen_by="events:read",
        closes=_TAKEN_BACK,
        facts=("events.detected",),
        by_hand=True,
        quiet_for=timedelta(hours=1),
        is_urgent=True,
    ),
    "fuel_drop": Kind(
        title="Fuel went missing",
        sentence="Fuel went faster than an engine burns it.",
        group=Group.VEHICLES,
        severity=Severity.LOOK,
        seen_by="events:read",
        closes=_TAKEN_BACK,
        facts=("events.detected",),
        by_hand=True,
        quiet_for=timedelta(hours=1),
    ),
    "odometer_rollback": Kind(
        title="An odometer went back",
        sentence="The odometer says less than before.",
        group=Group.VEHICLES,
        severity=Severity.LOOK,
        seen_by="events:read",
        closes=_TAKEN_BACK,
        facts=("events.detected",),
        by_hand=True,
        quiet_for=timedelta(hours=12),
    ),
    "trouble_code": Kind(
        title="The engine reports trouble",
        headline="The engine reports {code}",
        sentence="A trouble code of the engine: have it looked at before it strands somebody.",
        group=Group.VEHICLES,
        severity=Severity.LOOK,
        seen_by="events:read",
        closes=_TAKEN_BACK,
        facts=("events.detected",),
        by_hand=True,
        quiet_for=timedelta(hours=12),
    ),
    "event_unmatched": Kind(
        title="It is not known whose an event was",
        headline="A {what} of which it is not known whose it was",
        sentence="At that moment the vehicle was with {why}. Say whose it was.",
        group=Group.RECORDS,
        severity=Severity.LOOK,
        seen_by="events:read_records",
        closes="It was found or decided whose it was, or it was withdrawn.",
        facts=("events.record_added", "events.record_changed", "events.record_matched"),
    ),
    "incident_reported": Kind(
        title="An incident was reported",
        sentence="Nobody has looked into it yet.",
        group=Group.RECORDS,
        severity=Severity.ACT,
        seen_by="events:read_records",
        closes="Somebody has taken it under review, or it was withdrawn.",
        facts=("events.record_added", "events.record_changed", "events.incident_changed"),
    ),
    "dispute": Kind(
        title="A dispute waits for its decision",
        headline="A {what} is disputed",
        sentence="Nothing is charged for it until somebody has decided.",
        group=Group.RECORDS,
        severity=Severity.LOOK,
        seen_by="events:decide",
        closes="It was decided or taken back.",
        facts=("events.dispute_opened", "events.dispute_ended"),
    ),
    "device_unknown": Kind(
        title="A device that nobody knows reports",
        sentence="The device {device} reports and is in no vehicle. Put it into one, or forget it.",
        group=Group.DEVICES,
        severity=Severity.NOTE,
        seen_by="vehicles:claim_device",
        closes="It was put into a vehicle or forgotten, or has gone silent for a day.",
        facts=("vehicles.tracker_paired",),
        quiet_for=timedelta(days=1),
    ),
}


def name(kind: str, detail: Mapping[str, Any]) -> str:
    """What one item is called."""
    words = KINDS[kind]
    headline = words.headline.format(**detail) or words.title
    return headline[0].upper() + headline[1:]


def say(kind: str, detail: Mapping[str, Any]) -> str:
    """What an item says in a sentence."""
    return KINDS[kind].sentence.format(**detail)
