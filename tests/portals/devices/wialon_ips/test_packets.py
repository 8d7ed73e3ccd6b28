from datetime import UTC, datetime, timedelta

import pytest

from portals.devices.conversation import Ping, Unreadable
from portals.devices.wialon_ips.faults import Fault
from portals.devices.wialon_ips.packets import SignedLogin, decode

ARRIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def read(text, *, checksummed=False):
    return decode(text.encode(), checksummed=checksummed, received_at=ARRIVED)


def point_of(text, *, checksummed=False):
    records = read(text, checksummed=checksummed)
    assert not records.bad
    [(point, raw)] = records.good
    assert raw == text
    return point


def fault_of(text, *, checksummed=False):
    records = read(text, checksummed=checksummed)
    assert not records.good
    [(fault, detail, raw)] = records.bad
    assert detail
    assert raw == text
    return fault


def place(point):
    return round(point.lat, 5), round(point.lon, 5)


class TestRealMessages:
    """Sample messages and expected values from the tests of the Traccar project."""

    def test_short_data_gives_time_place_and_motion(self):
        point = point_of("#SD#270413;205601;5544.6025;N;03739.6834;E;1;2;3;4")
        assert point.ts == datetime(2013, 4, 27, 20, 56, 1, tzinfo=UTC)
        assert place(point) == (55.74338, 37.66139)
        assert (point.speed_kmh, point.course_deg, point.altitude_m, point.satellites) == (1, 2, 3, 4)

    def test_version_2_short_data_may_have_two_degree_digits_and_decimals(self):
        point = point_of("#SD#300924;154245;5554.350052;N;3644.670410;E;2.92;NA;NA;NA;7A01", checksummed=True)
        assert point.ts == datetime(2024, 9, 30, 15, 42, 45, tzinfo=UTC)
        assert place(point) == (55.90583, 36.74451)
        assert point.speed_kmh == 2.92
        assert (point.course_deg, point.altitude_m, point.satellites) == (None, None, None)

    def test_version_2_data_may_leave_adc_empty(self):
        point = point_of(
            "#D#220323;114150;2234.80479;N;11354.87786;E;0;NA;59;11;NA;NA;NA;;NA;"
            "d_battr:1:94,d_csq:1:21,di_light:1:1;E7C9",
            checksummed=True,
        )
        assert place(point) == (22.58008, 113.91463)
        assert (point.altitude_m, point.satellites, point.hdop, point.outputs) == (59, 11, None, None)
        assert point.extra == {"d_battr": 94, "d_csq": 21, "di_light": 1}

    def test_data_gives_sensors_and_parameters(self):
        point = point_of(
            "#D#270413;205601;5544.6025;N;03739.6834;E;1;2;3;4;0.0;0;0;14.77,0.02,3.6;NA;"
            "count1:1:564,fuel:2:45.8,hw:3:V4.5"
        )
        assert (point.hdop, point.outputs, point.fuel_pct, point.driver_key) == (0.0, 0, 45.8, None)
        assert point.extra == {
            "count1": 564, "hw": "V4.5", "inputs": 0, "adc1": 14.77, "adc2": 0.02, "adc3": 3.6
        }  # fmt: skip

    def test_a_black_box_gives_each_of_its_records(self):
        records = read(
            "#B#080914;073235;5027.50625;N;03026.19321;E;0.700;0.000;NA;4;NA;NA;NA;;NA;Батарея:3:100 %"
            "|080914;073420;5027.50845;N;03026.18854;E;1.996;292.540;NA;4;NA;NA;NA;;NA;Батарея:3:100 %"
        )
        first, second = (good.point for good in records.good)
        assert first.ts == datetime(2014, 9, 8, 7, 32, 35, tzinfo=UTC)
        assert second.ts == datetime(2014, 9, 8, 7, 34, 20, tzinfo=UTC)
        assert (place(first), place(second)) == ((50.45844, 30.43655), (50.45847, 30.43648))
        assert (second.speed_kmh, second.course_deg) == (1.996, 292.54)
        assert first.extra == {"Батарея": "100 %"}

    def test_data_without_time_and_place_takes_the_time_of_arrival_and_no_place(self):
        point = point_of(
            "#D#NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;NA;;NA;mnc1:1:02,mcc1:1:250,lac1:1:5901,cell_id1:1:45542,"
            "mnc2:1:22,mcc2:1:222,lac2:1:2222,cell_id2:1:22222,mcc3:1:333"
        )
        assert (point.ts, point.lat, point.lon, point.satellites) == (ARRIVED, None, None, None)
        assert point.extra["cell_id2"] == 22222

    def test_a_login_with_an_edited_id_has_a_wrong_checksum(self):
        with pytest.raises(Unreadable) as refusal:
            read("#L#2.0;42001300083;;CE45")
        assert refusal.value.answer == b"#AL#10\r\n"

    def test_published_version_2_packets_are_read(self):
        assert read("#L#2.0;860000000000001;NA;86E9") == SignedLogin("860000000000001", None, True)
        assert point_of("#M#Hello driver;0798", checksummed=True).extra == {"text": "Hello driver"}
        point = point_of(
            "#D#270413;205601;5544.6025;N;03739.6834;E;1;2;3;4;0.0;3;1;14.77,0.02,3.6;NA;"
            "ign:1:1,rpm:1:1850,fuel:2:45.8,hw:3:V4.5;24EE",
            checksummed=True,
        )
        assert (point.ignition, point.rpm, point.outputs, point.extra["inputs"]) == (True, 1850, 1, 3)


