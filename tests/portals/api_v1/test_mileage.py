"""The mileage and its readings by API."""

from __future__ import annotations

from tests.portals.api_v1.keys import new_key


class TestMileage:
    def test_is_null_until_known_and_has_the_readings_that_were_recorded(self, api, fleet, at):
        client = api("telemetry:read", "telemetry:record_mileage")
        url = f"/api/v1/telemetry/{fleet.vehicle_id}/mileage"
        new = {"odometer_m": 80_123_400, "read_at": at.isoformat(), "reason": " Inspection "}
        made = client.post(url, json=new, headers=new_key())
        assert made.status_code == 201, made.json
        assert (made.json["odometer_m"], made.json["reason"]) == (80_123_400, "Inspection")
        known = client.get(url).json
        assert (known["mileage_m"], known["mileage_method"]) == (None, None)
        assert known["readings"] == [{name: made.json[name] for name in made.json if name != "vehicle_id"}]
        assert client.post(url, json=new, headers=new_key()).status_code == 409

    def test_refuses_what_is_wrong_by_field_and_hides_what_is_out_of_sight(self, api, fleet, at):
        client = api("telemetry:read", "telemetry:record_mileage")
        url = f"/api/v1/telemetry/{fleet.vehicle_id}/mileage"
        for field, wrong in (
            ("odometer_m", -1),
            ("read_at", "2999-01-01T00:00:00Z"),
            ("read_at", "2026-01-01T00:00:00"),
            ("reason", ""),
            ("reason", "Inspection\0"),
        ):
            answer = client.post(url, json={"odometer_m": 1, "reason": "Inspection", field: wrong}, headers=new_key())
            assert answer.status_code == 422
            assert [error["field"] for error in answer.json["errors"]] == [field]
        assert (
            api("telemetry:read").post(url, json={"odometer_m": 1, "reason": "x"}, headers=new_key()).status_code == 403
        )
        elsewhere = api("telemetry:read", "telemetry:record_mileage", park_ids=[])
        assert elsewhere.get(url).status_code == 404
        assert elsewhere.post(url, json={"odometer_m": 1, "reason": "x"}, headers=new_key()).status_code == 404
