"""The shapes of telemetry: one point in, one report out. Units are in the names."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta


class Point(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What a device says of itself at one moment (TEL-2).

    `ts` is the device's own time (UTC). A field that is None was not reported; it never means zero.
    `dtc` is the engine's whole list of trouble codes; an empty one says that there are none.
    `relay_on` is the state of the immobilizer output as the device reports it.
    `outputs` is the raw output bit mask (bit 0 = output 1); ingest derives `relay_on` from it. `outputs_known` is the
    mask of those that were reported at all; None: all of them.
    """

    ts: Annotated[datetime, Meta(tz=True)]
    lat: float | None = None
    lon: float | None = None
    altitude_m: float | None = None
    speed_kmh: float | None = None
    course_deg: float | None = None
    satellites: int | None = None
    hdop: float | None = None
    ignition: bool | None = None
    odometer_m: int | None = None
    fuel_pct: float | None = None
    fuel_rate_lph: float | None = None
    rpm: float | None = None
    engine_temp_c: float | None = None
    voltage_v: float | None = None
    dtc: tuple[str, ...] | None = None
    outputs: int | None = None
    outputs_known: int | None = None
    relay_on: bool | None = None
    driver_key: str | None = None
    extra: dict[str, Any] = {}


class PostedPoint(Point, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A point in a batch by HTTP, with whose it is: exactly one of `vehicle_id` and `device_uid`."""

    vehicle_id: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    device_uid: Annotated[str, Meta(max_length=64)] | None = None


_FIELDS = tuple(field.name for field in msgspec.structs.fields(Point))


def plain(point: Point) -> Point:
    """The point itself, without whose it is."""
    return point if type(point) is Point else Point(**{name: getattr(point, name) for name in _FIELDS})


# No road vehicle has been driven further.
MOST_MILEAGE_M = 4_000_000_000
MOST_REASON = 500


class NewReading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reading: metres on the odometer, when it was read (now, if left out), and why."""

    odometer_m: Annotated[int, Meta(ge=0, lt=MOST_MILEAGE_M)]
    reason: Annotated[str, Meta(min_length=1, max_length=MOST_REASON)]
    read_at: Annotated[datetime, Meta(tz=True)] | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One point on its way in: whose it is and how it came. `raw` is kept if the point is refused, bytes as hex.

    Exactly one of `vehicle_id` and `device_uid` need be known; `index` is the caller's own number for it.
    """

    index: int
    point: Point
    vehicle_id: int
    raw: str | bytes = ""


class RefusedReading(msgspec.Struct, frozen=True, kw_only=True):
    """A reading that was not stored: the named rule, and what to do about it, in words.

    `point` is what was read, when it could be: a replay judges it anew. `left_out` names the values that were left
    out of a point that was stored all the same; empty when the whole point was refused.
    """

    index: int
    rule: str
    detail: str
    vehicle_id: int | None = None
    device_uid: str | None = None
    ts: datetime | None = None
    raw: str = ""
    point: Point | None = None
    left_out: tuple[str, ...] = ()


class IngestReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch. received = stored + duplicates + len(refused), always.

    `left_out` are values not believed of points that were stored, or known already, without them.

    `new` are the moments (vehicle, device time) that were stored; told of a replay only.
    """

    received: int
    stored: int
    duplicates: int
    refused: tuple[RefusedReading, ...] = ()
    left_out: tuple[RefusedReading, ...] = ()
    new: frozenset[tuple[int, datetime]] = frozenset()


class RefusalFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which refused points are meant; what is None does not matter."""

    rule: str | None = None
    source: str | None = None
    vehicle_id: int | None = None
    device_uid: str | None = None
    since: datetime | None = None


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of refused points that were judged anew: judged = stored + duplicates + the sum of `refused`.

    `refused` counts those refused again, by the rule that did it this time.
    """

    judged: int
    stored: int
    duplicates: int
    refused: dict[str, int]
