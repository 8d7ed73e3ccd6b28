"""Geofences on the operator's pages."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tests.portals.page import check_fragment, check_page

URL = "/operator/geofences"
FILE = Path(__file__).parents[2] / "core" / "events" / "data" / "san-francisco.geojson"


@pytest.fixture
def typed(fleet):
    return {
        "name": "Depot",
        "park_id": str(fleet.park_id),
        "shape": "circle",
        "lat": "37.76",
        "lon": "-122,42",
        "radius_m": "200",
        "corners": "",
    }


class TestANewGeofence:
    def test_is_a_circle_by_its_numbers(self, operator, typed):
        check_page(operator.get(f"{URL}/new").text)
        answer = operator.post(f"{URL}/new", data=typed)
        assert answer.status_code == 303
        page = operator.get(answer.location).text
        check_page(page)
        assert "37.76000, -122.42000" in page and "200\u00a0m" in page and "from now on" in page

    def test_is_a_polygon_by_its_corners_or_as_geojson(self, operator, typed):
        lines = "37.70, -122.50\n37.70 -122.40\n37.80; -122.40\n"
        ring = [[-122.5, 37.7], [-122.4, 37.7], [-122.4, 37.8], [-122.5, 37.7]]
        geojson = json.dumps({"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}})
        for name, corners in (("A", lines), ("B", geojson)):
            answer = operator.post(f"{URL}/new", data={**typed, "name": name, "shape": "polygon", "corners": corners})
            assert answer.status_code == 303, answer.text
        first, second = operator.get(f"{URL}.json").json["features"]
        assert first["geometry"] == second["geometry"] == {"type": "MultiPolygon", "coordinates": [[ring]]}

    def test_keeps_what_was_typed_beside_the_problem(self, operator, typed):
        cases = {
            "radius_m": {"radius_m": "5"},
            "lat": {"lat": ""},
            "lon": {"lon": "west"},
            "corners": {"shape": "polygon", "corners": "37.7, -122.5\nnorth"},
            "park_id": {"park_id": "99"},
        }
        for field, wrong in cases.items():
            answer = operator.post(f"{URL}/new", data={**typed, **wrong})
            assert answer.status_code == 422, field
            assert f'id="{field}-error"' in answer.text and 'value="Depot"' in answer.text, field
            check_page(answer.text)

    def test_without_a_park_is_for_who_sees_all_parks(self, operator, typed):
        answer = operator.post(f"{URL}/new", data={**typed, "park_id": ""})
        assert answer.status_code == 422 and "everybody" in answer.text


class TestANoLockZone:
    def test_is_made_with_its_reason_and_shown_in_words(self, operator, typed):
        here = operator.post(f"{URL}/new", data={**typed, "no_lock": "hospital"}).location
        page = operator.get(here).text
        check_page(page)
        assert "A no-lock zone: hospital" in page and "within 25 m" in page
        assert "No-lock: hospital" in operator.get(URL).text
        assert operator.get(f"{URL}.json").json["features"][0]["properties"]["no_lock"] == "hospital"
        operator.post(f"{here}/no-lock", data={"step": "clear"})
        assert "A no-lock zone" not in operator.get(here).text

    def test_is_made_of_a_geofence_and_needs_its_reason(self, operator, typed):
        here = operator.post(f"{URL}/new", data=typed).location
        for wrong in ("", "x" * 121):
            refused = operator.post(f"{here}/no-lock", data={"no_lock": wrong})
            assert refused.status_code == 422 and 'id="no_lock-error"' in refused.text
            check_page(refused.text)
        assert operator.post(f"{here}/no-lock", data={"no_lock": "tunnel"}).status_code == 303
        assert "A no-lock zone: tunnel" in operator.get(here).text


class TestTheList:
    def test_finds_by_name_and_shows_closed_ones_when_asked(self, operator, typed):
        check_page(operator.get(URL).text)
        here = operator.post(f"{URL}/new", data=typed).location
        headers = {"HX-Request": "true", "HX-Target": "section#fences"}
        fragment = operator.get(f"{URL}?q=dep", headers=headers).text
        check_fragment(fragment)
        assert "Depot" in fragment
        assert "No geofence matches" in operator.get(f"{URL}?q=zebra").text
        operator.post(f"{here}/closing")
        assert "No geofences yet" in operator.get(URL).text
        assert "Depot" in operator.get(f"{URL}?closed=1").text


class TestOneGeofence:
    def test_is_renamed_and_closed_for_good(self, operator, typed):
        here = operator.post(f"{URL}/new", data=typed).location
        assert operator.post(f"{here}/name", data={"name": ""}).status_code == 422
        operator.post(f"{here}/name", data={"name": "Main depot"})
        assert "Main depot" in operator.get(here).text
        operator.post(f"{here}/closing")
        page = operator.get(here).text
        assert "It detects nothing more" in page and "Close…" not in page
        assert operator.post(f"{here}/closing").status_code == 409

    def test_of_another_park_is_not_found(self, sign_in, operator, typed, fleet):
        here = sign_in("admin")  # has no part in this portal
        assert here.get(URL).status_code == 404
        assert operator.get(f"{URL}/999").status_code == 404


class TestAnImport:
    def test_is_looked_at_first_and_then_added(self, operator, fleet):
        check_page(operator.get(f"{URL}/import").text)

        def send(step):
            file = (io.BytesIO(FILE.read_bytes()), "sf.geojson")
            data = {"step": step, "name_property": "name", "park_id": str(fleet.park_id), "file": file}
            return operator.post(f"{URL}/import", data=data, content_type="multipart/form-data")

        looked = send("look")
        check_page(looked.text)
        assert "37 can become geofences, 0 cannot" in looked.text
        assert operator.get(f"{URL}.json").json["features"] == []
        assert send("add").status_code == 303
        assert len(operator.get(f"{URL}.json").json["features"]) == 37
        assert "0 can become geofences, 37 cannot" in send("look").text

    def test_says_what_is_wrong_with_the_text(self, operator, fleet):
        for text in ("", "{", "[]", "{}"):
            answer = operator.post(f"{URL}/import", data={"text": text, "park_id": str(fleet.park_id)})
            assert answer.status_code == 422, text
            assert 'id="text-error"' in answer.text, text
