"""What every detector is: a fold over the points of one vehicle in the order of device time.

A detector *is* its own state: every field of the struct is something it must remember, so that a checkpoint of it is
its JSON and a restart is reading that back. Nothing else may be remembered: what follows from a vehicle's points must
be the same however often, and from whichever checkpoint, they are read again.

What a detector finds is keyed. The same key said again replaces what was said before, so an interval that is still
open is said with `ended_at` None when it opens and again when it closes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Any, ClassVar, NamedTuple, Protocol

import msgspec

from core.telemetry.rules.limits import Thresholds


class Sample(NamedTuple):
    """One stored point as the detectors see it. `ts` is the device's time in Unix seconds. None: not reported."""

    ts: float
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
    dtc: tuple[str, ...] | list[str] | None = None
    driver_key: str | None = None
    extra: dict[str, Any] | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something detected about a vehicle. Keyed by (kind, subject, started_at). Times are Unix seconds.

    `subject` tells apart findings of one kind that may stand side by side: a geofence's id, a trouble code, a driver
    key. `ended_at` is None while it lasts, and equals `started_at` for what happens at one moment.
    `value` is the size of it in the unit that the kind names (km/h over the limit, percent of fuel, seconds…).
    """

    kind: str
    started_at: float
    ended_at: float | None
    subject: str = ""
    lat: float | None = None
    lon: float | None = None
    value: float | None = None
    detail: dict[str, Any] = {}


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """From setting off to standing still. Keyed by started_at; `ended_at` None while it lasts. Times: Unix seconds."""

    started_at: float
    ended_at: float | None
    start_lat: float | None
    start_lon: float | None
    end_lat: float | None
    end_lon: float | None
    distance_m: float
    moving_s: float
    idle_s: float
    max_speed_kmh: float
    point_count: int
    start_odometer_m: int | None = None
    end_odometer_m: int | None = None
    fuel_l: float | None = None


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """From standing still to setting off. Keyed by started_at; `ended_at` None while it lasts. Times: Unix seconds."""

    started_at: float
    ended_at: float | None
    lat: float | None
    lon: float | None
    idle_s: float
    point_count: int


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of one vehicle over one bucket of time. Keyed by (width, start). Times: Unix seconds.

    `width` is "1m", "15m", "1h" or "1d"; a day is the park's. Said again whenever a point changes it.
    `engine_s` and `fuel_l` are None when nothing told of them.
    """

    width: str
    start: float
    point_count: int
    distance_m: float
    moving_s: float
    idle_s: float
    engine_s: float | None
    fuel_l: float | None
    max_speed_kmh: float | None
    dtc_count: int


class Mileage(msgspec.Struct, frozen=True, kw_only=True):
    """How far a vehicle has gone in all, fused, at the moment `ts` (Unix seconds). One per vehicle.

    `method` says what the last step came from: "odometer", "gps" or "reading".
    """

    ts: float
    mileage_m: float
    method: str


Found = Finding | Trip | Stop | Period | Mileage


class Circle(msgspec.Struct, frozen=True, kw_only=True):
    """A geofence around a point."""

    lat: float
    lon: float
    radius_m: float


class Polygon(msgspec.Struct, frozen=True, kw_only=True):
    """A geofence of one or more polygons as GeoJSON MultiPolygon coordinates: [polygon][ring][point] = (lon, lat)."""

    coordinates: list[list[list[tuple[float, float]]]]


class Fences(Protocol):
    """Finds geofences by place, quickly also among thousands."""

    def at(self, lat: float, lon: float, ts: float) -> frozenset[int]:
        """The ids of the geofences that held this place at the moment `ts` (Unix seconds)."""
        ...


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a detector may look at besides the points. The same for every point of one run."""

    vehicle_id: int
    vehicle_class: str
    zone: tzinfo
    thresholds: Thresholds
    fences: Fences | None = None
    readings: tuple[tuple[float, float], ...] = ()
    """Mileage read by people (inspection, correction), oldest first: (Unix seconds, metres)."""


class Detector(msgspec.Struct):
    """The base of all detectors; see the head of this module."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    """Raised when the meaning of a field changes: what an earlier version remembered is then derived anew."""

    def step(self, before: Sample | None, now: Sample, context: Context, say: Callable[[Found], None]) -> None:
        """Take in the next point; `before` is the one before it. `say` what is found, any number of times."""
        raise NotImplementedError

    def rest(self, before: Sample | None, context: Context, say: Callable[[Found], None]) -> None:
        """Say what is so far: called once after the last point that is there for now, and again the next time.

        What is said here holds until the next time: what is then not said again, by a step or here, is taken back.
        What it changes of the detector is forgotten. It says nothing that a step has already said with its end.
        """
