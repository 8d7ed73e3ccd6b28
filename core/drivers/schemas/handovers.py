"""The shapes of handovers."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from core.drivers.models import DamageKind, DamageSeverity

MOST_ODOMETER_M = 10_000_000_000
Thousandth = Annotated[int, Meta(ge=0, le=1000)]
Strokes = list[list[tuple[int, int]]]


class HandoverReadings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was read and noticed: metres on the odometer, fuel or charge in percent, and a note."""

    odometer_m: Annotated[int, Meta(ge=0, lt=MOST_ODOMETER_M)] | None = None
    fuel_pct: Annotated[int, Meta(ge=0, le=100)] | None = None
    note: Annotated[str, Meta(max_length=1000)] = ""


class NewDamage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mark on the map of the vehicle, in thousandths of its width and height."""

    x: Thousandth
    y: Thousandth
    kind: DamageKind
    severity: DamageSeverity


class Signature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A drawn line, or the declaration of somebody who cannot draw one. `content_hash` is of what they have seen."""

    content_hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    strokes: Strokes = []
    declared: bool = False
