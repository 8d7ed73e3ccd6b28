"""One record of a tracker: what it tells every server it reports to."""

from __future__ import annotations

from dataclasses import dataclass

from infra.simulators.fleet.engine import BusReading


@dataclass(frozen=True, slots=True)
class Record:
    """The vehicle at one second (`ts`, unix time). `odometer_m` is the vehicle's own, in whole metres.

    `satellites` None: the receiver did not say. `outputs` is a bit mask, bit 0 = output 1.
    """

    ts: int
    lat: float
    lon: float
    speed_kmh: float
    course_deg: int
    altitude_m: int
    satellites: int | None
    hdop: float
    outputs: int
    ignition: bool
    odometer_m: int
    bus: BusReading
