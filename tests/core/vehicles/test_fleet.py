"""The fleet as a table: what matches, in which order, and what each choice would leave."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.permissions import OPERATOR, STAFF, Actor
from core.vehicles import queries, service
from core.vehicles.queries import FleetQuery
from core.vehicles.schemas import NewDocument, NewTracker, NewVehicle, Powertrain, Upload, VehicleClass, VehicleStatus
from tests.conftest import ROOT


@pytest.fixture
def cars(database, fleet, at):
    """Two more vehicles of the first park: a van that is driven, and an electric car in repair without a tracker."""
    with database.transaction() as session:

        def register(**given):
            new = NewVehicle(park_id=fleet.park_id, **given)
            return service.register_vehicle(session, actor=ROOT, at=at, new=new)

        van = register(
            vin="WVWZZZ1JZ3W000001",
            name="a van",
            model="Crafter",
            year=2019,
            vehicle_class=VehicleClass.VAN,
            tracker=NewTracker(device_uid="van-1"),
        )
        car = register(vin="WVWZZZ1JZ3W000002", name="Zoe", model="Zoe", powertrain=Powertrain.ELECTRIC)
        service.change_status(
            session, actor=ROOT, at=at, vehicle_id=car, status=VehicleStatus.IN_REPAIR, reason="Brakes"
        )
    return {"first": fleet.vehicle_id, "other": fleet.other_vehicle_id, "van": van, "zoe": car}


@pytest.fixture
def find(database, cars, at):
    names = {vehicle_id: name for name, vehicle_id in cars.items()}

    def found(chosen=None, *, viewer=ROOT, sort="name", is_descending=False, ranked_ids=(), **query):
        asked = FleetQuery(at=at, chosen=chosen or {}, **query)
        with database.reading() as reader:
            vehicles = queries.list_fleet(
                reader, viewer=viewer, query=asked, sort=sort, is_descending=is_descending, ranked_ids=ranked_ids
            )
            counts = queries.count_fleet(reader, viewer=viewer, query=asked)
        assert counts.matching == len(vehicles)
        return [names[vehicle.id] for vehicle in vehicles]

    return found


class TestFleet:
    def test_is_all_vehicles_in_sight(self, find, fleet):
        staff = Actor("user", 9, "Staff", roles=frozenset({STAFF}), parks=frozenset({fleet.park_id}))

        assert find() == ["other", "van", "first", "zoe"]
        assert find(viewer=staff) == ["van", "first", "zoe"]

    def test_is_cut_by_what_is_chosen(self, find, cars, fleet):
        assert find({"status": ["in_repair"]}) == ["zoe"]
        assert find({"class": ["van"], "powertrain": ["unknown"]}) == ["van"]
        assert find({"park": [str(fleet.other_park_id)]}) == ["other"]
        assert find({"powertrain": ["electric", "ice"]}) == ["first", "zoe"]
        assert find({"tracker": ["none"]}) == ["other", "zoe"]
        assert find({"tracker": ["silent"]}, heard_ids=[cars["first"], cars["zoe"]]) == ["van"]
        assert find({"tracker": ["heard"]}, heard_ids=[cars["first"], cars["zoe"]]) == ["first"]
        assert find({"driver": ["free"]}, driven_ids=[cars["van"], cars["zoe"]]) == ["other", "first"]
        assert find(text="crafter") == ["van"]
        assert find({"park": ["no number"]}) == []

    def test_is_cut_to_some_vehicles(self, find, cars):
        assert find(vehicle_ids=[cars["zoe"], cars["van"]]) == ["van", "zoe"]
        assert find(vehicle_ids=[]) == []

    def test_stands_in_the_order_that_is_asked_for_with_what_has_no_value_last(self, find, cars):
        assert find(sort="name", is_descending=True) == ["zoe", "first", "van", "other"]
        assert find(sort="year")[:2] == ["van", "first"]
        assert find(sort="year", is_descending=True)[:2] == ["first", "van"]
        ranked = [cars["zoe"], cars["first"]]
        assert find(sort="ranked", ranked_ids=ranked)[:2] == ["zoe", "first"]
        assert find(sort="ranked", ranked_ids=ranked, is_descending=True)[:2] == ["first", "zoe"]

    def test_comes_a_page_at_a_time(self, database, cars, at):
        with database.reading() as reader:
            pages = [
                queries.list_fleet(reader, viewer=ROOT, query=FleetQuery(at=at), skip=skip, most=3)
                for skip in (0, 3, 6)
            ]
        assert [len(page) for page in pages] == [3, 1, 0]


class TestGroupsAndPapers:
    @pytest.fixture
    def grouped(self, database, cars, at):
        with database.transaction() as session:
            for name, group in (("van", "Airport"), ("van", "Night"), ("zoe", "airport "), ("other", "Airport")):
                service.put_into_group(session, actor=ROOT, at=at, vehicle_id=cars[name], name=group)
            page = Upload(name="a.png", content=b"\x89PNG\r\n\x1a\n" + bytes(9))
            # Of the van the newer insurance counts, so that its inspection ends first.
            for name, kind, days in (
                ("van", "insurance", -1),
                ("van", "insurance", 300),
                ("van", "inspection", 20),
                ("zoe", "insurance", -2),
                ("first", "permit", None),
            ):
                until = None if days is None else at.date() + timedelta(days=days)
                new = NewDocument(kind=kind, valid_until=until)
                service.add_document(session, actor=ROOT, at=at, vehicle_id=cars[name], new=new, pages=[page])

    def test_cut_the_fleet(self, grouped, find):
        assert find({"group": ["Airport"]}) == ["other", "van", "zoe"]
        assert find({"group": ["Night", "nothing"]}) == ["van"]
        assert find({"papers": ["expired"]}) == ["zoe"]
        assert find({"papers": ["soon"]}) == ["van"]
        assert find({"papers": ["fine"]}) == ["first"]
        assert find({"papers": ["none"], "group": ["Airport"]}) == ["other"]
        assert find(sort="papers")[:2] == ["zoe", "van"]

    def test_are_counted(self, grouped, database, at):
        with database.reading() as reader:
            query = FleetQuery(at=at, chosen={"group": ["Night"]})
            counts = queries.count_fleet(reader, viewer=ROOT, query=query)
        assert counts.matching == 1
        assert counts.by["group"] == {"Airport": 3, "Night": 1}
        assert counts.by["papers"] == {"soon": 1}


class TestCounts:
    def test_tell_what_each_choice_would_leave_with_all_the_others(self, database, cars, at):
        chosen = {"powertrain": ["electric"], "status": ["in_repair"]}
        with database.reading() as reader:
            counts = queries.count_fleet(reader, viewer=ROOT, query=FleetQuery(at=at, chosen=chosen))

        assert counts.matching == 1
        assert counts.by["powertrain"] == {"electric": 1}  # of those in repair
        assert counts.by["status"] == {"in_repair": 1}  # of the electric ones
        assert counts.by["class"] == {"car": 1}

    def test_are_of_the_whole_fleet_when_nothing_is_chosen(self, database, cars, fleet, at):
        query = FleetQuery(at=at, heard_ids=[cars["van"]], driven_ids=[cars["first"]])
        with database.reading() as reader:
            counts = queries.count_fleet(reader, viewer=ROOT, query=query)

        assert counts.by["tracker"] == {"heard": 1, "silent": 1, "none": 2}
        assert counts.by["driver"] == {"driven": 1, "free": 3}
        assert counts.by["park"] == {str(fleet.park_id): 3, str(fleet.other_park_id): 1}
        assert counts.by["status"] == {"onboarding": 3, "in_repair": 1}

    def test_leave_out_what_is_not_in_sight(self, database, cars, fleet, at):
        viewer = Actor("user", 9, "Nobody", roles=frozenset({OPERATOR}), parks=frozenset())
        with database.reading() as reader:
            assert queries.count_fleet(reader, viewer=viewer, query=FleetQuery(at=at)).matching == 0
