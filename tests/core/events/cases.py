"""For each kind, drives in which it happens and drives in which it does not, at 5 s and at 60 s between points."""

from __future__ import annotations

from typing import Any

from core.telemetry.rules.detector import Sample
from tests.core.events.drives import LAT, LON, north, row

HERE = {"lat": LAT, "lon": LON}
IDLE = {"ignition": True, "speed_kmh": 0.0, **HERE}
OFF = {"ignition": False, "speed_kmh": 0.0, **HERE}
GONE = {"ignition": None, "speed_kmh": None}


def speeds(every_s: float, *kmh: float | None, **fields: Any) -> list[Sample]:
    return row(every_s, *((1, {"speed_kmh": one, **HERE, **fields}) for one in kmh))


def fuels(every_s: float, *parts: tuple[int, float], **fields: Any) -> list[Sample]:
    return row(every_s, *((count, {"fuel_pct": pct, **HERE, **fields}) for count, pct in parts))


def taken(
    every_s: float, speed: float | None, step_m: float, count: int, ignition: bool | None = False
) -> list[Sample]:
    return north(every_s, [step_m * n for n in range(count)], ignition=ignition, speed_kmh=speed)


def told(extra: dict[str, Any]) -> list[Sample]:
    return row(60, (1, {"speed_kmh": 50.0, **HERE}), (1, {"speed_kmh": 50.0, "extra": extra, **HERE}))


# kind -> (name, points) in which it happens
POSITIVE: dict[str, list[tuple[str, list[Sample]]]] = {
    "geofence": [
        ("drives in and out at 5 s", north(5, [-400, -320, -240, -150, -80, 0, 80, 150, 240, 320])),
        ("drives in and out at 60 s", north(60, [-1500, -700, 0, 700, 1500])),
        ("is inside from the first point", north(5, [0, 0, 0])),
        ("parks just behind the border", north(30, [-215, -195, *[-190] * 10])),
    ],
    "overspeed": [
        ("drives 150 for a minute at 5 s", speeds(5, 100, 150, 150, 155, 150, 150, 100)),
        ("drives 150 for two points at 60 s", speeds(60, 100, 150, 150, 100)),
        ("has not ended yet", speeds(5, 150, 150, 150)),
    ],
    "harsh_acceleration": [
        ("gains 20 km/h a second", speeds(1, 20, 20, 40, 60, 62, 62)),
        ("is told by the device", told({"green_driving": 1})),
        ("is told by the device in other words", told({"alarm": "hardAcceleration"})),
    ],
    "harsh_braking": [
        ("loses 20 km/h a second", speeds(1, 80, 80, 60, 40, 20, 0, 0)),
        ("loses 70 km/h in 5 s", speeds(5, 80, 80, 10, 0, 0)),
        ("is told by the device", told({"green_driving": 2})),
    ],
    "harsh_cornering": [
        ("is told by the device", told({"green_driving": 3})),
        ("is told by the device in words", told({"green_driving": "cornering"})),
    ],
    "idling": [
        ("stands for 10 minutes at 5 s", row(5, (121, IDLE), (3, {**IDLE, "speed_kmh": 30.0}))),
        ("stands for 10 minutes at 60 s", row(60, (11, IDLE), (1, {**OFF}))),
        ("says no ignition but turns", row(60, (11, {**IDLE, "ignition": None, "rpm": 800.0}))),
        ("seems to move for one point", row(5, (70, IDLE), (1, {**IDLE, "speed_kmh": 9.0}), (70, IDLE))),
        ("leaves things out in between", row(5, (70, IDLE), (9, GONE), (70, IDLE))),
    ],
    "towing": [
        ("is taken away at 5 s", taken(5, 30.0, 42.0, 30)),
        ("is taken away at 60 s", taken(60, 30.0, 500.0, 6)),
        ("is taken away by a device without a speed", taken(60, None, 500.0, 6)),
    ],
    "silence": [("is not heard of for an hour", row(3600, (2, HERE))), ("for 16 minutes", row(960, (2, HERE)))],
    "unplugged": [
        (
            "falls from 12.6 V to 0",
            row(60, (3, {"voltage_v": 12.6}), (4, {"voltage_v": 0.0}), (2, {"voltage_v": 12.5})),
        ),
        ("falls for good", row(5, (3, {"voltage_v": 24.6}), (4, {"voltage_v": 0.1}))),
        ("is told by the device", row(5, (1, {}), (1, {"extra": {"unplug": 1}}), (3, {}))),
        ("is told in other words", row(5, (1, {}), (1, {"extra": {"alarm": "general,powerCut"}}), (3, {}))),
    ],
    "fuel_drop": [
        (
            "loses a third in five minutes at 5 s",
            fuels(5, (40, 70.0), *((1, 70.0 - n / 2) for n in range(60)), (60, 40.0)),
        ),
        ("loses a third at 60 s", fuels(60, (10, 70.0), (20, 40.0))),
        ("loses a third at once", fuels(5, (40, 70.0), (60, 40.0))),
        (
            "has less after a night at the same place",
            [
                *fuels(60, (10, 70.0)),
                *(one._replace(ts=one.ts + 30_000.0) for one in fuels(60, (20, 40.0))),
            ],
        ),
    ],
    "fuel_fill": [
        ("is filled at 5 s", fuels(5, (40, 20.0), *((1, 20.0 + n) for n in range(70)), (60, 90.0))),
        ("is filled at 60 s", fuels(60, (10, 20.0), (20, 90.0))),
    ],
    "dtc": [
        ("raises and clears a code", row(60, (1, {"dtc": []}), (3, {"dtc": ["P0300"]}), (2, {"dtc": []}))),
        ("raises one more", row(5, (3, {"dtc": ["P0300"]}), (2, {"dtc": ("P0300", "P0171")}))),
    ],
    "odometer_rollback": [
        ("says 20 km less", row(60, (3, {"odometer_m": 80_000_000}), (3, {"odometer_m": 79_980_000}))),
    ],
    "driver_change": [
        ("shows another key", row(60, (3, {"driver_key": "A"}), (3, {"driver_key": "B"}))),
        ("shows another key after none", row(60, (3, {"driver_key": "A"}), (2, {}), (3, {"driver_key": "B"}))),
    ],
}

