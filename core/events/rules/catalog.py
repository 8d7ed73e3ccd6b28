"""The one list of detectors, and the words of every kind of finding.

To add a kind: a detector in this folder, a line in DETECTORS, its words in KINDS, and a case that shows it and one
that does not in tests/core/events. A test fails when one of them is missing. What the fusing of mileage says (an
odometer that goes back) has its words here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from core.events.rules.faults import Faults
from core.events.rules.fuel import Fuel
from core.events.rules.harsh import Harsh
from core.events.rules.idling import Idling
from core.events.rules.keys import DriverKeys
from core.events.rules.power import Unplugged
from core.events.rules.silence import Silence
from core.events.rules.speed import Overspeed
from core.events.rules.stays import Stays
from core.events.rules.towing import Towing
from core.telemetry.rules.detector import Detector

DETECTORS: tuple[type[Detector], ...] = (
    Stays,
    Overspeed,
    Harsh,
    Idling,
    Towing,
    Silence,
    Unplugged,
    Fuel,
    Faults,
    DriverKeys,
)


Severity = Literal["info", "warn", "act"]


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """The words of one kind. `unit` is that of the value; "s" is shown as a length of time.

    `sentence` says what happened; {subject} is the name of what it is about. `measure` says what the value is.
    """

    title: str
    sentence: str
    severity: Severity
    unit: str = ""
    digits: int = 0
    measure: str = ""


KINDS: Mapping[str, Kind] = {
    "geofence": Kind(title="In a geofence", sentence="In {subject}.", severity="info", unit="s", measure="inside"),
    "overspeed": Kind(
        title="Overspeed",
        sentence="Drove faster than the limit.",
        severity="warn",
        unit="km/h",
        measure="over the limit at its worst",
    ),
    "harsh_acceleration": Kind(
        title="Harsh acceleration",
        sentence="Gained speed harshly.",
        severity="info",
        unit="m/s²",
        digits=1,
        measure="at its harshest",
    ),
    "harsh_braking": Kind(
        title="Harsh braking",
        sentence="Braked harshly.",
        severity="info",
        unit="m/s²",
        digits=1,
        measure="at its harshest",
    ),
    "harsh_cornering": Kind(title="Harsh cornering", sentence="Took a corner harshly.", severity="info"),
    "idling": Kind(
        title="Idling",
        sentence="Stood with the engine running.",
        severity="info",
        unit="s",
        measure="with the engine running",
    ),
    "towing": Kind(
        title="Towing",
        sentence="Moved with the ignition off.",
        severity="act",
        unit="m",
        measure="from where it was left",
    ),
    "silence": Kind(
        title="Silence", sentence="Was not heard of.", severity="warn", unit="s", measure="without a report"
    ),
    "unplugged": Kind(
        title="Unplugged",
        sentence="The tracker lost its supply.",
        severity="act",
        unit="V",
        digits=1,
        measure="at the first reading",
    ),
    "fuel_drop": Kind(
        title="Fuel drop",
        sentence="Fuel went faster than an engine burns it.",
        severity="act",
        unit="%",
        measure="of the tank gone",
    ),
    "fuel_fill": Kind(
        title="Fuel fill", sentence="Was filled up.", severity="info", unit="%", measure="of the tank added"
    ),
    "dtc": Kind(title="Trouble code", sentence="The engine reported {subject}.", severity="warn"),
    "odometer_rollback": Kind(
        title="Odometer went back",
        sentence="The odometer said less than before.",
        severity="warn",
        unit="m",
        measure="less than it should be",
    ),
    "driver_change": Kind(title="Driver change", sentence="The key {subject} was shown.", severity="info"),
}


def say(kind: str, subject: str = "") -> str:
    """What a finding of this kind says in a sentence; `subject` is the name of what it is about."""
    words = KINDS.get(kind)
    return kind if words is None else words.sentence.format(subject=subject)
