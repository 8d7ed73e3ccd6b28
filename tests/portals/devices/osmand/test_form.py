"""The query form, read without a server."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.telemetry.schemas import Point
from portals.devices.faults import Malformed
from portals.devices.osmand.form import read_form

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def point_of(query: str) -> Point:
    return read_form(parse_qs(query.removeprefix("/?"), keep_blank_values=True), received_at=NOW).point


class TestARealRequest:
    def test_may_give_its_time_in_milliseconds(self) -> None:
        point = point_of(
            "/?id=902064&lat=42.06288&lon=-88.23412&timestamp=1442068686579&hdop=6.0&altitude=224.0&speed=0.0"
        )
        assert point == Point(
            ts=datetime(2015, 9, 12, 14, 38, 6, 579000, UTC),
            lat=42.06288, lon=-88.23412, hdop=6.0, altitude_m=224.0, speed_kmh=0.0,
        )  # fmt: skip

    def test_may_give_its_time_as_a_date(self) -> None:
        point = point_of(
            "/?lat=49.60688&lon=6.15788&timestamp=2014-06-04+09%3A10%3A11&altitude=384.7&speed=0.0&id=353861053849681"
        )
        assert point.ts == datetime(2014, 6, 4, 9, 10, 11, tzinfo=UTC)

    def test_gives_its_speed_in_knots_and_what_the_car_says_as_it_likes(self) -> None:
        point = point_of(
            "/?id=123456789012345&timestamp=1504763810&lat=40.7232948571&lon=-74.0061408571"
            "&bearing=7.19889788244&speed=40&ignition=true&rpm=933&fuel=24"
        )
        assert point.ts == datetime(2017, 9, 7, 5, 56, 50, tzinfo=UTC)
        assert point.speed_kmh == pytest.approx(74.08)
        assert (point.course_deg, point.ignition, point.rpm) == (7.19889788244, True, 933.0)
        assert point.fuel_pct is None
        assert point.extra == {"fuel": 24}

    def test_without_a_time_is_of_the_moment_of_receipt(self) -> None:
        point = point_of("/?id=861001000719969&lat=41.666667&lon=-0.883333&altitude=350.059479&speed=0.000000&batt=87")
        assert (point.ts, point.extra) == (NOW, {"battery_pct": 87.0})

    def test_without_an_id_is_refused(self) -> None:
        with pytest.raises(Malformed, match="id is missing"):
            point_of("/?timestamp=1377177267&lat=60.0&lon=30.0")


class TestAForm:
    def test_takes_every_name_of_the_protocol(self) -> None:
        point = point_of(
            "deviceid=a-phone&location=60.5,-30.25&heading=359.5&timestamp=2026-11-24T10:00:00%2B02:00&accuracy=12.5"
            "&charge=true&valid=1&driverUniqueId=D-17&cell=310,410,1,2,-70&cell=310,410,1,3&wifi=aa-bb,-60&alarm=sos"
        )
        assert point == Point(
            ts=datetime(2026, 11, 24, 8, tzinfo=UTC),
            lat=60.5,
            lon=-30.25,
            course_deg=359.5,
            driver_key="D-17",
            extra={
                "charging": True,
                "accuracy_m": 12.5,
                "cell": ["310,410,1,2,-70", "310,410,1,3"],
                "wifi": ["aa-bb,-60"],
                "alarm": "sos",
            },
        )

    def test_has_no_place_when_it_says_the_fix_is_not_valid(self) -> None:
        assert point_of("id=a&lat=1&lon=2&speed=3&altitude=4&valid=false") == Point(ts=NOW)

    def test_takes_below_zero_for_not_known(self) -> None:
        assert point_of("id=a&speed=-1&bearing=-1&batt=-1&accuracy=-1") == Point(ts=NOW)

    @pytest.mark.parametrize(
        "written",
        ["1764000000", "1764000000.0", "1764000000000", "2025-11-24T16:00:00Z", "2025-11-24T16:00:00",
         "2025-11-24T16:00:00.000%2B00:00", "2025-11-24T18:00:00+02:00", "2025-11-24 16:00:00"],
    )  # fmt: skip
    def test_reads_every_way_of_writing_a_moment(self, written: str) -> None:
        assert point_of(f"id=a&timestamp={written}").ts == datetime(2025, 11, 24, 16, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("wrong", "named"),
        [
            ("lat=north", "lat"), ("lat=1_0", "lat"), ("lon=nan", "lon"), ("lat=inf", "lat"),
            ("altitude=1e99", "altitude"),
            ("location=60.5", "location"), ("location=a,b", "latitude"), ("timestamp=yesterday", "timestamp"),
            ("timestamp=2026-13-01T00:00:00", "timestamp"), ("timestamp=2026-11-24", "timestamp"),
            ("timestamp=999999999999999999999", "timestamp"), ("valid=maybe", "valid"), ("ignition=2", "ignition"),
            ("speed=fast", "speed"), ("driverUniqueId=" + "x" * 65, "driverUniqueId"),
        ],
    )  # fmt: skip
    def test_says_which_value_it_cannot_read(self, wrong: str, named: str) -> None:
        with pytest.raises(Malformed, match=f"^{named} is"):
            point_of(f"id=a&{wrong}")

    def test_keeps_a_bounded_part_of_what_has_no_field(self) -> None:
        extra = point_of("id=a&" + "&".join(f"v{n}=x" for n in range(100)) + "&t=" + "y" * 999).extra
        assert len(extra) == 65
        assert extra["left_out"] == 37
        assert point_of("id=a&t=" + "y" * 999).extra == {"t": "y" * 255}

    def test_takes_numbers_and_truth_values_for_what_they_are_and_leaves_names_alone(self) -> None:
        assert point_of("id=a&n=7&d=-1.5&t=true&f=FALSE&zeros=007&word=nan&none=").extra == {
            "n": 7, "d": -1.5, "t": True, "f": False, "zeros": "007", "word": "nan", "none": "",
        }  # fmt: skip

    @given(
        st.dictionaries(
            st.sampled_from(["lat", "lon", "location", "speed", "timestamp", "valid", "batt", "cell", "x"]), st.text()
        )
    )
    def test_is_read_or_refused_in_words_whatever_it_holds(self, fields: dict[str, str]) -> None:
        try:
            report = read_form({"id": ["a"], **{name: [text] for name, text in fields.items()}}, received_at=NOW)
        except Malformed as fault:
            assert fault.detail
        else:
            assert report.point.ts.tzinfo is not None
