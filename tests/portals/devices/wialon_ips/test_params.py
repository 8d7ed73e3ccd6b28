import pytest

from portals.devices.wialon_ips.faults import Fault, Malformed
from portals.devices.wialon_ips.params import EXTRA_COUNT, EXTRA_TEXT, read_params


class TestParams:
    @pytest.mark.parametrize(
        ("text", "known"),
        [
            ("ign:1:1", {"ignition": True}),
            ("IGNITION:1:0", {"ignition": False}),
            ("odo:1:123456", {"odometer_m": 123456}),
            ("fuel:2:45.8", {"fuel_pct": 45.8}),
            ("fuel_rate:2:7.5", {"fuel_rate_lph": 7.5}),
            ("rpm:1:1850", {"rpm": 1850}),
            ("temp:1:-12", {"engine_temp_c": -12}),
            ("pwr:2:13.8", {"voltage_v": 13.8}),
            ("PWR_ext:2:24.1", {"voltage_v": 24.1}),
            ("dtc:3:P0299+U2ABC", {"dtc": ("P0299", "U2ABC")}),
            ("dtc:3:p0299|b1000", {"dtc": ("P0299", "B1000")}),
            ("dtc:3:", {"dtc": ()}),
            ("rpm:1:NA", {}),
            ("rpm:1:", {}),
        ],
    )
    def test_known_names_become_fields_in_any_case(self, text, known):
        assert read_params(text) == (known, {})

    def test_everything_else_is_extra_under_its_own_name(self):
        text = "mileage:1:12,SOS:1:1,text:3:a:b % c,Батарея:3:100 %,rpm:3:high"
        assert read_params(text) == (
            {},
            {"mileage": 12, "SOS": 1, "text": "a:b % c", "Батарея": "100 %", "rpm": "high"},
        )

    @pytest.mark.parametrize("nothing", ["", "NA"])
    def test_there_may_be_none(self, nothing):
        assert read_params(nothing) == ({}, {})

    @pytest.mark.parametrize(
        "text",
        [
            "rpm",
            "rpm:1",
            ":1:5",
            "rpm:4:5",
            "rpm:1:5.5",
            "a:1:1_0",
            "a:1:" + "9" * 19,
            "a:2:nan",
            "a:2:1e400",
            "n" * 65 + ":1:1",
            "ign:1:2",
            "odo:1:-5",
            "odo:1:2147483648",
            "dtc:3:X0299",
            "dtc:3:P4299",
            "dtc:3:P0299,",
            "dtc:3:P0299++P0300",
        ],
    )
    def test_a_wrong_one_is_refused(self, text):
        with pytest.raises(Malformed) as refusal:
            read_params(text)
        assert refusal.value.fault is Fault.PARAMS

    def test_extra_is_bounded_and_says_how_much_it_left_out(self):
        many = ",".join(f"p{n}:3:{'x' * 300}" for n in range(EXTRA_COUNT + 6)) + ",rpm:1:900"
        known, extra = read_params(many)
        assert known == {"rpm": 900}
        assert extra.pop("params_left_out") == 6
        assert len(extra) == EXTRA_COUNT
        assert {len(value) for value in extra.values()} == {EXTRA_TEXT}
