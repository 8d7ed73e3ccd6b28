"""Places where nothing may be locked: the geometry, and what the policy is told."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import Conflict, Forbidden, Invalid
from core.events import queries, service
from core.events.rules.no_lock import MARGIN_M, is_in_or_near
from core.events.schemas import GeofenceChange, NewCircle, NewGeofence
from core.permissions import OPERATOR, Actor
from core.telemetry.rules.detector import Circle, Polygon
from core.telemetry.rules.geo import distance_m
from tests.conftest import ROOT
from tests.core.events.test_fences import blob, holds

SQUARE = {"type": "Polygon", "coordinates": [[[10, 50], [10.01, 50], [10.01, 50.01], [10, 50.01], [10, 50]]]}
M_PER_DEG = 111_195.0
PIECES = 2000


def naive_distance_m(ring, lat: float, lon: float) -> float:
    """To the outline, by walking along it: great circles to many points of each edge."""
    nearest = math.inf
    for (x, y), (other_x, other_y) in zip(ring, [*ring[1:], ring[0]], strict=True):
        east = (other_x - x + 180) % 360 - 180
        for n in range(PIECES + 1):
            part = n / PIECES
            nearest = min(nearest, distance_m(y + part * (other_y - y), x + part * east, lat, lon))
    return nearest


@st.composite
def zones_and_a_place(draw):
    """Zones of some hundred metres, mostly at the antimeridian or far north, and a place around their border."""
    lat = draw(st.floats(-70, 70))
    lon = draw(st.one_of(st.floats(-180, 180), st.just(180.0), st.just(-179.9995)))
    size = draw(st.sampled_from((2e-4, 1e-3)))
    # A corner further on is where it is on Earth, not beyond 180 degrees.
    outline = [
        ((x + 180) % 360 - 180, y)
        for x, y in blob(lat, lon, size, draw(st.lists(st.floats(0.3, 1.0), min_size=3, max_size=6)))
    ]
    x, y = draw(st.sampled_from(outline))
    away = st.floats(-2.5 * MARGIN_M, 2.5 * MARGIN_M)
    north, east = draw(away) / M_PER_DEG, draw(away) / M_PER_DEG / math.cos(math.radians(y))
    return Polygon(coordinates=[[outline]]), y + north, (x + east + 180) % 360 - 180


class TestTheGeometry:
    @settings(max_examples=40, deadline=None)
    @given(zones_and_a_place())
    def test_finds_what_walking_along_the_outline_finds(self, drawn):
        zone, lat, lon = drawn
        distance = naive_distance_m(zone.coordinates[0][0], lat, lon)
        assume(abs(distance - MARGIN_M) > 0.1)  # what the walk itself is sure to
        inside = any(holds(zone.coordinates[0], lat, lon + turn) for turn in (-360.0, 0.0, 360.0))
        assert is_in_or_near(zone, lat, lon) == (inside or distance <= MARGIN_M)

    @given(st.floats(-85, 85), st.floats(-180, 180), st.floats(10, 2000), st.floats(0, 360), st.floats(0, 2))
    def test_of_a_circle_is_its_radius_and_the_margin(self, lat, lon, radius_m, turn, share):
        out = share * (radius_m + MARGIN_M) / M_PER_DEG
        north = lat + out * math.sin(math.radians(turn))
        east = lon + out * math.cos(math.radians(turn)) / math.cos(math.radians(lat))
        near = distance_m(lat, lon, north, east) <= radius_m + MARGIN_M
        assert is_in_or_near(Circle(lat=lat, lon=lon, radius_m=radius_m), north, east) == near

    def test_lets_a_hole_be_free_beyond_the_margin(self):
        def square(half):
            return [(10 - half, 50 - half), (10 + half, 50 - half), (10 + half, 50 + half), (10 - half, 50 + half)]

        ring = Polygon(coordinates=[[square(0.01), square(0.001)]])
        assert not is_in_or_near(ring, 50.0, 10.0)
        assert is_in_or_near(ring, 50.0009, 10.0)  # 11 m inside the hole
        assert is_in_or_near(ring, 50.0101, 10.0)  # 11 m outside
        assert not is_in_or_near(ring, 50.011, 10.0)

    def test_reaches_across_the_antimeridian(self):
        to_the_line = Polygon(coordinates=[[[(179.99, 0.0), (180.0, 0.0), (180.0, 0.01), (179.99, 0.01)]]])
        assert is_in_or_near(to_the_line, 0.005, -179.9999)
        assert not is_in_or_near(to_the_line, 0.005, -179.999)


@pytest.fixture
def zone(database, fleet, at):
    def made(name="General Hospital", no_lock="hospital", actor=ROOT, **fields) -> int:
        fields = {"circle": NewCircle(lat=37.76, lon=-122.42, radius_m=200), **fields}
        if "geometry" in fields:
            fields["circle"] = None
        new = NewGeofence(name=name, no_lock=no_lock, **fields)
        with database.transaction() as session:
            return service.add_geofence(session, actor=actor, at=at, new=new)

    return made


def ask(database, *places) -> dict[int, str]:
    with database.reading() as reader:
        return queries.list_no_lock_zones(reader, places)


class TestAZone:
    def test_is_told_to_the_vehicles_in_it_and_near_it_alone(self, database, fleet, zone):
        zone()
        zone("Tunnel", "tunnel", geometry=SQUARE)
        zone("Depot", None, circle=NewCircle(lat=0, lon=0, radius_m=200))
        park = fleet.park_id
        told = ask(
            database,
            (1, park, 37.76, -122.42),
            (2, park, 37.76 + 220 / M_PER_DEG, -122.42),
            (3, park, 37.76 + 230 / M_PER_DEG, -122.42),
            (4, park, 50.005, 10.005),
            (5, park, 0.0, 0.0),
        )
        hospital = "General Hospital (hospital)"
        assert told == {1: hospital, 2: hospital, 4: "Tunnel (tunnel)"}
        assert ask(database) == {}

    def test_of_a_park_is_for_the_vehicles_of_that_park(self, database, fleet, zone):
        zone(park_id=fleet.park_id)
        here = (37.76, -122.42)
        assert set(ask(database, (1, fleet.park_id, *here), (2, fleet.other_park_id, *here))) == {1}

    def test_is_set_cleared_and_closed_at_once_and_stands_in_the_audit(self, database, fleet, at, zone):
        fence = zone(no_lock=None)
        here = (1, fleet.park_id, 37.76, -122.42)

        def change(why, actor=ROOT):
            with database.transaction() as session:
                service.change_geofence(
                    session, actor=actor, at=at, geofence_id=fence, change=GeofenceChange(no_lock=why)
                )

        assert ask(database, here) == {}
        for why in ("  level   crossing ", "railway crossing", None, "border"):
            change(why)
        assert ask(database, here) == {1: "General Hospital (border)"}
        with pytest.raises(Invalid, match="reason"):
            change(" ")
        with pytest.raises(Forbidden):
            change(None, Actor("user", 7, "Olga", roles=frozenset({OPERATOR}), parks=frozenset({fleet.park_id})))
        with database.transaction() as session:
            service.close_geofence(session, actor=ROOT, at=at, geofence_id=fence)
        assert ask(database, here) == {}
        with pytest.raises(Conflict, match="closed"):
            change("tunnel")
        with database.reading() as reader:
            rows = reader.exec_driver_sql(
                "SELECT detail->>'before', detail->>'no_lock' FROM audit_entries "
                "WHERE action = 'events.no_lock_zone_changed' ORDER BY id"
            ).all()
        assert [tuple(row) for row in rows] == [
            (None, "level crossing"),
            ("level crossing", "railway crossing"),
            ("railway crossing", None),
            (None, "border"),
        ]