class TestLogin:
    def test_tells_the_versions_apart(self):
        assert read("#L#imei;password") == SignedLogin("imei", "password", False)
        assert read("#L#imei;NA") == read("#L#imei;") == SignedLogin("imei", None, False)

    @pytest.mark.parametrize("body", ["", ";", "imei", ";NA", "a;b;c", "1.0;imei;NA;0000", "x" * 129 + ";NA"])
    def test_refuses_any_other_form(self, body):
        with pytest.raises(Unreadable) as refusal:
            read(f"#L#{body}")
        assert refusal.value.answer == b"#AL#0\r\n"


class TestChecksum:
    BODY = "#SD#270413;205601;5544.6025;N;03739.6834;E;1;2;3;4"

    @pytest.mark.parametrize("written", ["1985", "0x1985", "01985"])
    def test_is_compared_as_a_number(self, written):
        assert read(f"{self.BODY};{written}", checksummed=True).good

    def test_may_be_in_small_letters(self):
        assert read("#D#220323;114150;2234.80479;N;11354.87786;E;0;NA;59;11;NA;NA;NA;;NA;"
                    "d_battr:1:94,d_csq:1:21,di_light:1:1;e7c9", checksummed=True).good  # fmt: skip

    @pytest.mark.parametrize("ending", [";1986", ";", "", ";-1985", ";zz", ";000000001985"])
    def test_must_be_there_and_right(self, ending):
        assert fault_of(self.BODY + ending, checksummed=True) is Fault.CHECKSUM

    def test_of_a_black_box_covers_the_last_bar(self):
        box = "#B#270413;205601;5544.6025;N;03739.6834;E;1;2;3;4|"
        assert len(read(f"{box}2BC5", checksummed=True).good) == 1
        assert fault_of(f"{box}2BC4", checksummed=True) is Fault.CHECKSUM


def full(**changed):
    fields = {
        "date": "270413", "time": "205601", "lat": "5544.6025", "north": "N", "lon": "03739.6834",
        "east": "E", "speed": "1", "course": "2", "height": "3", "sats": "4", "hdop": "0.9",
        "inputs": "0", "outputs": "0", "adc": "", "ibutton": "NA", "params": "NA",
    }  # fmt: skip
    return "#D#" + ";".join((fields | changed).values())


