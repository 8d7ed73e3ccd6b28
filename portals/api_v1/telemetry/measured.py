"""What a report of a vehicle says, as it is answered. Null is not reported; it never means zero."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The values of a report, with their units in their names."""

    ts: Annotated[datetime, Meta(description="By the device's clock.")]
    received_at: Annotated[datetime, Meta(description="By our clock.")]
    lat: float | None
    lon: float | None
    altitude_m: float | None
    speed_kmh: float | None
    course_deg: float | None
    satellites: int | None
    hdop: float | None
    ignition: bool | None
    odometer_m: int | None
    fuel_pct: float | None
    fuel_rate_lph: float | None
    rpm: float | None
    engine_temp_c: float | None
    voltage_v: float | None
    dtc: Annotated[list[str] | None, Meta(description="All trouble codes; empty: there are none.")]
    outputs: Annotated[int | None, Meta(description="Bit mask of the outputs; bit 0 is output 1.")]
    relay_on: Annotated[bool | None, Meta(description="Whether the immobilizer holds.")]
    driver_key: str | None
    extra: dict[str, Any] | None


class Point(Measured, frozen=True, kw_only=True):
    """One report as it was stored."""


class State(Measured, frozen=True, kw_only=True):
    """The latest of everything that a vehicle reported."""

    vehicle_id: int
    fix_ts: Annotated[datetime | None, Meta(description="When the position was last known.")]
    standing_since: Annotated[datetime | None, Meta(description="Since when every report said that it stands.")]
    relay_ts: Annotated[datetime | None, Meta(description="When the relay was last reported, by the device's clock.")]
    relay_received_at: datetime | None
