"""Which points are believed, and what the latest state becomes."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.telemetry.rules.cleaning import clean
from core.telemetry.rules.filters import FILTERS, LEFT_OUT
from core.telemetry.rules.geo import Fix, distance_m
from core.telemetry.rules.limits import limits_for
from core.telemetry.rules.states import advance, is_relay_on, is_standing
from core.telemetry.schemas import Point, Reading

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HERE = {"lat": 37.7749, "lon": -122.4194}


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def judge(fix: Fix | None = None, **fields: object) -> list[str]:
    point = Point(**{"ts": NOW, **fields})
    readings = [Reading(index=0, point=point, vehicle_id=1)]
    _, refused, left_out = clean(readings, fixes={1: fix} if fix else {}, earlier={}, classes={}, at=NOW)
    return [doubt.rule for doubt in (*refused, *left_out)]


class TestAPointIsRefused:
    @pytest.mark.parametrize(
        ("rule", "fields"),
        [
            ("time_future", {"ts": at(301)}),
            ("time_too_old", {"ts": NOW - timedelta(days=8)}),
            ("coordinates_incomplete", {"lat": 1.0}),
            ("coordinates_out_of_range", {"lat": 91.0, "lon": 0.5}),
            ("coordinates_out_of_range", {"lat": float("nan"), "lon": 0.5}),
            ("coordinates_null_island", {"lat": 0.0, "lon": 0.0}),
            ("speed_impossible", {"speed_kmh": 410.0}),
            ("speed_impossible", {"speed_kmh": -21.5}),
            ("course_out_of_range", {"course_deg": 493.0}),
            ("fix_bad", {**HERE, "hdop": 99.0}),
            ("fix_bad", {**HERE, "satellites": 2}),
            ("odometer_impossible", {"odometer_m": -1}),
            ("rpm_impossible", {"rpm": 16_383.75}),
            ("fuel_impossible", {"fuel_pct": 101.0}),
            ("fuel_rate_impossible", {"fuel_rate_lph": 3212.0}),
            ("engine_temp_impossible", {"engine_temp_c": 215.0}),
            ("voltage_impossible", {"voltage_v": -0.1}),
            ("altitude_impossible", {"altitude_m": 1e30}),
            ("satellites_impossible", {"satellites": 70_000}),
            ("hdop_impossible", {"hdop": -1.0}),
            ("outputs_impossible", {"outputs": 70_000}),
            ("extra_unstorable", {"extra": {"count": 2**64}}),
            ("extra_unstorable", {"extra": {"a": functools.reduce(lambda inner, _: [inner], range(5_000), "deep")}}),
            ("extra_unstorable", {"extra": {"note": "a\x00b"}}),
            ("driver_key_unreadable", {"driver_key": "a\x00b"}),
            ("dtc_unreadable", {"dtc": ("P0299",) * 65}),
            ("extra_too_large", {"extra": {"note": "a" * 9000}}),
        ],
    )
    def test_by_the_rule_that_names_what_is_wrong(self, rule: str, fields: dict[str, object]) -> None:
        assert judge(**fields) == [rule]

    def test_when_it_jumps_faster_than_any_vehicle(self) -> None:
        assert judge(Fix(at(-10), 37.70, -122.40), **HERE) == ["jump_impossible"]

    def test_never_by_a_rule_without_a_case_above(self) -> None:
        marks = TestAPointIsRefused.test_by_the_rule_that_names_what_is_wrong.pytestmark
        tried = {case[0] for mark in marks for case in mark.args[1]} | {"jump_impossible"}
        assert tried == set(FILTERS)


class TestAPointWithABrokenSensor:
    @pytest.mark.parametrize("rule", sorted(LEFT_OUT))
    def test_is_believed_without_what_the_sensor_says(self, rule: str) -> None:
        marks = TestAPointIsRefused.test_by_the_rule_that_names_what_is_wrong.pytestmark
        fields = next(case[1] for mark in marks for case in mark.args[1] if case[0] == rule)
        point = Point(**{"ts": NOW, **fields})
        readings = [Reading(index=0, point=point, vehicle_id=1)]
        kept, refused, left_out = clean(readings, fixes={}, earlier={}, classes={}, at=NOW)
        assert refused == []
        assert [(doubt.rule, doubt.left_out) for doubt in left_out] == [(rule, LEFT_OUT[rule])]
        assert not any(getattr(kept[1][0].point, name) for name in LEFT_OUT[rule])

    def test_says_each_of_several(self) -> None:
        assert judge(rpm=16_383.75, course_deg=493.0, voltage_v=99.0) == [
            "course_out_of_range",
            "rpm_impossible",
            "voltage_impossible",
        ]

    def test_is_refused_whole_when_its_place_is_wrong_too(self) -> None:
        assert judge(lat=0.0, lon=0.0, rpm=16_383.75) == ["coordinates_null_island"]

    def test_says_nothing_of_its_speed_without_a_fix(self) -> None:
        point = Point(ts=NOW, **HERE, satellites=1, speed_kmh=0.0, ignition=True)
        kept, _, _ = clean([Reading(index=0, point=point, vehicle_id=1)], fixes={}, earlier={}, classes={}, at=NOW)
        believed = kept[1][0].point
        assert (believed.lat, believed.speed_kmh, believed.ignition) == (None, None, True)


class TestAPointIsBelieved:
    def test_when_it_reports_nothing_but_its_time(self) -> None:
        assert judge() == []

    def test_when_it_moved_no_faster_than_a_taxi(self) -> None:
        assert judge(Fix(at(-60), 37.7700, -122.4194), **HERE) == []

    def test_after_a_silence_however_far_it_went(self) -> None:
        assert judge(Fix(NOW - timedelta(hours=3), 36.0, -120.0), **HERE) == []


class TestABurstOutOfOrder:
    def test_is_judged_in_the_order_it_was_driven(self) -> None:
        track = [Point(ts=at(s), lat=37.70 + s * 0.0001, lon=-122.4) for s in range(0, 60, 10)]
        shuffled = [Reading(index=i, point=track[i], vehicle_id=1) for i in (5, 0, 3, 1, 4, 2)]
        kept, refused, _ = clean(shuffled, fixes={}, earlier={}, classes={}, at=NOW + timedelta(minutes=2))
        assert [reading.index for reading in kept[1]] == [0, 1, 2, 3, 4, 5]
        assert refused == []

    def test_loses_only_the_point_that_jumped(self) -> None:
        track = [Point(ts=at(s), lat=37.70 + s * 0.0001, lon=-122.4) for s in range(0, 60, 10)]
        track[3] = Point(ts=at(30), lat=38.9, lon=-122.4)
        readings = [Reading(index=i, point=point, vehicle_id=1) for i, point in enumerate(track)]
        kept, refused, _ = clean(readings, fixes={}, earlier={}, classes={}, at=NOW + timedelta(minutes=2))
        assert [refusal.index for refusal in refused] == [3]
        assert len(kept[1]) == 5


class TestTheLatestState:
    def test_never_moves_backwards(self) -> None:
        state = advance(None, [Point(ts=at(10), speed_kmh=50.0)], received_at=NOW)
        assert advance(state, [Point(ts=at(5), speed_kmh=1.0)], received_at=NOW) is None

    def test_keeps_the_last_known_place_through_a_report_without_a_fix(self) -> None:
        state = advance(None, [Point(ts=at(0), **HERE), Point(ts=at(5), speed_kmh=0.0)], received_at=NOW)
        assert state is not None
        assert (state["lat"], state["ts"], state["fix_ts"]) == (HERE["lat"], at(5), at(0))

    def test_keeps_trouble_codes_through_a_report_without_a_list_and_drops_them_at_an_empty_one(self) -> None:
        codes = [Point(ts=at(0), dtc=("P0299",)), Point(ts=at(5), speed_kmh=1.0)]
        state = advance(None, codes, received_at=NOW)
        assert state is not None
        assert state["dtc"] == ["P0299"]
        cleared = advance(state, [Point(ts=at(10), dtc=())], received_at=NOW)
        assert cleared is not None
        assert cleared["dtc"] == []

    def test_counts_standing_from_the_first_report_that_says_so(self) -> None:
        points = [
            Point(ts=at(0), speed_kmh=20.0, ignition=True),
            Point(ts=at(5), speed_kmh=0.0, ignition=True),
            Point(ts=at(10), speed_kmh=0.0, ignition=False),
            Point(ts=at(15), speed_kmh=0.0),
        ]
        state = advance(None, points, received_at=NOW)
        assert state is not None
        assert state["standing_since"] == at(10)

    @given(st.permutations(range(8)))
    def test_is_the_same_in_whatever_order_the_points_of_a_batch_arrive(self, order: list[int]) -> None:
        points = [Point(ts=at(n), speed_kmh=float(n % 3), odometer_m=n, relay_on=n % 2 == 0) for n in range(8)]
        assert advance(None, [points[n] for n in order], received_at=NOW) == advance(None, points, received_at=NOW)


class TestStanding:
    @pytest.mark.parametrize(
        ("speed_kmh", "ignition", "stands"),
        [
            (0.0, False, True),
            (0.0, None, True),
            (0.0, True, False),
            (0.4, False, False),
            (None, False, False),
        ],
    )
    def test_needs_speed_zero_and_no_running_engine(
        self, speed_kmh: float | None, ignition: bool | None, stands: bool
    ) -> None:
        assert is_standing(speed_kmh, ignition) is stands


class TestTheRelay:
    @pytest.mark.parametrize(
        ("outputs", "output", "inverted", "is_on"),
        [(0b01, 1, False, True), (0b01, 2, False, False), (0b10, 2, False, True), (0b01, 1, True, False)],
    )
    def test_is_read_from_its_bit_and_its_wiring(self, outputs: int, output: int, inverted: bool, is_on: bool) -> None:
        assert is_relay_on(outputs, relay_output=output, relay_inverted=inverted) is is_on

    @pytest.mark.parametrize(("known", "is_on"), [(0b01, None), (0b10, False), (0b11, False), (None, False)])
    def test_is_unknown_when_the_device_reports_only_another_output(
        self, known: int | None, is_on: bool | None
    ) -> None:
        assert is_relay_on(0b01, relay_output=2, relay_inverted=False, known=known) is is_on

    def test_is_unknown_when_the_device_does_not_report_outputs(self) -> None:
        assert is_relay_on(None, relay_output=1, relay_inverted=False) is None


class TestDistance:
    def test_of_one_degree_of_latitude_is_111_km(self) -> None:
        assert distance_m(37.0, -122.0, 38.0, -122.0) == pytest.approx(111_195, rel=1e-3)


class TestARelayThatIsNotMentioned:
    def test_keeps_the_time_at_which_it_was_last_reported(self) -> None:
        state = advance(None, [Point(ts=at(0), relay_on=True)], received_at=at(1))
        later = advance(state, [Point(ts=at(30), speed_kmh=0.0)], received_at=at(31))
        assert later is not None
        assert (later["relay_on"], later["relay_ts"], later["relay_received_at"]) == (True, at(0), at(1))


class TestAnInstallationThatKeepsPointsForADay:
    def test_refuses_a_point_for_which_it_has_no_place(self) -> None:
        old = Reading(index=0, point=Point(ts=NOW - timedelta(days=2)), vehicle_id=1)
        _, refused, _ = clean([old], fixes={}, earlier={}, classes={}, at=NOW, limits=limits_for(1))
        assert [refusal.rule for refusal in refused] == ["time_too_old"]
