"""Sums over minutes, quarters, hours and days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.telemetry.rules.detector import Found, Period, Sample
from core.telemetry.rules.periods import Periods, day_of
from core.telemetry.rules.trips import Trips
from tests.core.telemetry.drives import Leg, context, fold, last_said, rewind, sample_drive, split

HERE = context()
HOUR = 1_750_003_200.0  # an hour on UTC
LATER = 1_750_004_100.0


def periods(said: Iterable[Found], width: str) -> list[Period]:
    stands = last_said(said).values()
    return sorted((p for p in stands if isinstance(p, Period) and p.width == width), key=lambda p: p.start)


def point(ts: float, metres: float = 0.0, **fields: object) -> Sample:
    return Sample(ts, 0.0, metres / 111_195.08, **fields)


class TestASegment:
    def test_is_shared_out_to_the_minutes_it_touches(self) -> None:
        said = fold(Periods(), [point(HOUR + 30, speed_kmh=36), point(HOUR + 150, 1200, speed_kmh=36)], HERE)
        minutes = periods(said, "1m")
        assert [m.start - HOUR for m in minutes] == [0, 60, 120]
        assert [m.distance_m for m in minutes] == pytest.approx([300, 600, 300], rel=1e-3)
        assert [m.moving_s for m in minutes] == pytest.approx([30, 60, 30])
        assert [m.point_count for m in minutes] == [1, 0, 1]

    def test_longer_than_a_gap_counts_nothing_but_its_points(self) -> None:
        points = [point(HOUR, speed_kmh=36, ignition=True), point(HOUR + 1200, 9000, speed_kmh=36, ignition=True)]
        said = fold(Periods(), points, HERE)
        (hour,) = periods(said, "1h")
        assert (hour.point_count, hour.distance_m, hour.moving_s, hour.engine_s) == (2, 0, 0, None)
        assert len(periods(said, "1m")) == 2

    def test_that_ends_on_a_border_leaves_its_point_to_the_next(self) -> None:
        minutes = periods(fold(Periods(), [point(HOUR), point(HOUR + 60)], HERE), "1m")
        assert [m.point_count for m in minutes] == [1, 1]


class TestAPeriod:
    def test_counts_standing_with_the_engine_on_as_idle(self) -> None:
        points = [point(HOUR + n * 10, speed_kmh=0, ignition=n < 30) for n in range(60)]
        (hour,) = periods(fold(Periods(), points, HERE), "1h")
        assert (hour.idle_s, hour.engine_s, hour.moving_s) == (300, 300, 0)

    def test_believes_the_tachometer_before_the_ignition(self) -> None:
        points = [point(HOUR + n * 10, ignition=True, rpm=0 if n < 10 else 800) for n in range(21)]
        (hour,) = periods(fold(Periods(), points, HERE), "1h")
        assert hour.engine_s == 100

    def test_says_nothing_of_engine_fuel_and_speed_when_nothing_told_of_them(self) -> None:
        (hour,) = periods(fold(Periods(), [point(HOUR), point(HOUR + 10)], HERE), "1h")
        assert (hour.engine_s, hour.fuel_l, hour.max_speed_kmh) == (None, None, None)

    def test_adds_up_the_fuel_from_its_rate(self) -> None:
        points = [point(HOUR + n * 10, fuel_rate_lph=36.0) for n in range(101)]
        (hour,) = periods(fold(Periods(), points, HERE), "1h")
        assert hour.fuel_l == pytest.approx(10.0)

    def test_counts_codes_when_they_are_raised_and_not_while_they_stand(self) -> None:
        codes = [None, ("P0301",), ("P0301",), None, ("P0301", "P0420"), (), ("P0301",)]
        points = [point(HOUR + n * 10, dtc=code) for n, code in enumerate(codes)]
        assert periods(fold(Periods(), points, HERE), "1h")[0].dtc_count == 3

    def test_knows_the_highest_speed(self) -> None:
        points = [point(HOUR + n * 50, n * 500, speed_kmh=speed) for n, speed in enumerate((30, 90, 60))]
        minutes = periods(fold(Periods(), points, HERE), "1m")
        assert [m.max_speed_kmh for m in minutes] == [90, 60]

    def test_holds_the_same_metres_as_the_trips(self) -> None:
        points = sample_drive([(600, 0), (1800, 50), (600, 0), (900, 30), (900, 0)], every_s=5)
        days = periods(fold(Periods(), points, HERE), "1d")
        trips = last_said(fold(Trips(), points, HERE)).values()
        driven = sum(trip.distance_m for trip in trips if hasattr(trip, "distance_m"))
        assert sum(day.distance_m for day in days) == pytest.approx(driven, rel=0.001)


class TestADay:
    @pytest.mark.parametrize(
        ("zone", "moment", "hours"),
        [
            ("America/Los_Angeles", "2026-03-08T20:00+00:00", 23),
            ("America/Los_Angeles", "2026-11-01T08:30+00:00", 25),
            ("Europe/Berlin", "2026-03-29T12:00+00:00", 23),
            ("Europe/Berlin", "2026-06-01T12:00+00:00", 24),
            ("Australia/Lord_Howe", "2026-04-04T20:00+00:00", 24.5),
            ("America/Sao_Paulo", "2018-11-04T12:00+00:00", 23),
            ("America/Havana", "2026-11-01T12:00+00:00", 25),
            ("America/Havana", "2026-11-01T04:30+00:00", 25),
            ("Europe/Berlin", "2026-10-25T23:59+00:00", 24),
        ],
    )
    def test_is_as_long_as_the_clocks_of_the_park_make_it(self, zone: str, moment: str, hours: float) -> None:
        ts = datetime.fromisoformat(moment).timestamp()
        start, end = day_of(ts, ZoneInfo(zone))
        assert (end - start) / 3600 == hours
        assert start <= ts < end

    @pytest.mark.parametrize(
        ("zone", "midnight"),
        [("Asia/Kathmandu", "2026-06-01T18:15+00:00"), ("Asia/Kolkata", "2026-06-01T18:30+00:00")],
    )
    def test_begins_within_the_hour_where_the_zone_says_so(self, zone: str, midnight: str) -> None:
        border = datetime.fromisoformat(midnight).timestamp()
        points = [point(border - 30, speed_kmh=36), point(border + 30, 600, speed_kmh=36)]
        days = periods(fold(Periods(), points, context(ZoneInfo(zone))), "1d")
        assert [day.distance_m for day in days] == pytest.approx([300, 300], rel=1e-3)
        assert days[1].start == border

    @settings(max_examples=40, deadline=None)
    @given(
        st.sampled_from(["Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana", "Africa/Cairo", "UTC"]), st.data()
    )
    def test_follows_the_day_before_without_a_gap(self, zone: str, data: st.DataObject) -> None:
        ts = data.draw(st.floats(1_577_836_800, 1_893_456_000))
        start, end = day_of(ts, ZoneInfo(zone))
        assert start <= ts < end
        assert day_of(end, ZoneInfo(zone))[0] == end
        assert datetime.fromtimestamp(start, ZoneInfo(zone)).date() == datetime.fromtimestamp(ts, ZoneInfo(zone)).date()


LEGS = st.lists(
    st.tuples(st.sampled_from([25, 130, 800, 4000]), st.sampled_from([0, 0, 12, 60])), min_size=1, max_size=6
)
MANNERS = st.fixed_dictionaries(
    {
        "every_s": st.sampled_from([17, 60, 240, 1000]),
        "start": st.floats(LATER, LATER + 90_000),
        "says_speed": st.booleans(),
        "says_ignition": st.booleans(),
    }
)
ZONES = st.sampled_from([UTC, ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/Los_Angeles")])


def drive(legs: list[Leg], manner: dict[str, object]) -> list[Sample]:
    """With fuel and codes that come and go."""
    return [
        p._replace(fuel_rate_lph=5.0 + n % 3 if n % 7 else None, dtc=("P0301",) if n % 11 > 5 else None)
        for n, p in enumerate(sample_drive(legs, **manner))
    ]


class TestTheSums:
    @settings(max_examples=40, deadline=None)
    @given(LEGS, MANNERS, ZONES)
    def test_of_wide_periods_are_those_of_their_minutes_to_the_last_bit(
        self, legs: list[Leg], manner: dict[str, object], zone: ZoneInfo
    ) -> None:
        said = fold(Periods(), drive(legs, manner), context(zone))
        minutes = periods(said, "1m")
        for width, length in (("15m", 900), ("1h", 3600), ("1d", None)):
            for wide in periods(said, width):
                end = wide.start + length if length else day_of(wide.start, zone)[1]
                inside = [m for m in minutes if wide.start <= m.start < end]
                for name in ("point_count", "distance_m", "moving_s", "idle_s", "dtc_count"):
                    assert getattr(wide, name) == sum(getattr(m, name) for m in inside)
                told = [m.fuel_l for m in inside if m.fuel_l is not None]
                assert wide.fuel_l == (sum(told) if told else None)

    @settings(max_examples=40, deadline=None)
    @given(LEGS, MANNERS)
    def test_lose_no_point_and_no_second(self, legs: list[Leg], manner: dict[str, object]) -> None:
        points = drive(legs, manner)
        days = periods(fold(Periods(), points, HERE), "1d")
        assert sum(day.point_count for day in days) == len(points)
        if manner["says_ignition"] and manner["every_s"] <= HERE.thresholds.gap_s:
            accounted = sum((day.engine_s or 0) for day in days)
            driven = sum(manner["every_s"] for p in points[:-1] if p.ignition)
            assert accounted == pytest.approx(driven)

    @settings(max_examples=40, deadline=None)
    @given(LEGS, MANNERS, ZONES, st.data())
    def test_are_the_same_through_any_checkpoints(
        self, legs: list[Leg], manner: dict[str, object], zone: ZoneInfo, data: st.DataObject
    ) -> None:
        points = drive(legs, manner)
        cuts = data.draw(st.sets(st.integers(0, len(points)), max_size=4))
        assert split(Periods, points, context(zone), cuts) == last_said(fold(Periods(), points, context(zone)))

    @settings(max_examples=40, deadline=None)
    @given(LEGS, MANNERS, ZONES, st.data())
    def test_are_the_same_when_points_come_late(
        self, legs: list[Leg], manner: dict[str, object], zone: ZoneInfo, data: st.DataObject
    ) -> None:
        points = drive(legs, manner)
        late = data.draw(st.sets(st.integers(0, len(points) - 1), max_size=5))
        assert rewind(Periods, points, late, context(zone)) == last_said(fold(Periods(), points, context(zone)))

    def test_need_no_more_memory_after_a_week_than_after_an_hour(self) -> None:
        detector = Periods()
        fold(detector, sample_drive([(3600, 40)], every_s=60), HERE)
        early = len(msgspec.json.encode(detector))
        fold(detector, sample_drive([(7 * 86_400, 40)], every_s=600, start=HOUR + 86_400), HERE)
        assert len(msgspec.json.encode(detector)) < 1.5 * early
