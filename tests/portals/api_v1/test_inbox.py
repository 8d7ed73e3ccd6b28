"""The inbox for other systems."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.db import Database
from tests.conftest import Fleet
from tests.core.inbox import world

SCOPES = ("inbox:read", "inbox:handle", "events:read", "drivers:read")


@pytest.fixture
def towed(database: Database, fleet: Fleet, at: datetime) -> int:
    world.detect(database, at=at)
    world.note_document(database, at=at, last_day=at.date() + timedelta(days=20))
    world.sweep(database, at=at)
    return world.the_item(database, "towing").id


class TestTheList:
    def test_goes_on_page_by_page(self, api, towed: int) -> None:
        client = api(*SCOPES)
        seen, cursor = [], ""
        while cursor is not None:
            page = client.get(f"/api/v1/inbox?limit=1&cursor={cursor}").json
            seen += [item["kind"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert sorted(seen) == ["driver_document", "towing"]

    def test_is_cut_by_severity_and_by_vehicle(self, api, towed: int) -> None:
        client = api(*SCOPES)
        loud = client.get("/api/v1/inbox?severity=act&vehicle_id=1").json["items"]
        assert [item["id"] for item in loud] == [towed]
        assert client.get("/api/v1/inbox?severity=act&vehicle_id=2").json["items"] == []

    def test_leaves_out_what_the_scopes_do_not_reach(self, api, towed: int) -> None:
        items = api("inbox:read", "drivers:read").get("/api/v1/inbox").json["items"]
        assert [item["kind"] for item in items] == ["driver_document"]

    def test_leaves_out_other_parks(self, api, fleet: Fleet, towed: int) -> None:
        assert api(*SCOPES, park_ids=[fleet.other_park_id]).get("/api/v1/inbox").json["items"] == []


class TestAnItem:
    def test_is_acknowledged_once_and_again_without_harm(self, api, towed: int) -> None:
        client = api(*SCOPES)
        for _ in range(2):
            answer = client.put(f"/api/v1/inbox/{towed}/acknowledgement")
            assert (answer.status_code, answer.json["state"]) == (200, "acknowledged")
        assert client.get(f"/api/v1/inbox/{towed}").headers["ETag"] == answer.headers["ETag"]

    def test_that_is_closed_is_in_conflict(self, api, database: Database, towed: int, at: datetime) -> None:
        with database.transaction() as session:
            world.close(session, towed, at=at)
        assert api(*SCOPES).put(f"/api/v1/inbox/{towed}/acknowledgement").status_code == 409

    def test_is_not_acknowledged_by_who_only_reads(self, api, towed: int) -> None:
        client = api("inbox:read", "events:read")
        assert client.put(f"/api/v1/inbox/{towed}/acknowledgement").status_code == 403

    def test_of_another_park_is_not_there(self, api, fleet: Fleet, towed: int) -> None:
        client = api(*SCOPES, park_ids=[fleet.other_park_id])
        assert client.get(f"/api/v1/inbox/{towed}").status_code == 404
        assert client.put(f"/api/v1/inbox/{towed}/acknowledgement").status_code == 404
