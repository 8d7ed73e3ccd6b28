"""Geofences in the database: who may add which, what is refused, and what detectors get."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.events import queries, service
from core.events.rules.geojson import BadGeometry, read_polygon
from core.events.schemas import GeofenceChange, GeofenceImport, NewCircle, NewGeofence
from core.permissions import OPERATOR, Actor, system
from tests.conftest import ROOT

FILE = Path(__file__).parent / "data" / "san-francisco.geojson"
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
CIRCLE = NewCircle(lat=37.76, lon=-122.42, radius_m=200)
FOLLOWER = system("follower")


def of_parks(*parks: int) -> Actor:
    return Actor("user", 7, "Olga", roles=frozenset({OPERATOR}), parks=frozenset(parks))


@pytest.fixture
def add(database, fleet, at):
    def added(name="Depot", actor=ROOT, **fields) -> int:
        fields = {"circle": CIRCLE, **fields} if "geometry" not in fields else fields
        with database.transaction() as session:
            return service.add_geofence(session, actor=actor, at=at, new=NewGeofence(name=name, **fields))

    return added


@pytest.fixture
def take_in(database, fleet, at):
    def taken(features, actor=ROOT, **fields):
        wanted = GeofenceImport(collection={"type": "FeatureCollection", "features": features}, **fields)
        with database.transaction() as session:
            return service.import_geofences(session, actor=actor, at=at, wanted=wanted)

    return taken


def names(database, viewer, **which) -> list[str]:
    with database.reading() as reader:
        return [fence.name for fence in queries.list_geofences(reader, viewer=viewer, **which)]


def load(database, since: datetime):
    with database.reading() as reader:
        return queries.load_fences(reader, viewer=FOLLOWER, kept_since=since)


class TestAdding:
    def test_a_circle_and_a_polygon_makes_them_found_by_detectors(self, database, fleet, at, add):
        circle, square = add(park_id=fleet.park_id), add("Square", geometry=SQUARE)
        book = load(database, at)
        assert book.of_park(fleet.park_id).at(37.76, -122.42) == {circle}
        assert book.of_park(fleet.other_park_id).at(37.76, -122.42) == frozenset()
        assert book.of_park(fleet.other_park_id).at(0.5, 0.5) == {square}

    def test_says_nothing_about_the_time_before(self, database, at, add):
        circle = add()
        fences = load(database, at).of_park(1)
        assert fences.at(37.76, -122.42, at.timestamp() - 1) == frozenset()
        assert fences.at(37.76, -122.42, at.timestamp()) == {circle}

    def test_is_for_the_parks_of_the_operator_only(self, fleet, add):
        olga = of_parks(fleet.park_id)
        add("Mine", actor=olga, park_id=fleet.park_id)
        with pytest.raises(Invalid) as refused:
            add("Theirs", actor=olga, park_id=fleet.other_park_id)
        assert "park_id" in refused.value.fields
        with pytest.raises(Invalid, match="everybody's"):
            add("Everybody's", actor=olga)

    def test_needs_the_right(self, fleet, add):
        with pytest.raises(Forbidden):
            add(actor=Actor("client", 1, "Partner", grants=frozenset({"events:read"}), parks=None))

    def test_refuses_a_name_that_an_open_one_of_the_park_has(self, database, fleet, at, add):
        first = add()
        with pytest.raises(Conflict) as refused:
            add()
        assert refused.value.facts["geofence_id"] == first
        add(park_id=fleet.park_id)
        with database.transaction() as session:
            service.close_geofence(session, actor=ROOT, at=at, geofence_id=first)
        add()

    def test_refuses_both_forms_at_once_and_neither(self, add):
        for forms in ({"circle": CIRCLE, "geometry": SQUARE}, {"circle": None}):
            with pytest.raises(Invalid):
                add(**forms)


class TestAGeometry:
    @pytest.mark.parametrize(
        ("geometry", "says"),
        [
            (None, "no geometry"),
            ({"type": "Point", "coordinates": [0, 0]}, "Point cannot be a geofence"),
            ({"type": "Polygon"}, "parts|outline"),
            ({"type": "Polygon", "coordinates": []}, "outline"),
            ({"type": "MultiPolygon", "coordinates": {}}, "parts"),
            ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [0, 0]]]}, "four positions"),
            ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}, "not closed"),
            ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, "1"], [0, 0]]]}, "numbers"),
            ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1], [0, 0]]]}, r"\[longitude, latitude\]"),
            ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 91], [0, 0]]]}, "not on Earth"),
            ({"type": "Polygon", "coordinates": [[[0, 0], [1e-9, 0], [1e-9, 1], [0, 0]]]}, "narrower"),
            ({"type": "Polygon", "coordinates": [[[0, 0], [50, 0], [50, 1], [0, 0]]]}, "wider"),
            ({"type": "Polygon", "coordinates": [[[-170, 80], [-50, 80], [70, 80], [-170, 80]]]}, "pole"),
            ({"type": "Polygon", "coordinates": [[*[[n % 2, n / 6000] for n in range(11_000)], [0, 0]]]}, "positions"),
        ],
    )
    def test_is_refused_with_what_is_wrong(self, geometry, says):
        with pytest.raises(BadGeometry, match=says):
            read_polygon(geometry)

    def test_may_have_holes_parts_and_heights(self):
        part = [[[0, 0, 5], [1, 0, 5], [1, 1, 5], [0, 0, 5]], [[0.4, 0.1], [0.6, 0.1], [0.6, 0.2], [0.4, 0.1]]]
        polygon = read_polygon({"type": "MultiPolygon", "coordinates": [part, part]})
        assert polygon.coordinates[1][0][1] == (1.0, 0.0)

    def test_may_lie_across_the_antimeridian(self):
        read_polygon({"type": "Polygon", "coordinates": [[[179, 0], [-179, 0], [-179, 1], [179, 1], [179, 0]]]})


class TestClosing:
    def test_ends_it_for_detectors_and_keeps_it_to_be_read(self, database, at, add):
        fence = add()
        later = at + timedelta(hours=1)
        with database.transaction() as session:
            service.close_geofence(session, actor=ROOT, at=later, geofence_id=fence)
        kept = load(database, at).everybodys
        assert kept.at(37.76, -122.42, later.timestamp() - 1) == {fence}
        assert kept.at(37.76, -122.42, later.timestamp()) == frozenset()
        assert load(database, later + timedelta(days=1)).everybodys.at(37.76, -122.42) == frozenset()
        assert names(database, ROOT) == []
        assert names(database, ROOT, closed=True) == ["Depot"]

    def test_twice_is_refused(self, database, at, add):
        fence = add()
        with pytest.raises(Conflict, match="closed"), database.transaction() as session:
            service.close_geofence(session, actor=ROOT, at=at, geofence_id=fence)
            service.close_geofence(session, actor=ROOT, at=at, geofence_id=fence)

    def test_is_not_for_operators_of_other_parks(self, database, fleet, at, add):
        mine, everybodys = add(park_id=fleet.park_id), add()
        with pytest.raises(NotFound), database.transaction() as session:
            service.close_geofence(session, actor=of_parks(fleet.other_park_id), at=at, geofence_id=mine)
        with pytest.raises(Forbidden, match="everybody's"), database.transaction() as session:
            service.close_geofence(session, actor=of_parks(fleet.park_id), at=at, geofence_id=everybodys)


class TestRenaming:
    def test_keeps_the_place_and_refuses_a_taken_name(self, database, at, add):
        fence, other = add(), add("Yard")
        with database.transaction() as session:
            service.change_geofence(
                session, actor=ROOT, at=at, geofence_id=fence, change=GeofenceChange(name="  Main   depot ")
            )
        assert names(database, ROOT) == ["Main depot", "Yard"]
        with pytest.raises(Conflict), database.transaction() as session:
            service.change_geofence(
                session, actor=ROOT, at=at, geofence_id=other, change=GeofenceChange(name="Main depot")
            )


class TestAnImport:
    def test_only_looks_unless_it_is_told_to_add(self, database, take_in):
        features = json.loads(FILE.read_text())["features"]
        seen = take_in(features)
        assert (len(seen.good), seen.bad, names(database, ROOT)) == (37, [], [])
        added = take_in(features, dry_run=False)
        assert all(feature.geofence_id for feature in added.good)
        assert "Noe Valley" in names(database, ROOT)

    def test_finds_a_place_of_the_city_in_its_neighbourhood_alone(self, database, at, take_in):
        take_in(json.loads(FILE.read_text())["features"], dry_run=False)
        (found,) = load(database, at).everybodys.at(37.7502, -122.4337)
        with database.reading() as reader:
            assert queries.list_names(reader, viewer=ROOT, geofence_ids=[found]) == {found: "Noe Valley"}

    def test_names_each_bad_feature_by_its_index_and_adds_the_good(self, database, take_in):
        good = {"type": "Feature", "properties": {"title": "A"}, "geometry": SQUARE}
        features = [good, good, {**good, "properties": {}}, {**good, "geometry": None}, 7]
        report = take_in(features, name_property="title", dry_run=False)
        assert [feature.index for feature in report.good] == [0]
        assert {bad.index: bad.reason.split()[0] for bad in report.bad} == {1: "A", 2: "It", 3: "There", 4: "This"}
        assert names(database, ROOT) == ["A"]

    def test_refuses_what_is_no_collection(self, database, fleet, at):
        for collection in ({}, {"type": "FeatureCollection", "features": []}, SQUARE):
            with pytest.raises(Invalid), database.transaction() as session:
                service.import_geofences(session, actor=ROOT, at=at, wanted=GeofenceImport(collection=collection))


class TestTheSourceOfAFollower:
    def test_builds_the_index_again_only_when_a_fence_came_or_went(self, database, at, add):
        source = queries.FenceSource(FOLLOWER, timedelta(days=7))

        def read():
            with database.reading() as reader:
                return source.read(reader, at=at)

        none = read()
        assert read() is none
        fence = add()
        assert read().of_park(1).at(37.76, -122.42) == {fence}
        with database.transaction() as session:
            service.close_geofence(session, actor=ROOT, at=at, geofence_id=fence)
        assert read().of_park(1).at(37.76, -122.42, at.timestamp()) == frozenset()


class TestSight:
    def test_is_of_the_own_parks_and_of_everybodys(self, database, fleet, add):
        add("Mine", park_id=fleet.park_id), add("Theirs", park_id=fleet.other_park_id), add("All")
        assert names(database, of_parks(fleet.park_id)) == ["Mine", "All"]
