"""What belongs to a vehicle, by API: its record changed, its status, groups, fields, history and tracker."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from core.db import Database
from core.vehicles import queries
from tests.conftest import Fleet
from tests.portals.api_v1.keys import new_key

Api = Callable[..., FlaskClient]
V1 = "/api/v1/vehicles/1"
FIELDS = "/api/v1/vehicle_fields"


class TestChangingAVehicle:
    def test_writes_what_is_named_and_takes_away_what_is_null(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:change", "vehicles:read")
        before = client.get(V1)
        changed = client.patch(
            V1, json={"plate": "8xyz001", "make": None}, headers={"If-Match": before.headers["ETag"]}
        )
        assert changed.json == {**before.json, "plate": "8XYZ001", "make": None}
        assert changed.headers["ETag"] == client.get(V1).headers["ETag"] != before.headers["ETag"]

    def test_does_not_write_over_what_somebody_else_did(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:change", "vehicles:read")
        tag = client.get(V1).headers["ETag"]
        assert client.patch(V1, json={"make": "Ford"}, headers={"If-Match": tag}).status_code == 200
        assert client.patch(V1, json={"make": "Fiat"}, headers={"If-Match": tag}).status_code == 412

    def test_tells_what_was_done_the_newest_first_and_page_by_page(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:change", "vehicles:change_status", "vehicles:read")
        client.patch(V1, json={"make": "Ford"})
        client.put(f"{V1}/status", json={"status": "in_repair", "reason": "Brakes"})
        first = client.get(f"{V1}/history?limit=2").json
        rest = client.get(f"{V1}/history", query_string={"cursor": first["next_cursor"]}).json
        actions = [one["action"] for one in first["items"] + rest["items"]]
        assert actions == ["vehicles.status_changed", "vehicles.vehicle_changed", "vehicles.vehicle_registered"]
        assert first["items"][1]["detail"]["changes"] == [{"field": "make", "before": "Honda", "after": "Ford"}]

    def test_hints_at_what_the_vin_tells(self, api: Api, fleet: Fleet) -> None:
        assert api("vehicles:read").get(V1).json["vin_hint"] == {
            "region": "North America",
            "country": "United States",
            "model_year": 2003,
            "is_year_bound": True,
        }

    def test_moves_it_to_a_park_that_the_right_reaches(self, api: Api, fleet: Fleet) -> None:
        here = api("vehicles:move", park_ids=[fleet.park_id])
        assert here.put(f"{V1}/park", json={"park_id": fleet.other_park_id}).status_code == 422
        moved = api("vehicles:move").put(f"{V1}/park", json={"park_id": fleet.other_park_id})
        assert moved.json["park_id"] == fleet.other_park_id


class TestAStatus:
    def test_is_set_with_a_reason_and_kept(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:change_status", "vehicles:read")
        wish = {"status": "available", "reason": "Ready"}
        assert client.put(f"{V1}/status", json=wish).json["status"] == "available"
        told = client.get(f"{V1}/status_changes").json["items"]
        assert [one["status"] for one in told] == ["available", "onboarding"]
        assert told[0]["reason"] == "Ready"
        assert client.put(f"{V1}/status", json=wish).status_code == 200
        assert len(client.get(f"{V1}/status_changes").json["items"]) == 2

    def test_of_one_that_may_not_follow_is_refused_with_the_one_it_has(self, api: Api, fleet: Fleet) -> None:
        answer = api("vehicles:change_status").put(f"{V1}/status", json={"status": "written_off", "reason": "Burnt"})
        assert (answer.status_code, answer.json["vehicle_status"]) == (409, "onboarding")
        assert "by a person only" in answer.json["detail"]


class TestGroups:
    def test_are_entered_and_left(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:change", "vehicles:read")
        assert client.patch(f"{V1}/groups", json={"into": ["Night", "Airport"]}).json["items"] == ["Airport", "Night"]
        assert client.patch(f"{V1}/groups", json={"into": ["airport"], "out_of": ["Night"]}).json["items"] == [
            "Airport"
        ]
        assert client.get("/api/v1/vehicle_groups").json["items"] == ["Airport"]

    @pytest.mark.parametrize("name", [" ", "a\x07b"])
    def test_have_a_name_that_can_be_read(self, api: Api, fleet: Fleet, name: str) -> None:
        assert api("vehicles:change").patch(f"{V1}/groups", json={"into": [name]}).status_code == 422


class TestFields:
    def test_are_defined_filled_and_closed(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:define_fields", "vehicles:change", "vehicles:read")
        made = client.post(FIELDS, json={"name": "Seats", "kind": "number", "unit": "pcs"}, headers=new_key())
        assert (made.status_code, made.headers["ETag"]) == (201, '"1"')
        field_id = made.json["id"]
        filled = client.patch(f"{V1}/fields", json={"values": [{"field_id": field_id, "value": 4}]})
        assert [one["value"] for one in filled.json["items"]] == [4]
        assert client.get(f"{V1}/fields").json == filled.json
        wrong = client.patch(f"{V1}/fields", json={"values": [{"field_id": field_id, "value": "4"}]})
        assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (422, str(field_id))
        renamed = client.patch(made.headers["Location"], json={"name": "Places"}, headers={"If-Match": '"1"'})
        assert (renamed.json["name"], renamed.headers["ETag"]) == ("Places", '"2"')
        assert client.delete(made.headers["Location"], headers={"If-Match": '"1"'}).status_code == 412
        assert client.delete(made.headers["Location"]).status_code == 204
        assert client.get(f"{V1}/fields").json["items"] == client.get(FIELDS).json["items"] == []

    def test_of_all_parks_are_not_for_a_client_of_one(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:define_fields", park_ids=[fleet.park_id])
        new = {"name": "Seats", "kind": "number"}
        assert client.post(FIELDS, json=new, headers=new_key()).status_code == 403
        assert client.post(FIELDS, json={**new, "park_id": fleet.park_id}, headers=new_key()).status_code == 201


class TestATracker:
    def test_is_fitted_with_a_key_that_is_shown_once(self, api: Api, fleet: Fleet, database: Database) -> None:
        client, key = api("vehicles:fit_tracker"), new_key()
        wish = {"device_uid": "860000000000010", "replace": True}
        fitted = client.put(f"{V1}/tracker", json=wish, headers=key)
        with database.reading() as reader:
            device = queries.find_device(reader, device_uid="860000000000010")
        assert device is not None
        assert device.accepts(fitted.json["key"])
        again = client.put(f"{V1}/tracker", json=wish, headers=key)
        assert (again.status_code, fitted.json["key"] in again.text) == (409, False)

    def test_is_taken_out_once(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:fit_tracker")
        assert [client.delete(f"{V1}/tracker").status_code for _ in range(2)] == [204, 409]

    def test_is_not_replaced_unless_that_is_meant(self, api: Api, fleet: Fleet) -> None:
        answer = api("vehicles:fit_tracker").put(
            f"{V1}/tracker", json={"device_uid": "860000000000010"}, headers=new_key()
        )
        assert (answer.status_code, answer.json["vehicle_id"]) == (409, fleet.vehicle_id)
