"""What has not changed is not sent again, and what somebody else has changed is not overwritten."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from core.vehicles import service as vehicles
from core.vehicles.models import VehicleStatus
from tests.conftest import ROOT
from tests.portals.api_v1.keys import new_key

URL = "/api/v1/geofences"
DEPOT = {"name": "Depot", "circle": {"lat": 37.76, "lon": -122.42, "radius_m": 200}}


@pytest.fixture
def client(api):
    return api("events:read", "events:manage_geofences", "vehicles:read", "telemetry:read")


@pytest.fixture
def depot(client):
    return client.post(URL, json=DEPOT, headers=new_key())


class TestARecord:
    def test_has_a_strong_tag_that_changes_with_it(self, client, depot) -> None:
        here = depot.headers["Location"]
        read = client.get(here)
        assert (read.headers["ETag"], depot.headers["ETag"]) == ('"1"', '"1"')
        renamed = client.patch(here, json={"name": "Yard"})
        assert renamed.headers["ETag"] == client.get(here).headers["ETag"] == '"2"'
        assert client.patch(here, json={"name": "Yard"}).headers["ETag"] == '"2"'
        assert client.delete(here).headers["ETag"] == '"3"'

    def test_of_a_vehicle_changes_with_it_and_with_its_tracker(self, client, fleet, database, at) -> None:
        url = f"/api/v1/vehicles/{fleet.vehicle_id}"
        tags = [client.get(url).headers["ETag"]]
        with database.transaction() as session:
            vehicles.change_status(
                session,
                actor=ROOT,
                at=at,
                vehicle_id=fleet.vehicle_id,
                status=VehicleStatus.IN_REPAIR,
                reason="Brakes",
            )
        tags.append(client.get(url).headers["ETag"])
        with database.transaction() as session:
            session.execute(sa.text("UPDATE vehicles_trackers SET relay_output = 2"))
        tags.append(client.get(url).headers["ETag"])
        assert len(set(tags)) == 3

    def test_that_is_known_is_not_sent_again(self, client, depot) -> None:
        here = depot.headers["Location"]
        for known in ('"1"', 'W/"1"', '"7", "1"', "*"):
            answer = client.get(here, headers={"If-None-Match": known})
            assert (answer.status_code, answer.data) == (304, b""), known
            assert answer.headers["ETag"] == '"1"'
            assert answer.headers["Cache-Control"] == "private, no-cache"
        assert client.get(here, headers={"If-None-Match": '"2"'}).status_code == 200


class TestAList:
    def test_that_is_known_is_not_sent_again(self, client, depot) -> None:
        for url in (URL, "/api/v1/vehicles", "/api/v1/parks", "/api/v1/telemetry/states"):
            tag = client.get(url).headers["ETag"]
            assert tag.startswith('W/"')
            assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
        before = client.get(URL).headers["ETag"]
        client.patch(depot.headers["Location"], json={"name": "Yard"})
        assert client.get(URL, headers={"If-None-Match": before}).status_code == 200

    def test_that_nobody_may_keep_has_no_tag(self, client) -> None:
        feed = client.get("/api/v1/changes")
        assert (feed.headers["Cache-Control"], feed.headers.get("ETag")) == ("no-store", None)


class TestAChange:
    def test_of_what_was_changed_since_is_refused_with_the_tag_it_has(self, client, depot) -> None:
        here = depot.headers["Location"]
        client.patch(here, json={"name": "Yard"})
        for late in (
            client.patch(here, json={"name": "Park"}, headers={"If-Match": '"1"'}),
            client.delete(here, headers={"If-Match": '"1"'}),
        ):
            assert (late.status_code, late.headers["ETag"]) == (412, '"2"')
            assert (late.json["type"], late.json["version"]) == ("urn:equinomix:problem:precondition-failed", 2)
        assert client.get(here).json["name"] == "Yard"

    def test_of_what_was_read_is_done(self, client, depot) -> None:
        here = depot.headers["Location"]
        for tags in ('"1"', "*", '"7", "3"', '"4:br"', '"9" , "5"'):
            answer = client.patch(here, json={"name": f"Yard {tags}"}, headers={"If-Match": tags})
            assert answer.status_code == 200, tags

    def test_under_a_tag_that_cannot_match_is_refused(self, client, depot) -> None:
        for tags in ('W/"1"', '"x"', '"01"', '"99999999999999999999"', '""'):
            answer = client.patch(depot.headers["Location"], json={"name": "Yard"}, headers={"If-Match": tags})
            assert answer.status_code == 412, tags

    def test_under_a_condition_that_is_none_is_refused(self, client, depot) -> None:
        for tags in ("", "1", '"1', '"1" "2"', "nonsense", '"1",'):
            answer = client.patch(depot.headers["Location"], json={"name": "Yard"}, headers={"If-Match": tags})
            assert (answer.status_code, answer.json["type"]) == (400, "urn:equinomix:problem:malformed"), tags

    def test_of_what_is_out_of_sight_or_not_there_is_not_found_first(self, client) -> None:
        assert client.patch(f"{URL}/99", json={"name": "Yard"}, headers={"If-Match": '"1"'}).status_code == 404

    def test_is_never_lost_among_many(self, app, client, depot) -> None:
        """Ten programs append to the name, each to what it has read: all ten are in it at the end."""
        here, token = depot.headers["Location"], client.environ_base["HTTP_AUTHORIZATION"]

        def append(mark: str) -> None:
            browser = app.test_client()
            browser.environ_base["HTTP_AUTHORIZATION"] = token
            while True:
                read = browser.get(here)
                name = {"name": f"{read.json['name']}{mark}"}
                answer = browser.patch(here, json=name, headers={"If-Match": read.headers["ETag"]})
                if answer.status_code == 200:
                    return
                assert answer.status_code == 412, answer.text

        writers = [threading.Thread(target=append, args=(mark,)) for mark in "abcdefghij"]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert sorted(client.get(here).json["name"].removeprefix("Depot")) == list("abcdefghij")
