"""Answers made smaller on their way, links to the next page, and asking without wanting the body."""

from __future__ import annotations

import gzip
from urllib.parse import parse_qs, urlsplit

import brotli
import pytest
from backports import zstd

from core.vehicles import service as vehicles
from core.vehicles.schemas import NewVehicle
from tests.conftest import ROOT
from tests.portals.api_v1.keys import new_key

URL = "/api/v1/vehicles"
UNPACK = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstd.decompress}
WISHES = {
    "gzip": "gzip",
    "br": "br",
    "zstd": "zstd",
    "gzip, br, zstd": "zstd",
    "gzip, deflate, br": "br",
    "gzip;q=1.0, br;q=0.5": "gzip",
    "gzip; q=0.2, br; q=0.9": "br",
    "*": "zstd",
    "zstd;q=0, *": "br",
    "gzip;q=0": None,
    "gzip;q=0.1, identity": None,
    "identity": None,
    "deflate": None,
    "": None,
    "*;q=0": None,
    "nonsense;q=x": None,
}


@pytest.fixture
def client(api, fleet, database, at):
    with database.transaction() as session:
        for number in range(6):
            new = NewVehicle(vin=f"ZZZC{number}234567890123", model="Vue", name=f"Car {number}", park_id=fleet.park_id)
            vehicles.register_vehicle(session, actor=ROOT, at=at, new=new)
    return api("vehicles:read", "telemetry:read", "events:read", "events:manage_geofences")


class TestAnAnswer:
    def test_comes_in_the_coding_that_is_liked_best(self, client) -> None:
        plain = client.get(URL)
        for wish, coding in WISHES.items():
            answer = client.get(URL, headers={"Accept-Encoding": wish})
            assert answer.headers.get("Content-Encoding") == coding, wish
            assert "Accept-Encoding" in answer.headers["Vary"]
            if coding is not None:
                assert UNPACK[coding](answer.data) == plain.data
                assert int(answer.headers["Content-Length"]) == len(answer.data) < len(plain.data)

    def test_that_is_small_stays_plain_unless_that_is_refused(self, client, fleet) -> None:
        url = f"{URL}/{fleet.vehicle_id}"
        assert "Content-Encoding" not in client.get(url, headers={"Accept-Encoding": "gzip"}).headers
        refusing = client.get(url, headers={"Accept-Encoding": "gzip, identity;q=0"})
        assert gzip.decompress(refusing.data) == client.get(url).data

    def test_has_a_tag_for_each_coding_and_is_not_sent_again_under_any(self, client, fleet) -> None:
        url = f"{URL}/{fleet.vehicle_id}"
        wish = {"Accept-Encoding": "gzip, identity;q=0"}
        plain, packed = client.get(url).headers["ETag"], client.get(url, headers=wish).headers["ETag"]
        assert packed == f'{plain[:-1]}:gzip"'
        assert client.get(url, headers={**wish, "If-None-Match": packed}).status_code == 304
        list_tag = client.get(URL, headers={"Accept-Encoding": "br"}).headers["ETag"]
        unchanged = client.get(URL, headers={"Accept-Encoding": "br", "If-None-Match": list_tag})
        assert (unchanged.status_code, unchanged.data, unchanged.headers["ETag"]) == (304, b"", list_tag)
        assert "Accept-Encoding" in unchanged.headers["Vary"]

    def test_that_is_a_page_or_does_something_is_never_compressed(self, client, sign_in) -> None:
        wish = {"Accept-Encoding": "gzip, identity;q=0"}
        page = sign_in("operator").get("/operator/vehicles", headers=wish)
        assert page.status_code == 200
        made = client.post(
            "/api/v1/geofences",
            json={"name": "Depot", "circle": {"lat": 1, "lon": 2, "radius_m": 30}},
            headers={**new_key(), **wish},
        )
        assert made.status_code == 201
        for answer in (page, made, client.get("/oauth/jwks.json", headers=wish)):
            assert "Content-Encoding" not in answer.headers

    def test_of_static_text_is_compressed_and_a_part_of_it_is_not(self, client) -> None:
        url = "/static/vendor/htmx-4.0.1/htmx.min.js"
        whole = client.get(url).data
        packed = client.get(url, headers={"Accept-Encoding": "br"})
        assert brotli.decompress(packed.data) == whole
        assert len(packed.data) < len(whole) / 2
        again = client.get(url, headers={"Accept-Encoding": "br", "If-None-Match": packed.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        part = client.get(url, headers={"Accept-Encoding": "br", "Range": "bytes=0-9"})
        assert (part.status_code, part.data) == (206, whole[:10])


class TestAFile:
    URL = "/api/v1/telemetry/1/track.csv?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"

    def test_is_compressed_while_it_is_written(self, client) -> None:
        plain = client.get(self.URL)
        for coding in UNPACK:
            packed = client.get(self.URL, headers={"Accept-Encoding": coding}, buffered=False)
            assert packed.headers["Content-Encoding"] == coding
            assert "Content-Length" not in packed.headers
            assert packed.is_streamed
            assert UNPACK[coding](b"".join(packed.iter_encoded())) == plain.data


class TestHead:
    def test_answers_as_get_does_without_the_body(self, client) -> None:
        for url in (URL, f"{URL}/1", "/api/v1/changes", TestAFile.URL, f"{URL}/99"):
            get, head = client.get(url), client.head(url)
            assert (head.status_code, head.data) == (get.status_code, b""), url
            for name in ("Content-Type", "ETag", "Cache-Control", "Content-Length"):
                if url != f"{URL}/99" or name != "Content-Length":
                    assert head.headers.get(name) == get.headers.get(name), (url, name)


class TestAPage:
    def test_names_the_address_of_the_next(self, client) -> None:
        seen, url = [], f"{URL}?limit=3"
        while url:
            page = client.get(url)
            seen += [vehicle["id"] for vehicle in page.json["items"]]
            link = page.headers.get("Link")
            assert (link is None) == (page.json["next_cursor"] is None)
            url = None
            if link is not None:
                url = link.removeprefix("<").partition('>; rel="next"')[0]
                asked = parse_qs(urlsplit(url).query)
                assert asked == {"limit": ["3"], "cursor": [page.json["next_cursor"]]}
        assert seen == list(range(1, 9))

    def test_stays_in_its_place_while_vehicles_are_added(self, client, fleet, database, at) -> None:
        first = client.get(f"{URL}?limit=3").json
        with database.transaction() as session:
            new = NewVehicle(vin="ZZZD1234567890123", model="Vue", name="New", park_id=fleet.park_id)
            vehicles.register_vehicle(session, actor=ROOT, at=at, new=new)
        rest = client.get(f"{URL}?limit=100&cursor={first['next_cursor']}").json["items"]
        assert [vehicle["id"] for vehicle in first["items"] + rest] == list(range(1, 10))

    def test_after_a_cursor_that_is_none_is_refused(self, client) -> None:
        lists = (URL, "/api/v1/geofences", "/api/v1/telemetry/states", "/api/v1/events", "/api/v1/changes")
        for cursor in ("x", "%C3%A9", "YWZ0ZXI6", "YWZ0ZXI6LTE=", "YWZ0ZXI6MWUx", "%ED%A0%80", "%FF", "A" * 9000):
            for url in lists:
                answer = client.get(f"{url}?cursor={cursor}")
                assert answer.status_code == 422, (url, cursor, answer.text)
