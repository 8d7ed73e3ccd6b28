"""Trips and stops, told from points."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.telemetry.rules.detector import Found, Sample, Stop, Trip
from core.telemetry.rules.geo import distance_m
from core.telemetry.rules.trips import Trips
from tests.core.telemetry.drives import (
    EAST_M,
    LON,
    START,
    Leg,
    context,
    fold,
    last_said,
    rewind,
    sample_drive,
    split,
)

HERE = context()
# Ten minutes parked, a drive with two red lights, twenty minutes parked, a drive, ten minutes parked.
DAY: tuple[Leg, ...] = (
    (600, 0), (240, 36), (60, 0), (300, 50), (90, 0), (300, 45),
    (1200, 0), (600, 60), (600, 0),
)  # fmt: skip
FIRST = (START + 600, START + 600 + 990)
SECOND = (FIRST[1] + 1200, FIRST[1] + 1800)


def trips(said: Sequence[Found]) -> list[Trip]:
    return [found for found in said if isinstance(found, Trip)]


def stops(said: Sequence[Found]) -> list[Stop]:
    return [found for found in said if isinstance(found, Stop)]


def length_m(points: Sequence[Sample], trip: Trip) -> float:
    inside = [p for p in points if trip.started_at <= p.ts <= (trip.ended_at or p.ts)]
    return sum(distance_m(a.lat, a.lon, b.lat, b.lon) for a, b in itertools.pairwise(inside))


class TestTripsAndStops:
    @pytest.mark.parametrize("every_s", [1, 5, 60, 120])
    @pytest.mark.parametrize(
        ("says_speed", "says_ignition"), [(True, True), (True, False), (False, True), (False, False)]
    )
    def test_are_where_the_vehicle_moved_and_stood_however_it_reports(
        self, every_s: float, says_speed: bool, says_ignition: bool
    ) -> None:
        points = sample_drive(DAY, every_s=every_s, says_speed=says_speed, says_ignition=says_ignition)
        said = fold(Trips(), points, HERE)
        # Without a speedometer, that it stands is believed after the time it takes to leave its place slowly.
        slack = max(2 * every_s, 10 if says_speed else 25)
        found = [(trip.started_at, trip.ended_at) for trip in trips(said)]
        assert len(found) == 2
        for (start, end), (true_start, true_end) in zip(found, (FIRST, SECOND), strict=True):
            assert start == pytest.approx(true_start, abs=slack)
            assert end == pytest.approx(true_end, abs=slack)
        assert [stop.ended_at is None for stop in stops(said)] == [False, False, True]

    @pytest.mark.parametrize("every_s", [1, 5, 60])
    @pytest.mark.parametrize("says_speed", [True, False])
    def test_measure_the_way_within_three_percent(self, every_s: float, says_speed: bool) -> None:
        points = sample_drive(DAY, every_s=every_s, says_speed=says_speed, noise_m=1.0)
        true_m = (240 * 36 + 300 * 50 + 300 * 45) / 3.6, 600 * 60 / 3.6
        for trip, metres in zip(trips(fold(Trips(), points, HERE)), true_m, strict=True):
            assert trip.distance_m == pytest.approx(metres, rel=0.03)

    def test_share_all_of_the_time(self) -> None:
        said = fold(Trips(), sample_drive(DAY, every_s=5), HERE)
        borders = sorted((found.started_at, found.ended_at) for found in said if isinstance(found, (Trip, Stop)))
        assert all(end == start for (_, end), (start, _) in itertools.pairwise(borders))

    @pytest.mark.parametrize("every_s", [1, 5, 60, 120])
    @pytest.mark.parametrize("says_speed", [True, False])
    def test_are_not_made_of_the_wandering_of_a_parked_receiver(self, every_s: float, says_speed: bool) -> None:
        points = sample_drive(
            [(6 * 3600, 0)], every_s=every_s, noise_m=12.0, says_speed=says_speed, says_ignition=False
        )
        said = fold(Trips(), points, HERE)
        assert trips(said) == []
        assert len(stops(said)) == 1

    def test_see_no_stop_at_a_light(self) -> None:
        points = sample_drive([(300, 40), (120, 0), (300, 40), (120, 0), (300, 40), (600, 0)], every_s=5)
        said = fold(Trips(), points, HERE)
        assert len(trips(said)) == 1
        assert trips(said)[0].moving_s == pytest.approx(900, abs=30)

    def test_see_a_stop_where_the_vehicle_stood_longer(self) -> None:
        points = sample_drive([(300, 40), (240, 0), (300, 40), (600, 0)], every_s=5)
        (at_a_door, _) = stops(fold(Trips(), points, HERE))
        assert at_a_door.ended_at - at_a_door.started_at == pytest.approx(240, abs=15)

    def test_do_not_call_a_shift_in_the_yard_a_trip(self) -> None:
        points = sample_drive([(600, 0), (20, 15), (900, 0)], every_s=5)
        said = fold(Trips(), points, HERE)
        assert trips(said) == []
        assert [stop.started_at for stop in stops(said)] == [START]

    def test_do_not_call_the_start_of_a_drive_a_stop_while_it_is_in_doubt(self) -> None:
        points = sample_drive(
            [(60, 0), (600, 1.2), (60, 0)], every_s=20, says_speed=False, says_ignition=False, noise_m=0
        )
        first_said = [fold(Trips(), points[:n], HERE) for n in range(len(points))]
        assert all(found.started_at == START for said in first_said for found in said)

    def test_keep_what_a_shift_in_the_yard_held(self) -> None:
        points = sample_drive([(600, 0), (20, 15), (900, 0)], every_s=5, says_ignition=False)
        points = [p._replace(ignition=True) for p in points]
        (stop,) = stops(fold(Trips(), points, HERE))
        assert stop.point_count == len(points)
        assert stop.idle_s == pytest.approx(1500, abs=15)

    def test_begin_and_end_a_trip_where_the_speedometer_says_however_short_the_first_step(self) -> None:
        points = [
            p._replace(ignition=None) for p in sample_drive([(600, 0), (600, 40), (600, 0)], every_s=5, noise_m=0)
        ]
        # The last report under way is 10 m short of where the vehicle came to stand.
        points = [p._replace(lon=p.lon + 10 / EAST_M) if p.ts >= START + 1200 else p for p in points]
        (trip,) = trips(fold(Trips(), points, HERE))
        assert (trip.started_at, trip.ended_at) == (START + 595, START + 1200)

    def test_know_without_a_speedometer_when_it_moved(self) -> None:
        points = sample_drive(
            [(600, 0), (600, 36), (600, 0)], every_s=1, says_speed=False, says_ignition=False, noise_m=0
        )
        (trip,) = trips(fold(Trips(), points, HERE))
        assert trip.started_at == pytest.approx(START + 600, abs=4)
        assert trip.moving_s == pytest.approx(600, abs=25)

    def test_count_the_time_with_the_engine_running_at_a_stop(self) -> None:
        points = sample_drive([(300, 40), (600, 0)], every_s=5, says_ignition=False)
        points = [p._replace(ignition=p.ts < START + 500) for p in points]
        (stop,) = stops(fold(Trips(), points, HERE))
        assert stop.idle_s == pytest.approx(200, abs=15)


class TestATrip:
    def test_is_said_while_it_lasts_with_the_way_so_far(self) -> None:
        points = sample_drive([(300, 0), (300, 72), (60, 0)], every_s=5, noise_m=0.5)
        open_trip = trips(fold(Trips(), points, HERE))[-1]
        assert open_trip.ended_at is None
        assert open_trip.distance_m == pytest.approx(6000, rel=0.02)
        assert open_trip.end_lon == points[-1].lon

    def test_ends_at_the_last_point_known_when_the_vehicle_turns_up_elsewhere(self) -> None:
        points = sample_drive([(600, 0), (600, 60), (3600, 60), (600, 60), (600, 0)], every_s=5)
        seen = [p for p in points if not START + 1200 < p.ts < START + 4800]
        first, second = trips(fold(Trips(), seen, HERE))
        assert (first.ended_at, second.started_at) == (START + 1200, START + 4800)
        assert first.distance_m == pytest.approx(10_000, rel=0.03)
        assert second.distance_m == pytest.approx(10_000, rel=0.03)

    def test_holds_the_red_light_after_which_it_was_seen_no_more(self) -> None:
        points = sample_drive([(600, 0), (600, 60), (100, 0), (3600, 60)], every_s=5, noise_m=0)
        trip = trips(fold(Trips(), [p for p in points if not START + 1295 < p.ts < START + 4800], HERE))[0]
        assert (trip.ended_at, trip.point_count) == (START + 1295, 141)

    def test_ends_where_it_arrived_when_the_tracker_then_slept(self) -> None:
        points = sample_drive([(600, 0), (600, 60), (7 * 3600, 0), (300, 60), (600, 0)], every_s=5)
        woke = START + 1200 + 7 * 3600
        seen = [p for p in points if not START + 1230 < p.ts < woke - 5]
        said = fold(Trips(), seen, HERE)
        assert trips(said)[0].ended_at == pytest.approx(START + 1200, abs=10)
        night = stops(said)[1]
        assert (night.started_at, night.ended_at) == pytest.approx((START + 1200, woke), abs=10)

    def test_tells_the_odometer_and_the_fuel_at_both_ends(self) -> None:
        points = [
            p._replace(odometer_m=100_000 + round((p.lon - LON) * EAST_M), fuel_rate_lph=6.0)
            for p in sample_drive([(300, 0), (600, 36), (600, 0)], every_s=5, noise_m=0)
        ]
        (trip,) = trips(fold(Trips(), points, HERE))
        assert (trip.start_odometer_m, trip.end_odometer_m) == pytest.approx((100_000, 106_000), abs=60)
        assert trip.fuel_l == pytest.approx(1.0, abs=0.03)

    def test_tells_the_highest_speed_from_places_when_none_is_reported(self) -> None:
        points = sample_drive([(600, 0), (900, 54), (600, 0)], every_s=60, says_speed=False, says_ignition=False)
        assert trips(fold(Trips(), points, HERE))[0].max_speed_kmh == pytest.approx(54, abs=2)

    def test_goes_on_through_a_tunnel(self) -> None:
        points = [
            p._replace(lat=None, lon=None) if START + 700 < p.ts < START + 820 else p
            for p in sample_drive([(600, 0), (600, 60), (600, 0)], every_s=5)
        ]
        (trip,) = trips(fold(Trips(), points, HERE))
        assert trip.distance_m == pytest.approx(10_000, rel=0.03)

    def test_agrees_with_the_great_circle_between_its_points(self) -> None:
        points = sample_drive(DAY, every_s=60, says_speed=False, says_ignition=False)
        for trip in trips(fold(Trips(), points, HERE)):
            assert trip.distance_m == pytest.approx(length_m(points, trip), rel=0.03)


def drive_with_a_gap(legs: list[Leg], manner: dict[str, object], data: st.DataObject) -> list[Sample]:
    points = sample_drive(legs, **manner)
    lost = data.draw(st.slices(len(points)))
    return [p for n, p in enumerate(points) if n == 0 or n not in range(*lost.indices(len(points)))]


LEGS = st.lists(
    st.tuples(st.sampled_from([30, 90, 200, 700, 2500]), st.sampled_from([0, 0, 3, 12, 40, 90])), min_size=1, max_size=8
)
MANNERS = st.fixed_dictionaries(
    {
        "every_s": st.sampled_from([20, 60, 120]),
        "says_speed": st.booleans(),
        "says_ignition": st.booleans(),
        "noise_m": st.sampled_from([0.0, 5.0, 30.0]),
        "seed": st.integers(0, 99),
    }
)


class TestWhatIsFound:
    @settings(max_examples=40, deadline=None)
    @given(LEGS, MANNERS, st.data())
    def test_is_the_same_through_any_checkpoints(
        self, legs: list[Leg], manner: dict[str, object], data: st.DataObject
    ) -> None:
        points = drive_with_a_gap(legs, manner, data)
        cuts = data.draw(st.sets(st.integers(0, len(points)), max_size=4))
        whole = last_said(fold(Trips(), points, HERE))
        assert split(Trips, points, HERE, cuts) == whole

    @settings(max_examples=40, deadline=None)
    @given(LEGS, MANNERS, st.data())
    def test_is_the_same_when_points_come_late(
        self, legs: list[Leg], manner: dict[str, object], data: st.DataObject
    ) -> None:
        points = drive_with_a_gap(legs, manner, data)
        late = data.draw(st.sets(st.integers(0, len(points) - 1), max_size=5))
        whole = last_said(fold(Trips(), points, HERE))
        assert rewind(Trips, points, late, HERE) == whole

    @settings(max_examples=40, deadline=None)
    @given(LEGS, MANNERS)
    def test_never_overlaps_and_never_is_a_trip_too_short(self, legs: list[Leg], manner: dict[str, object]) -> None:
        said = last_said(fold(Trips(), sample_drive(legs, **manner), HERE)).values()
        intervals = sorted((f.started_at, f.ended_at or float("inf")) for f in said if isinstance(f, (Trip, Stop)))
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(intervals))
        assert all(trip.distance_m >= HERE.thresholds.trip_min_m for trip in said if isinstance(trip, Trip))

    def test_needs_no_more_memory_after_a_day_than_after_an_hour(self) -> None:
        detector = Trips()
        points = sample_drive(DAY * 12, every_s=60)
        fold(detector, points[:60], HERE)
        early = len(msgspec.json.encode(detector))
        fold(detector, points[60:], HERE, points[59])
        assert len(msgspec.json.encode(detector)) < 2 * early


class TestADriveMadeUp:
    def test_goes_as_far_as_its_plan(self) -> None:
        (first, *_, last) = sample_drive([(100, 36)], every_s=1, noise_m=0)
        assert distance_m(first.lat, first.lon, last.lat, last.lon) == pytest.approx(1000, rel=1e-3)
