"""The JSON of the newer Traccar Client, read without a server."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from core.telemetry.schemas import Point
from portals.devices.faults import Malformed
from portals.devices.osmand.client import read_body, read_location

REAL = (
    '{"device_id":"a-phone","location":{"timestamp":"2025-06-15T13:45:12.862Z","coords":{"latitude":37.4219983,'
    '"longitude":-122.084,"accuracy":5,"speed":0,"heading":-1,"altitude":5},"is_moving":false,"odometer":0,'
    '"event":"motionchange","battery":{"level":1,"is_charging":false},"activity":{"type":"still"},"extras":{}}}'
)


def point_of(body: str) -> Point:
    return read_location(*read_body(body.encode())).point


def moving(**changed: object) -> str:
    coords = {"latitude": -6.1148096, "longitude": 106.6837015, "speed": 18.67, "heading": 63, **changed}
    location = {"timestamp": "2025-06-15T13:45:12Z", "coords": coords, "battery": {"level": 0.79}}
    return json.dumps({"device_id": "a-phone", "location": location})


class TestARealBody:
    def test_of_a_phone_that_lies_still(self) -> None:
        assert point_of(REAL) == Point(
            ts=datetime(2025, 6, 15, 13, 45, 12, 862000, UTC),
            lat=37.4219983,
            lon=-122.084,
            altitude_m=5.0,
            speed_kmh=0.0,
            extra={
                "battery_pct": 100.0,
                "charging": False,
                "accuracy_m": 5.0,
                "is_moving": False,
                "phone_odometer_m": 0.0,
                "event": "motionchange",
                "activity": "still",
            },
        )

    def test_of_a_phone_in_motion_is_in_metres_per_second(self) -> None:
        point = point_of(moving())
        assert point.speed_kmh == pytest.approx(67.2, abs=0.05)
        assert (point.course_deg, point.extra) == (63.0, {"battery_pct": 79.0})


class TestABody:
    def test_takes_minus_one_for_not_known(self) -> None:
        body = moving(speed=-1, heading=-1, accuracy=-1).replace("0.79", "-1")
        point = point_of(body)
        assert (point.speed_kmh, point.course_deg, point.extra) == (None, None, {})

    def test_without_coordinates_is_a_sign_of_life(self) -> None:
        body = '{"device_id":"a","location":{"timestamp":"2025-06-15T13:45:12Z","extras":{"note":"hi","deep":{"a":1}}}}'
        point = point_of(body)
        assert (point.lat, point.extra) == (None, {"note": "hi", "left_out": 1})

    @pytest.mark.parametrize(
        "wrong",
        ["", "{", "[]", "{}", '{"device_id":" ","location":{}}', '{"device_id":7,"location":{}}', '{"device_id":"a"}',
         '{"device_id":"a","location":[]}', '{"device_id":"a","location":{"timestamp":"now"}}',
         moving(latitude="north"), moving().replace("18.67", "1e999"), "[" * 100_000],
    )  # fmt: skip
    def test_that_cannot_be_read_is_refused_in_words(self, wrong: str) -> None:
        with pytest.raises(Malformed) as fault:
            point_of(wrong)
        assert fault.value.detail