# kind -> (name, points) in which it does not happen
NEGATIVE: dict[str, list[tuple[str, list[Sample]]]] = {
    "geofence": [
        ("passes outside", north(5, [300 + 10 * n for n in range(20)])),
        (
            "stands outside, its place playing over the border",
            north(5, [205, 195, 206, 198, 207, 194, 203, 208, 199, 210]),
        ),
        ("passes the fence between two points", north(60, [-700, 700])),
        ("has no place", row(5, (9, {"speed_kmh": 3.0}))),
    ],
    "overspeed": [
        ("drives at the limit", speeds(5, *[130.0] * 20)),
        ("is over it for one point at 60 s", speeds(60, 100, 150, 100, 150, 100)),
        ("is over it for 5 s", speeds(5, 100, 150, 150, 100)),
        ("is over it before and after a gap", speeds(3600, 150, 150, 150)),
        ("says no speed", speeds(5, *[None] * 9)),
    ],
    "harsh_acceleration": [
        ("starts briskly", speeds(1, *range(0, 100, 9))),
        ("slips for one point", speeds(1, 50, 50, 80, 50, 50)),
        ("gains 100 km/h in a minute", speeds(60, 0, 100, 100)),
        ("jumps beyond what is possible", speeds(1, 20, 20, 120, 120, 120)),
        ("loses speed", speeds(1, 80, 80, 60, 40, 20, 0, 0)),
    ],
    "harsh_braking": [
        ("slows down", speeds(1, *range(100, 0, -9))),
        ("slips for one point", speeds(1, 50, 50, 20, 50, 50)),
        ("stops within a minute", speeds(60, 100, 0, 0)),
        ("creeps", speeds(1, 14, 0, 0)),
        ("is not borne out by a further point", speeds(1, 80, 80, 60)),
    ],
    "harsh_cornering": [
        ("is told something else", told({"green_driving": "3", "alarm": "sos"})),
        ("turns", north(5, range(0, 500, 50), course_deg=90.0)),
    ],
    "idling": [
        ("stands for 4 minutes", row(5, (48, IDLE), (3, {**IDLE, "speed_kmh": 30.0}))),
        ("stands with the engine off", row(60, (30, OFF))),
        ("tells nothing of the engine", row(60, (30, {**IDLE, "ignition": None}))),
        ("stops and goes", row(5, *[(30, IDLE), (2, {**IDLE, "speed_kmh": 20.0})] * 5)),
        ("was idling before and after a gap", row(3600, (4, IDLE))),
    ],
    "towing": [
        ("drives", taken(5, 50.0, 70.0, 40, ignition=True)),
        ("never tells its ignition", taken(5, 50.0, 70.0, 40, ignition=None)),
        ("stands while its place drifts", taken(5, 0.0, 42.0, 40)),
        ("turns its engine", [one._replace(rpm=900.0) for one in taken(5, 50.0, 70.0, 40)]),
        ("is moved in its yard", north(5, [0, 40, 80, 120, 120, 120, 80, 40, 0], ignition=False, speed_kmh=8.0)),
        ("is elsewhere after a gap", north(3600, [0, 9000, 18000], ignition=False, speed_kmh=40.0)),
    ],
    "silence": [("reports every minute", row(60, (30, HERE))), ("reports every quarter", row(900, (3, HERE)))],
    "unplugged": [
        ("cranks", row(5, (3, {"voltage_v": 12.6}), (1, {"voltage_v": 5.5}), (3, {"voltage_v": 13.8}))),
        ("measures its own battery", row(60, (30, {"voltage_v": 3.9}))),
        ("measures nothing", row(60, (30, HERE))),
        ("is told it is back", row(5, (3, {"extra": {"unplug": 0}}))),
    ],
    "fuel_drop": [
        ("burns it", fuels(60, *((1, 90.0 - n / 10) for n in range(600)))),
        ("sways in curves", fuels(5, *((1, 60.0 + (14.0 if n % 8 < 4 else -14.0)) for n in range(200)))),
        ("slips for a reading now and then", fuels(5, *((1, 5.0 if n % 6 == 0 else 60.0) for n in range(200)))),
        (
            "was driven while it was not heard of",
            [
                *fuels(60, (10, 80.0)),
                *(one._replace(ts=one.ts + 9000.0, lat=LAT + 0.5) for one in fuels(60, (20, 40.0))),
            ],
        ),
        ("is filled", fuels(60, (10, 20.0), (20, 90.0))),
    ],
    "fuel_fill": [
        ("climbs a hill for a minute", fuels(5, (60, 50.0), (8, 70.0), (60, 50.0))),
        ("loses it", fuels(60, (10, 70.0), (20, 40.0))),
    ],
    "dtc": [("has none", row(60, (9, {"dtc": []}))), ("tells of none", row(60, (9, HERE)))],
    "odometer_rollback": [
        ("trembles", row(60, (3, {"odometer_m": 80_000_900}), (3, {"odometer_m": 80_000_000}))),
    ],
    "driver_change": [
        ("shows the first key", row(60, (3, {}), (3, {"driver_key": "A"}))),
        ("shows no key for a while", row(60, (3, {"driver_key": "A"}), (3, {}), (3, {"driver_key": "A"}))),
    ],
}
