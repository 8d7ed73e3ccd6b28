"""The index of geofences finds exactly what asking every fence would find."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events.rules.fences import Fence, FenceBook, FenceIndex, ParkFences
from core.events.rules.shapes import unwrap
from core.telemetry.rules.detector import Circle, Polygon
from core.telemetry.rules.geo import distance_m


def naive(fence: Fence, lat: float, lon: float) -> bool:
    """Whether the fence holds the place, with nothing clever."""
    if isinstance(fence.form, Circle):
        return distance_m(fence.form.lat, fence.form.lon, lat, lon) <= fence.form.radius_m
    return any(holds(rings, lat, lon + turn) for rings in fence.form.coordinates for turn in (-360.0, 0.0, 360.0))


def holds(rings, lat: float, lon: float) -> bool:
    inside = False
    for ring in rings:
        straight = unwrap(ring)
        for (x, y), (other_x, other_y) in zip(straight, [*straight[1:], straight[0]], strict=True):
            if (y > lat) != (other_y > lat) and lon < (other_x - x) * (lat - y) / (other_y - y) + x:
                inside = not inside
    return inside


def blob(lat: float, lon: float, size: float, radii: list[float]) -> list[tuple[float, float]]:
    """A star of any form around a place."""
    turns = [2 * math.pi * n / len(radii) for n in range(len(radii))]
    ring = [
        (lon + size * r * math.cos(a), min(max(lat + size * r * math.sin(a), -89.9), 89.9))
        for a, r in zip(turns, radii, strict=True)
    ]
    return [*ring, ring[0]]


sizes = st.sampled_from((1e-4, 1e-3, 1e-2, 0.1, 1.0, 20.0))
places = st.tuples(st.floats(-85, 85), st.one_of(st.floats(-180, 180), st.floats(179, 180), st.floats(-180, -179)))
# Wide enough for the hole of forms() to lie inside of it, as it does in every polygon that means something.
radii = st.lists(st.floats(0.5, 1.0), min_size=3, max_size=24)


@st.composite
def forms(draw):
    lat, lon = draw(places)
    if draw(st.booleans()):
        return Circle(lat=lat, lon=lon, radius_m=draw(st.floats(10.0, 200_000.0)))
    size = draw(sizes)
    outer = blob(lat, lon, size, draw(radii))
    rings = [outer, blob(lat, lon, size * 0.2, [1.0] * 5)] if draw(st.booleans()) else [outer]
    return Polygon(coordinates=[rings])


def near(draw, form) -> tuple[float, float]:
    if isinstance(form, Circle):
        spread = form.radius_m / 111_195.0 * 1.2
        return form.lat + draw(st.floats(-1, 1)) * spread, form.lon + draw(st.floats(-1, 1)) * spread
    lon, lat = draw(st.sampled_from(form.coordinates[0][0]))
    away = draw(st.sampled_from((0.0, 1e-12, 1e-6, 1e-3, 0.5)))
    return lat + draw(st.floats(-1, 1)) * away, lon + draw(st.floats(-1, 1)) * away


@st.composite
def fences_and_a_place(draw):
    made = draw(st.lists(forms(), min_size=1, max_size=6))
    lat, lon = near(draw, draw(st.sampled_from(made)))
    lon = (lon + 180.0) % 360.0 - 180.0
    return [Fence(id=n, form=form) for n, form in enumerate(made)], min(max(lat, -90.0), 90.0), lon


class TestTheIndex:
    @settings(max_examples=400, deadline=None)
    @given(fences_and_a_place())
    def test_finds_what_asking_every_fence_finds(self, drawn):
        fences, lat, lon = drawn
        assert FenceIndex(fences).at(lat, lon) == {fence.id for fence in fences if naive(fence, lat, lon)}

    def test_holds_each_place_of_a_common_border_once(self):
        def square(west, south):
            ring = [(west, south), (west + 1, south), (west + 1, south + 1), (west, south + 1), (west, south)]
            return Polygon(coordinates=[[ring]])

        squares = [square(10 + x, 50 + y) for x in range(2) for y in range(2)]
        index = FenceIndex(Fence(id=n, form=form) for n, form in enumerate(squares))
        for lat, lon in ((50.5, 11.0), (51.0, 10.5), (51.0, 11.0), (50.0, 10.0)):
            assert len(index.at(lat, lon)) == 1, (lat, lon)
        assert index.at(50.5, 12.0) == index.at(52.0, 10.5) == frozenset()

    def test_leaves_out_a_hole_and_takes_each_part(self):
        outer = [(0, 0), (9, 0), (9, 9), (0, 9), (0, 0)]
        hole = [(3, 3), (6, 3), (6, 6), (3, 6), (3, 3)]
        far = [(20, 0), (21, 0), (21, 1), (20, 1), (20, 0)]
        index = FenceIndex([Fence(id=1, form=Polygon(coordinates=[[outer, hole], [far]]))])
        assert index.at(1, 1) == index.at(0.5, 20.5) == {1}
        assert index.at(4, 4) == frozenset()

    @pytest.mark.parametrize("lon", [179.9, -179.9, 180.0, -180.0])
    def test_holds_both_sides_of_the_antimeridian(self, lon):
        ring = [(179, -17), (-179, -17), (-179, -16), (179, -16), (179, -17)]
        fences = [
            Fence(id=1, form=Polygon(coordinates=[[ring]])),
            Fence(id=2, form=Circle(lat=-16.5, lon=179.99, radius_m=50_000.0)),
        ]
        index = FenceIndex(fences)
        assert index.at(-16.5, lon) == {1, 2}
        assert index.at(-16.5, 0.0) == frozenset()

    def test_holds_a_place_beyond_the_pole(self):
        index = FenceIndex([Fence(id=1, form=Circle(lat=89.9, lon=0.0, radius_m=50_000.0))])
        assert index.at(89.9, 180.0) == index.at(90.0, 77.0) == {1}

    def test_finds_a_fence_only_while_it_lasts(self):
        index = FenceIndex([Fence(id=1, form=Circle(lat=0, lon=0, radius_m=99.0), since=10.0, until=20.0)])
        assert [bool(index.at(0, 0, ts)) for ts in (9.9, 10.0, 19.9, 20.0)] == [False, True, True, False]

    def test_is_empty_without_fences(self):
        assert FenceIndex([]).at(1.0, 2.0) == frozenset()


class TestTheFencesOfAPark:
    def test_are_its_own_and_everybodys(self):
        index = FenceIndex(Fence(id=n, form=Circle(lat=0, lon=0, radius_m=99.0)) for n in (1, 2, 3))
        everybodys = ParkFences(index, frozenset({3}))
        book = FenceBook({1: ParkFences(index, frozenset({1, 3}))}, everybodys)
        assert book.of_park(1).at(0, 0) == {1, 3}
        assert book.of_park(9).at(0, 0) == {3}