class TestFields:
    @pytest.mark.parametrize(
        ("changed", "fault"),
        [
            ({"params": "NA;NA"}, Fault.STRUCTURE),
            ({"ibutton": "k" * 65}, Fault.STRUCTURE),
            ({"date": "310213"}, Fault.TIME),
            ({"date": "27041"}, Fault.TIME),
            ({"time": "246000"}, Fault.TIME),
            ({"time": "2056"}, Fault.TIME),
            ({"time": "205601.1234567890"}, Fault.TIME),
            ({"time": "+5+6+1"}, Fault.TIME),
            ({"lat": "abc"}, Fault.COORDINATES),
            ({"lat": "5564.0167"}, Fault.COORDINATES),
            ({"lat": "-5544.6025"}, Fault.COORDINATES),
            ({"lat": "NA"}, Fault.COORDINATES),
            ({"lat": "NA", "north": "NA"}, Fault.COORDINATES),
            ({"north": "E"}, Fault.COORDINATES),
            ({"north": "NS"}, Fault.COORDINATES),
            ({"speed": "fast"}, Fault.MOTION),
            ({"speed": "nan"}, Fault.MOTION),
            ({"course": "inf"}, Fault.MOTION),
            ({"height": "1_0"}, Fault.MOTION),
            ({"sats": "4.5"}, Fault.FIX),
            ({"sats": "-1"}, Fault.FIX),
            ({"hdop": "1e99"}, Fault.FIX),
            ({"inputs": "x"}, Fault.BITS),
            ({"outputs": "4294967296"}, Fault.BITS),
            ({"outputs": "1" * 500}, Fault.BITS),
            ({"adc": "1,x"}, Fault.ADC),
            ({"adc": ",".join("1" * 33)}, Fault.ADC),
            ({"params": "rpm"}, Fault.PARAMS),
        ],
    )
    def test_a_wrong_one_is_named(self, changed, fault):
        assert fault_of(full(**changed)) is fault

    def test_a_number_of_thousands_of_digits_is_refused(self):
        [bad] = read(full(outputs="1" * 5_000)).bad
        assert bad.fault is Fault.BITS

    def test_south_and_west_are_negative(self):
        assert place(point_of(full(north="S", east="W"))) == (-55.74338, -37.66139)

    def test_a_fraction_of_a_second_is_kept(self):
        assert point_of(full(time="205601.5")).ts.microsecond == 500_000
        assert point_of(full(time="205601.123456789")).ts.microsecond == 123_456

    def test_empty_means_the_same_as_na(self):
        empty = dict.fromkeys(("date", "time", "lat", "north", "lon", "east", "speed", "course", "height"), "")
        point = point_of(full(**empty, sats="", hdop="", inputs="", outputs="", ibutton="", params=""))
        assert (point.ts, point.lat, point.speed_kmh, point.hdop, point.driver_key) == (ARRIVED, *[None] * 4)
        assert point.extra == {}

    def test_a_driver_key_is_kept_as_it_is_written(self):
        assert point_of(full(ibutton="01A2B3")).driver_key == "01A2B3"


class TestBlackBox:
    GOOD = "270413;205601;5544.6025;N;03739.6834;E;1;2;3;4"

    def test_keeps_the_good_records_and_hands_back_the_bad_ones(self):
        records = read(f"#B#{self.GOOD}|garbage|{self.GOOD.replace('2704', '9999')}|{self.GOOD}")
        assert [good.raw for good in records.good] == [f"#B#{self.GOOD}"] * 2
        assert [(bad.fault, bad.raw[:11]) for bad in records.bad] == [
            (Fault.STRUCTURE, "#B#garbage"),
            (Fault.TIME, "#B#999913;2"),
        ]

    def test_holds_short_and_full_records_together(self):
        assert len(read(f"#B#{self.GOOD}|{full()[3:]}|").good) == 2

    def test_tells_records_without_a_time_apart(self):
        records = read("#B#" + "|".join([self.GOOD.replace("270413", "NA")] * 3))
        assert [good.point.ts - ARRIVED for good in records.good] == [timedelta(microseconds=n) for n in range(3)]

    def test_is_refused_whole_when_it_holds_more_records_than_fit_a_frame(self):
        records = read("#B#" + "x|" * 2_001)
        assert [bad.fault for bad in records.bad] == [Fault.STRUCTURE]


class TestOtherPackets:
    def test_a_ping_is_a_ping(self):
        assert read("#P#") == read("#P#", checksummed=True) == Ping(b"#AP#\r\n")

    def test_an_empty_message_is_refused(self):
        assert fault_of("#M#") is Fault.STRUCTURE

    @pytest.mark.parametrize("text", ["", "#", "##", "#D", "GET / HTTP/1.1", "#Q#", "#I#512;0;0;270413;205601;a.jpg"])
    def test_what_the_gateway_does_not_read_ends_the_conversation(self, text):
        with pytest.raises(Unreadable) as refusal:
            read(text)
        assert refusal.value.answer == b""

    def test_text_that_no_store_could_hold_is_written_out(self):
        records = decode(b"#M#a\x00b\xff", checksummed=False, received_at=ARRIVED)
        assert records.good[0].point.extra == {"text": r"a\x00b\xff"}
