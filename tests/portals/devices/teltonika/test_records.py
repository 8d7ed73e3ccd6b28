from datetime import UTC, datetime

import pytest

from portals.devices.conversation import Unreadable
from portals.devices.teltonika.records import EXTRA_COUNT, read_records

from . import real_frames


def read(whole, *, family=None):
    return read_content(whole[8:-4], family=family)


def read_content(content, *, family=None):
    return read_records(content, family=family, answer=lambda number: b"%d" % number)


def points(whole, **how):
    records = read(whole, **how)
    assert not records.bad
    return [point for point, _ in records.good]


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def codec_8(*values, sats=7, event=0, priority=0, ts_ms=1_700_000_000_000, speed=36):
    """The content of one record with values of one byte."""
    head = ts_ms.to_bytes(8, "big") + bytes([priority])
    gps = (103_000_000).to_bytes(4, "big", signed=True) + (-520_000_000).to_bytes(4, "big", signed=True)
    gps += (-12).to_bytes(2, "big", signed=True) + (90).to_bytes(2, "big") + bytes([sats]) + speed.to_bytes(2, "big")
    elements = bytes([event, len(values), len(values)]) + b"".join(bytes(value) for value in values) + b"\0\0\0"
    return b"\x08\x01" + head + gps + elements + b"\x01"


def extended(*values):
    """The content of one record of Codec 8 Extended with values of variable size."""
    head = (1_700_000_000_000).to_bytes(8, "big") + bytes(16)
    elements = bytes(2) + len(values).to_bytes(2, "big") + bytes(8) + len(values).to_bytes(2, "big")
    for number, value in values:
        elements += number.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value
    return b"\x8e\x01" + head + elements + b"\x01"


def only_point(content, **how):
    records = read_content(content, **how)
    [(point, _)] = records.good
    return point


class TestRealFrames:
    """Sample frames and expected values from the vendor and from the tests of the Traccar project."""

    def test_codec_8_without_a_fix_has_values_and_no_place(self):
        [point] = points(real_frames.NO_FIX)
        assert point.ts == at("2019-06-10T10:04:46")
        assert (point.lat, point.lon, point.altitude_m, point.speed_kmh, point.course_deg) == (None,) * 5
        assert (point.satellites, point.voltage_v, point.driver_key) == (0, 24.079, None)
        assert point.extra == {"gsm_signal": 3, "input1": 1, "gsm_operator": 24602, "event": "input1", "priority": 1}

    def test_codec_8_may_hold_two_records(self):
        first, second = points(real_frames.TWO_RECORDS)
        assert (first.ts, second.ts) == (at("2019-06-10T10:01:01"), at("2019-06-10T10:01:19"))
        assert (first.extra["input1"], second.extra["input1"]) == (0, 1)
        assert read(real_frames.TWO_RECORDS).answer(()) == b"2"

    def test_codec_8_extended_has_numbers_of_two_bytes(self):
        [point] = points(real_frames.EXTENDED)
        assert point.ts == at("2019-06-10T11:36:32")
        assert point.odometer_m == 22_949_000
        assert point.extra == {
            "input1": 1, "axis_x_mg": 29, "io11": 893700218, "io14": 500686954, "event": "input1", "priority": 1
        }  # fmt: skip

    def test_a_moving_car_has_a_place_and_a_speed(self):
        [point] = points(real_frames.MOVING)
        assert point.ts == at("2017-09-26T02:56:53")
        assert (point.lat, point.lon) == (56.9463366, 60.5131366)
        assert (point.altitude_m, point.course_deg, point.satellites, point.speed_kmh) == (267, 185, 19, 94)
        assert (point.ignition, point.voltage_v, point.hdop) == (True, 14.363, 0.6)
        extra = point.extra
        assert (extra["movement"], extra["gsm_signal"], extra["gnss_speed_kmh"]) == (True, 5, 94)
        assert (extra["pdop"], extra["gsm_operator"]) == (1.1, 25001)

    def test_an_obd_report_has_fault_codes_and_a_vin(self):
        [point] = points(real_frames.WITH_OBD)
        assert point.ts == at("2021-04-08T10:52:26")
        assert (round(point.lat, 6), round(point.lon, 6)) == (52.029672, 6.787783)
        assert (point.altitude_m, point.course_deg, point.satellites, point.speed_kmh) == (33, 225, 19, 19)
        assert (point.ignition, point.voltage_v, point.rpm, point.odometer_m) == (True, 14.304, 1439, 41397)
        assert point.dtc == ("P0299", "P0675", "P0674", "P0672", "P0671", "P0471", "P2BAC")
        extra = point.extra
        assert (extra["vin"], extra["dtc_count"], extra["trip_m"]) == ("WV1ZZZ2EZ86015388", 7, 30)
        assert extra["gnss_speed_kmh"] == 10

    def test_codec_16_says_why_a_record_was_made(self):
        first, second = points(real_frames.CODEC_16)
        assert (first.ts, second.ts) == (at("2019-07-10T12:06:54"), at("2019-07-10T12:06:55"))
        assert (first.extra["event"], first.extra["generation"], first.voltage_v) == ("io11", 5, 22.074)
        assert (first.extra["io11"], second.extra["io11"]) == (39, 38)
        assert (first.extra["input1"], first.extra["input3"]) == (0, 0)


