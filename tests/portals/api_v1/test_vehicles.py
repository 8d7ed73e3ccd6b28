"""The registry by API."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

from tests.conftest import Fleet

Api = Callable[..., FlaskClient]
GOOD = {"vin": "1M8GDM9AXKP042788", "model": "Prius", "plate": "8XYZ001", "year": 2022}


class TestRegisteringAVehicle:
    def test_answers_201_with_its_address_and_record(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:register", "vehicles:read")
        answer = client.post("/api/v1/transport_registry", json={**GOOD, "park_id": fleet.park_id})
        assert answer.status_code == 201
        assert answer.json["vin"] == GOOD["vin"]
        assert client.get(answer.headers["Location"]).json == answer.json

    def test_takes_the_class_of_the_vehicle_and_the_family_of_its_tracker(self, api: Api, fleet: Fleet) -> None:
        tracker = {"device_uid": "860000000000777", "family": "fmb"}
        new = {**GOOD, "park_id": fleet.park_id, "vehicle_class": "truck", "tracker": tracker}
        made = api("vehicles:register").post("/api/v1/transport_registry", json=new).json
        assert (made["vehicle_class"], made["tracker"]["family"]) == ("truck", "fmb")

    def test_refuses_a_vin_with_a_wrong_check_digit_and_says_which_it_should_be(self, api: Api, fleet: Fleet) -> None:
        wrong = {**GOOD, "vin": "1M8GDM9A1KP042788", "park_id": fleet.park_id}
        answer = api("vehicles:register").post("/api/v1/transport_registry", json=wrong)
        assert answer.status_code == 422
        assert answer.json["errors"][0]["field"] == "vin"
        assert "should be X" in answer.json["errors"][0]["detail"]

    def test_warns_but_accepts_a_european_vin_whose_check_digit_fails(self, api: Api, fleet: Fleet) -> None:
        european = {**GOOD, "vin": "WV1ZZZ2EZ86015388", "park_id": fleet.park_id}
        answer = api("vehicles:register").post("/api/v1/transport_registry", json=european)
        assert answer.status_code == 201
        assert answer.json["warnings"]

    def test_names_the_record_that_already_has_the_vin(self, api: Api, fleet: Fleet) -> None:
        known = {**GOOD, "vin": "1HGCM82633A004352", "park_id": fleet.park_id}
        answer = api("vehicles:register").post("/api/v1/transport_registry", json=known)
        assert answer.status_code == 409
        assert answer.json["vehicle_id"] == fleet.vehicle_id

    def test_asks_for_the_park_when_there_are_several(self, api: Api, fleet: Fleet) -> None:
        answer = api("vehicles:register").post("/api/v1/transport_registry", json=GOOD)
        assert answer.status_code == 422
        assert answer.json["errors"][0]["field"] == "park_id"

    def test_never_answers_with_the_key_of_the_device(self, api: Api, fleet: Fleet) -> None:
        tracker = {"device_uid": "860000000000777", "key": "very-secret-key"}
        answer = api("vehicles:register").post(
            "/api/v1/transport_registry", json={**GOOD, "park_id": fleet.park_id, "tracker": tracker}
        )
        assert answer.status_code == 201
        assert "very-secret-key" not in answer.text

    def test_names_an_unknown_field(self, api: Api, fleet: Fleet) -> None:
        answer = api("vehicles:register").post("/api/v1/transport_registry", json={**GOOD, "colour": "red"})
        assert answer.status_code == 422
        assert answer.json["errors"][0]["field"] == "colour"

    def test_answers_broken_json_with_400(self, api: Api) -> None:
        answer = api("vehicles:register").post(
            "/api/v1/transport_registry", data=b'{"vin": ', content_type="application/json"
        )
        assert answer.status_code == 400
        assert answer.mimetype == "application/problem+json"
        assert "not JSON" in answer.json["detail"]

    def test_needs_the_scope(self, api: Api, fleet: Fleet) -> None:
        answer = api("vehicles:read").post("/api/v1/transport_registry", json={**GOOD, "park_id": fleet.park_id})
        assert answer.status_code == 403
        assert answer.json["permission"] == "vehicles:register"


class TestListingVehicles:
    def test_walks_through_all_of_them_by_cursor(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:read")
        first = client.get("/api/v1/vehicles?limit=1").json
        second = client.get("/api/v1/vehicles", query_string={"limit": 1, "cursor": first["next_cursor"]}).json
        assert [first["items"][0]["id"], second["items"][0]["id"]] == [
            fleet.vehicle_id,
            fleet.other_vehicle_id,
        ]

    def test_refuses_a_cursor_that_is_not_ours(self, api: Api, fleet: Fleet) -> None:
        answer = api("vehicles:read").get("/api/v1/vehicles?cursor=nonsense")
        assert answer.status_code == 422

    def test_shows_only_the_parks_of_the_client(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:read", park_ids=[fleet.park_id])
        assert [v["id"] for v in client.get("/api/v1/vehicles").json["items"]] == [fleet.vehicle_id]

    def test_answers_404_for_a_vehicle_out_of_sight(self, api: Api, fleet: Fleet) -> None:
        client = api("vehicles:read", park_ids=[fleet.park_id])
        assert client.get(f"/api/v1/vehicles/{fleet.other_vehicle_id}").status_code == 404

    def test_needs_a_token(self, client: FlaskClient) -> None:
        answer = client.get("/api/v1/vehicles")
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
