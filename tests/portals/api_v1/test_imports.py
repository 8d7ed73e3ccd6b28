"""Fleets out of CSV, by programs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.conftest import Fleet
from tests.portals.imports.fleets import make_vin

Api = Callable[..., FlaskClient]
PATH = "/api/v1/vehicles/import"
FILE = f"VIN,Model,Park,Colour,Year\n{make_vin(1)},Vue,Bayview,red,2021\n{make_vin(2)},Vue,Bayview,red,21\n"


class TestTheImportOfVehicles:
    def test_says_of_each_line_what_it_is_and_does_nothing(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:register", "vehicles:read")
        report = client.post(PATH, json={"csv": FILE}).json
        assert report["dry_run"] is True
        assert report["counts"] == {"new": 1, "changed": 0, "unchanged": 0, "bad": 1}
        assert report["unknown_columns"] == ["Colour"]
        good, bad = report["lines"]
        assert (good["line"], good["outcome"], good["record_id"]) == (2, "new", None)
        assert {"field": "year", "before": None, "after": "2021"} in good["changes"]
        assert bad["problems"] == [
            {"field": "year", "value": "21", "detail": "A year from 1950 to 2100, with four digits: 2021."}
        ]
        assert len(client.get("/api/v1/vehicles").json["items"]) == 2

    def test_takes_the_good_lines_in_when_told_to_and_once(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:register", "vehicles:read")
        report = client.post(PATH, json={"csv": FILE, "dry_run": False}).json
        vehicle_id = report["lines"][0]["record_id"]
        assert client.get(f"/api/v1/vehicles/{vehicle_id}").json["vin"] == make_vin(1)
        again = client.post(PATH, json={"csv": FILE, "dry_run": False}).json
        assert again["counts"] == {"new": 0, "changed": 0, "unchanged": 1, "bad": 1}

    @pytest.mark.parametrize(("csv", "words"), [("", "nothing in the file"), ("Plate\nA\n", "the column is missing")])
    def test_refuses_what_is_no_such_file(self, api: Api, csv: str, words: str) -> None:
        answer = api("vehicles:register").post(PATH, json={"csv": csv})
        assert answer.status_code == 422
        assert [(e["field"], words in e["detail"]) for e in answer.json["errors"]] == [("csv", True)]

    def test_needs_the_scope(self, api: Api) -> None:
        assert api("vehicles:read").post(PATH, json={"csv": FILE}).status_code == 403


class TestTheImportOfDrivers:
    FILE = "Name,Phone,Park\nBea Ruiz,+14155550111,Bayview\nCy Ng,555,Bayview\n"

    def test_takes_the_good_lines_in_when_told_to_and_once(self, api: Api, fleet: Fleet) -> None:
        client, path = api("drivers:register", "drivers:read"), "/api/v1/drivers/import"
        assert client.post(path, json={"csv": self.FILE}).json["counts"]["new"] == 1
        report = client.post(path, json={"csv": self.FILE, "dry_run": False}).json
        driver_id = report["lines"][0]["record_id"]
        assert client.get(f"/api/v1/drivers/{driver_id}").json["name"] == "Bea Ruiz"
        again = client.post(path, json={"csv": self.FILE, "dry_run": False}).json
        assert again["counts"] == {"new": 0, "changed": 0, "unchanged": 1, "bad": 1}

    def test_names_nobody_to_who_may_only_add(self, api: Api, fleet: Fleet) -> None:
        csv = "Name,Phone\nAnna Lopez,+14155550100\n"
        line = (
            api("drivers:register", "drivers:change").post("/api/v1/drivers/import", json={"csv": csv}).json["lines"][0]
        )
        assert line["changes"] == [{"field": "name", "before": "another", "after": "Anna Lopez"}]
        assert line["title"] == "Anna Lopez"

    def test_needs_the_scope(self, api: Api) -> None:
        assert api("drivers:read").post("/api/v1/drivers/import", json={"csv": self.FILE}).status_code == 403
