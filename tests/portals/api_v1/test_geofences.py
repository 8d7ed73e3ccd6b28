"""Geofences by HTTP."""

from __future__ import annotations

import pytest

from tests.portals.api_v1.keys import new_key

SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
CIRCLE = {"lat": 37.76, "lon": -122.42, "radius_m": 200}
URL = "/api/v1/geofences"
WRONG = [
    ({"name": "X", "circle": {**CIRCLE, "radius_m": 5}}, "circle.radius_m"),
    ({"name": "X", "circle": {**CIRCLE, "radius": 50}}, "circle"),
    ({"name": "", "circle": CIRCLE}, "name"),
    ({"name": "X"}, "geometry"),
    ({"name": "X", "geometry": {"type": "Point", "coordinates": [0, 0]}}, "geometry"),
    ({"name": "X", "circle": CIRCLE, "park_id": 99}, "park_id"),
]


@pytest.fixture
def client(api):
    return api("events:read", "events:manage_geofences")


class TestAGeofence:
    def test_is_added_renamed_and_closed_and_stays_to_be_read(self, client):
        added = client.post(URL, json={"name": "Depot", "circle": CIRCLE}, headers=new_key())
        assert added.status_code == 201
        assert (added.json["kind"], added.json["circle"], added.json["geometry"]) == ("circle", CIRCLE, None)
        here = added.headers["Location"]
        assert client.patch(here, json={"name": "Main depot"}).json["name"] == "Main depot"
        closed = client.delete(here)
        assert (closed.status_code, closed.json["closed_by"]) == (200, "Integrator")
        assert client.get(here).json["name"] == "Main depot"
        assert client.get(URL).json["items"] == []
        assert [fence["name"] for fence in client.get(f"{URL}?closed=true").json["items"]] == ["Main depot"]
        assert client.delete(here).status_code == 409

    def test_may_be_a_place_where_nothing_is_locked(self, client):
        body = {"name": "Hospital", "circle": CIRCLE, "no_lock": "hospital"}
        added = client.post(URL, json=body, headers=new_key())
        here = added.headers["Location"]
        assert added.json["no_lock"] == "hospital"
        assert client.patch(here, json={"name": "General Hospital"}).json["no_lock"] == "hospital"
        changed = client.patch(here, json={"no_lock": None})
        assert (changed.json["name"], changed.json["no_lock"]) == ("General Hospital", None)
        assert client.patch(here, json={"no_lock": ""}).status_code == 422

    def test_may_be_a_polygon_and_is_read_as_geojson(self, client):
        client.post(URL, json={"name": "Square", "geometry": SQUARE}, headers=new_key())
        client.post(URL, json={"name": "Depot", "circle": CIRCLE}, headers=new_key())
        page = client.get(f"{URL}?format=geojson")
        assert page.mimetype == "application/geo+json"
        square, depot = page.json["features"]
        assert square["geometry"] == {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"]]}
        assert (depot["properties"]["radius_m"], len(depot["geometry"]["coordinates"][0])) == (200, 65)

    def test_that_does_not_fit_is_refused_with_its_field(self, client):
        for body, field in WRONG:
            answer = client.post(URL, json=body, headers=new_key())
            assert (answer.status_code, answer.mimetype) == (422, "application/problem+json"), body
            assert answer.json["errors"][0]["field"] == field

    def test_of_another_park_is_not_found(self, api, client, fleet):
        made = client.post(
            URL, json={"name": "Depot", "circle": CIRCLE, "park_id": fleet.park_id}, headers=new_key()
        ).json["id"]
        stranger = api("events:read", "events:manage_geofences", park_ids=[fleet.other_park_id])
        assert stranger.get(f"{URL}/{made}").status_code == stranger.delete(f"{URL}/{made}").status_code == 404

    def test_needs_the_scope(self, api):
        assert (
            api("events:read").post(URL, json={"name": "Depot", "circle": CIRCLE}, headers=new_key()).status_code == 403
        )
        assert api("access:read").get(URL).status_code == 403


class TestAnImport:
    def test_is_looked_at_first_and_then_done(self, client):
        features = [
            {"type": "Feature", "properties": {"name": "A"}, "geometry": SQUARE},
            {"type": "Feature", "properties": {"name": "B"}, "geometry": {"type": "Point", "coordinates": [0, 0]}},
            {"type": "Feature", "properties": {"name": "C", "no_lock": "tunnel"}, "geometry": SQUARE},
            {"type": "Feature", "properties": {"name": "D", "no_lock": True}, "geometry": SQUARE},
        ]
        body = {"collection": {"type": "FeatureCollection", "features": features}}
        seen = client.post(f"{URL}/import", json=body).json
        assert (seen["dry_run"], seen["good"][0]["geofence_id"], seen["bad"][0]["index"]) == (True, None, 1)
        assert [good["no_lock"] for good in seen["good"]] == [None, "tunnel"]
        assert "must be words" in seen["bad"][1]["reason"]
        assert client.get(URL).json["items"] == []
        done = client.post(f"{URL}/import", json={**body, "dry_run": False}, headers=new_key()).json
        assert client.get(f"{URL}/{done['good'][0]['geofence_id']}").json["name"] == "A"