class TestRecord:
    def test_has_longitude_before_latitude_and_both_signs(self):
        point = only_point(codec_8())
        assert (point.lon, point.lat, point.altitude_m) == (10.3, -52.0, -12)

    def test_keeps_the_milliseconds_of_its_time(self):
        assert only_point(codec_8(ts_ms=1_700_000_000_123)).ts.microsecond == 123_000

    def test_of_a_time_that_is_no_date_is_handed_back_and_still_counted(self):
        records = read_content(codec_8(ts_ms=2**63))
        assert not records.good
        assert "no date" in records.bad[0].detail
        assert records.answer(()) == b"1"

    def test_is_kept_as_a_content_of_one_that_can_be_read_again(self):
        records = read(real_frames.TWO_RECORDS)
        for point, raw in records.good:
            assert [good.point for good in read_content(raw).good] == [point]

    @pytest.mark.parametrize(
        ("value", "name", "expected"),
        [
            ((239, 1), "ignition", True),
            ((239, 0), "ignition", False),
            ((32, 0xF6), "engine_temp_c", -10),
            ((48, 55), "fuel_pct", 55),
            ((179, 1), "outputs", 1),
            ((180, 1), "outputs", 2),
            ((180, 0), "outputs", 0),
        ],
    )
    def test_gives_fields(self, value, name, expected):
        assert getattr(only_point(codec_8(value)), name) == expected

    def test_joins_both_outputs_to_one_mask(self):
        assert only_point(codec_8((179, 1), (180, 1))).outputs == 3

    def test_believes_the_bus_before_the_plug(self):
        assert only_point(codec_8((48, 20), (89, 60))).fuel_pct == 60
        assert only_point(codec_8((89, 60), (48, 20))).fuel_pct == 60

    @pytest.mark.parametrize(
        ("value", "name", "expected"),
        [
            ((246, 1), "towing", 1),
            ((247, 1), "crash", 1),
            ((249, 1), "jamming", 1),
            ((251, 1), "idling", 1),
            ((252, 1), "unplug", 1),
            ((253, 2), "green_driving", "braking"),
            ((253, 9), "green_driving", 9),
            ((199, 5), "trip_m", 5),
            ((222, 5), "io222", 5),
        ],
    )
    def test_keeps_the_rest_under_plain_names(self, value, name, expected):
        assert only_point(codec_8(value)).extra[name] == expected

    def test_names_the_event_that_caused_it(self):
        assert only_point(codec_8((252, 1), event=252, priority=1)).extra == {
            "unplug": 1, "event": "unplug", "priority": 1
        }  # fmt: skip

    def test_reads_an_ibutton_from_its_last_byte(self):
        content = codec_8()
        with_key = content[:-2] + b"\x01\x4e" + bytes.fromhex("0102030405060708") + b"\x01"
        assert only_point(with_key).driver_key == "0807060504030201"

    def test_keeps_variable_values_as_text_or_digits(self):
        point = only_point(extended((256, b"WV1ZZZ2EZ86015388"), (7000, b"\x00\xff"), (281, b"P0299,junk,U2ABC")))
        assert (point.extra["vin"], point.extra["io7000"]) == ("WV1ZZZ2EZ86015388", "00ff")
        assert point.dtc == ("P0299", "U2ABC")

    def test_bounds_what_it_keeps_and_says_how_much_it_left_out(self):
        numbers = [number for number in range(256) if number not in (1, 16, 179, 180)][100:180]
        extra = only_point(extended(*((7000 + number, b"x" * 300) for number in range(4)))).extra
        assert {len(value) for value in extra.values()} == {255}
        many = only_point(extended(*((7000 + number, b"x") for number in numbers))).extra
        assert many.pop("params_left_out") == len(numbers) - EXTRA_COUNT
        assert len(many) == EXTRA_COUNT

    def test_of_another_family_has_other_meanings(self):
        content = codec_8((48, 55), (239, 1))
        point = only_point(content, family="fm36")
        assert (point.fuel_pct, point.extra["io48"], point.ignition) == (None, 55, True)
        volts = (
            (1_700_000_000_000).to_bytes(8, "big") + bytes(16) + bytes.fromhex("0000000100000000000103200000337A0000")
        )
        assert only_point(b"\x8e\x01" + volts + b"\x00\x00\x01", family="ft").voltage_v == 13.178


class TestContent:
    def test_of_another_codec_cannot_be_answered(self):
        with pytest.raises(Unreadable) as refused:
            read_content(b"\x07\x01\x01")
        assert refused.value.reason == "unknown codec"

    def test_whose_two_counts_differ_cannot_be_answered(self):
        with pytest.raises(Unreadable) as refused:
            read_content(codec_8()[:-1] + b"\x02")
        assert refused.value.reason == "wrong count"

    @pytest.mark.parametrize("change", [slice(-2, -1), slice(2, 3)])
    def test_whose_parts_do_not_fit_is_handed_back_whole_and_counted(self, change):
        content = bytearray(codec_8((21, 3)))
        del content[change]
        records = read_content(bytes(content))
        assert not records.good
        assert [bad.raw for bad in records.bad] == [bytes(content)]
        assert records.answer(()) == b"1"

    def test_with_a_byte_too_many_is_handed_back_whole(self):
        assert read_content(codec_8()[:-1] + b"\x00\x01").bad

    def test_of_no_records_is_answered_with_none(self):
        assert read_content(b"\x08\x00\x00").answer(()) == b"0"
