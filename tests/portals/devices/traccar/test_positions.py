"""What a Traccar server forwards, read without a server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.telemetry.schemas import Point
from portals.devices.faults import Malformed
from portals.devices.traccar.positions import Forwarded, read_positions

DOCUMENTED = """{"position":{"id":12345,"attributes":{"sat":19,"ignition":true,"motion":true,"odometer":41397,
"power":14.304,"distance":15.4,"totalDistance":12500.5},"deviceId":10,"protocol":"teltonika",
"serverTime":"2024-05-20T14:30:00.000+00:00","deviceTime":"2024-05-20T14:29:55.000+00:00",
"fixTime":"2024-05-20T14:29:55.000+00:00","valid":true,"latitude":-23.55052,"longitude":-46.633308,"altitude":760.0,
"speed":13.5,"course":180.0,"address":null,"accuracy":0.0,"network":null,"geofenceIds":null},
"device":{"id":10,"attributes":{},"groupId":0,"calendarId":0,"name":"Car 01","uniqueId":"123456789012345",
"status":"online","lastUpdate":"2024-05-20T14:30:00.000+00:00","positionId":12344,"phone":null,"model":"FMB120",
"contact":null,"category":"car","disabled":false,"expirationTime":null}}"""


def forwarded(**changed: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(DOCUMENTED)
    body["position"] |= {"attributes": {}} | changed
    return body


def read(body: Any) -> Forwarded:
    (one,) = read_positions(json.dumps(body).encode())
    return one


def point_of(**changed: Any) -> Point:
    one = read(forwarded(**changed))
    assert one.point is not None, one.problem
    return one.point


class TestAForwardedPosition:
    def test_is_read_with_its_units(self) -> None:
        (one,) = read_positions(DOCUMENTED.encode())
        assert one.device_uid == "123456789012345"
        assert one.point == Point(
            ts=datetime(2024, 5, 20, 14, 29, 55, tzinfo=UTC),
            lat=-23.55052,
            lon=-46.633308,
            altitude_m=760.0,
            speed_kmh=pytest.approx(25.002),
            course_deg=180.0,
            satellites=19,
            ignition=True,
            odometer_m=41397,
            voltage_v=14.304,
            extra={
                "traccar_protocol": "teltonika",
                "motion": True,
                "distance_m": 15.4,
                "total_distance_m": 12500.5,
            },
        )

    def test_gives_each_attribute_its_field_or_keeps_it_with_its_unit(self) -> None:
        point = point_of(
            attributes={
                "fuelLevel": 55.5, "fuel": 30.2, "fuelConsumption": 6.1, "rpm": 1800, "coolantTemp": 88, "hdop": 0.9,
                "obdSpeed": 25, "driverUniqueId": "0A1B", "alarm": "powerCut", "io239": 1, "dtcs": "P0299 P2BAC",
                "battery": 3.9, "hours": 3600000,
            }
        )  # fmt: skip
        assert (point.fuel_pct, point.fuel_rate_lph, point.rpm, point.engine_temp_c) == (55.5, 6.1, 1800.0, 88.0)
        assert (point.hdop, point.driver_key, point.dtc) == (0.9, "0A1B", ("P0299", "P2BAC"))
        assert point.extra == {
            "traccar_protocol": "teltonika", "fuel_l": 30.2, "obd_speed_kmh": 25, "alarm": "powerCut", "io239": 1,
            "battery_v": 3.9, "engine_hours_ms": 3600000,
        }  # fmt: skip

    def test_keeps_what_is_not_of_the_kind_its_name_wants(self) -> None:
        point = point_of(attributes={"sat": "many", "ignition": 1, "power": True, "dtcs": "none", "driverUniqueId": ""})
        assert (point.satellites, point.ignition, point.voltage_v, point.dtc, point.driver_key) == (
            None, None, None, None, None,
        )  # fmt: skip
        assert point.extra["sat"] == "many"

    @pytest.mark.parametrize(
        "changed", [{"valid": False}, {"outdated": True}, {"fixTime": "2024-05-20T14:00:00.000+00:00"}]
    )
    def test_has_no_place_when_the_fix_is_not_of_its_moment(self, changed: dict[str, Any]) -> None:
        point = point_of(**changed)
        assert (point.ts, point.lat, point.speed_kmh) == (datetime(2024, 5, 20, 14, 29, 55, tzinfo=UTC), None, None)

    def test_takes_the_zeros_of_what_traccar_does_not_know_for_nothing(self) -> None:
        point = point_of(altitude=0.0, speed=0.0, course=0.0)
        assert (point.altitude_m, point.speed_kmh, point.course_deg) == (None, 0.0, None)

    def test_may_come_in_a_list(self) -> None:
        both = [forwarded(), forwarded(latitude="north")]
        good, bad = read_positions(json.dumps(both).encode())
        assert good.point is not None
        assert (bad.point, bad.device_uid) == (None, "123456789012345")
        assert "latitude" in bad.problem

    @pytest.mark.parametrize("changed", [{"valid": None}, {"fixTime": "now"}, {"fixTime": None, "deviceTime": None}])
    def test_that_cannot_be_read_still_names_its_device(self, changed: dict[str, Any]) -> None:
        one = read(forwarded(**changed))
        assert (one.point, one.device_uid) == (None, "123456789012345")
        assert one.problem

    @pytest.mark.parametrize("body", [b"", b"{", b"{}", b"7", b'{"position":{},"device":{}}', b"[" * 50_000])
    def test_of_no_device_is_refused_in_words(self, body: bytes) -> None:
        with pytest.raises(Malformed, match=r"forward\.type"):
            read_positions(body)
