"""Fewer points, the same way: nothing left out lies further from the line than the tolerance."""

from __future__ import annotations

import itertools
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from core.telemetry.rules.geo import EARTH_RADIUS_M
from core.telemetry.rules.simplify import BLOCK, simplify

degrees = st.floats(-0.05, 0.05)
steps = st.tuples(degrees, degrees, st.none() | st.floats(0, 120), st.sampled_from([1, 5, 60, 3600]))
walks = st.lists(steps, min_size=1, max_size=80)
homes = st.sampled_from([(0.0, 0.0), (37.7, -122.4), (-33.9, 179.99), (64.1, -21.9)])
tolerances = st.sampled_from([0.0, 1.0, 25.0, 400.0])


def as_track(walk, home=(0.0, 0.0)):
    lats = [home[0] + step[0] for step in walk]
    lons = [(home[1] + step[1] + 180) % 360 - 180 for step in walk]
    times = list(itertools.accumulate(step[3] * 1000 for step in walk))
    return times, lats, lons, [step[2] for step in walk]


def metres_to_line(lat, lon, start, end):
    """How far a place is from a straight line, on the plane that touches the Earth at the place itself."""

    def flat(place):
        east = (place[1] - lon + 540) % 360 - 180
        return (
            math.radians(east) * math.cos(math.radians(lat)) * EARTH_RADIUS_M,
            math.radians(place[0] - lat) * EARTH_RADIUS_M,
        )

    (x0, y0), (x1, y1) = flat(start), flat(end)
    length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2
    along = 0.0 if length2 == 0 else min(1.0, max(0.0, -(x0 * (x1 - x0) + y0 * (y1 - y0)) / length2))
    return math.hypot(x0 + along * (x1 - x0), y0 + along * (y1 - y0))


class TestASimplifiedTrack:
    @given(walks, homes, tolerances)
    @settings(max_examples=150, deadline=None)
    def test_leaves_out_nothing_that_lies_further_from_its_line_than_the_tolerance(self, walk, home, tolerance_m):
        times, lats, lons, speeds = as_track(walk, home)
        kept = simplify(times, lats, lons, speeds, tolerance_m=tolerance_m)
        for first, last in itertools.pairwise(kept):
            for index in range(first + 1, last):
                away = metres_to_line(lats[index], lons[index], (lats[first], lons[first]), (lats[last], lons[last]))
                assert away <= tolerance_m * 1.02 + 3

    @given(walks, tolerances)
    @settings(max_examples=100, deadline=None)
    def test_keeps_its_ends_the_order_of_time_and_the_highest_speed(self, walk, tolerance_m):
        times, lats, lons, speeds = as_track(walk)
        kept = simplify(times, lats, lons, speeds, tolerance_m=tolerance_m)
        assert kept == sorted(set(kept))
        assert {0, len(walk) - 1} <= set(kept)
        assert max(speeds[i] or 0 for i in kept) == max(speed or 0 for speed in speeds)

    @given(walks)
    @settings(max_examples=100, deadline=None)
    def test_keeps_both_sides_of_every_gap_and_of_every_setting_off_and_coming_to_stand(self, walk):
        times, lats, lons, speeds = as_track(walk)
        kept = set(simplify(times, lats, lons, speeds, tolerance_m=1e7))
        for index in range(1, len(walk)):
            gap = times[index] - times[index - 1] > 300_000
            turn = ((speeds[index - 1] or 0) >= 3) != ((speeds[index] or 0) >= 3)
            if gap or turn:
                assert {index - 1, index} <= kept

    def test_of_a_straight_drive_is_its_two_ends(self):
        walk = [(0.0, n * 1e-4, 50.0, 1) for n in range(1000)]
        assert simplify(*as_track(walk), tolerance_m=1.0) == [0, 999]

    def test_of_nothing_is_nothing_and_of_one_point_is_the_point(self):
        assert simplify([], [], [], [], tolerance_m=5) == []
        assert simplify([0], [1.0], [2.0], [None], tolerance_m=5) == [0]

    def test_keeps_one_point_of_each_block_so_that_no_way_makes_it_slow(self):
        walk = [(0.0, n * 1e-6, 50.0, 1) for n in range(3 * BLOCK)]
        assert simplify(*as_track(walk), tolerance_m=1.0) == [0, BLOCK, 2 * BLOCK, 3 * BLOCK - 1]
