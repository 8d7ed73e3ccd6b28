"""Bookings and weekly shifts by the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.drivers.models import HandoverKind
from tests.core.drivers.test_assignments import Plan
from tests.core.drivers.test_handovers import Case
from tests.portals.api_v1.keys import new_key

URL = "/api/v1/assignments"
SCOPES = ("drivers:read", "drivers:assign")
START = datetime(2199, 11, 24, 8, tzinfo=UTC)


@pytest.fixture
def plan(database, fleet):
    return Plan(database, fleet, datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def client(api):
    return api(*SCOPES)


def booking(plan, vehicle=0, driver=0, start=0, hours=8):
    return {
        "vehicle_id": plan.vehicles[vehicle],
        "driver_id": plan.drivers[driver],
        "kind": "shift",
        "starts_at": (START + timedelta(hours=start)).isoformat(),
        "ends_at": (START + timedelta(hours=start + hours)).isoformat(),
    }


def book(client, plan, **which):
    answer = client.post(URL, json=booking(plan, **which), headers=new_key())
    assert answer.status_code == 201, answer.text
    return answer


class TestABooking:
    def test_answers_with_its_address_and_its_record(self, client, plan):
        made = book(client, plan)
        assert made.json["state"] == "planned"
        assert client.get(made.headers["Location"]).json == made.json

    def test_is_refused_naming_what_is_in_the_way(self, client, plan):
        first = book(client, plan).json["id"]
        refused = client.post(URL, json=booking(plan, driver=1, start=2), headers=new_key())
        assert (refused.status_code, refused.json["assignment_id"]) == (409, first)

    def test_is_moved_by_whoever_has_read_it_and_by_nobody_else(self, client, plan):
        made = book(client, plan)
        address, tag = made.headers["Location"], made.headers["ETag"]
        later = {"ends_at": (START + timedelta(hours=10)).isoformat()}
        moved = client.patch(address, json=later, headers={"If-Match": tag})
        assert (moved.status_code, moved.json["ends_at"]) == (200, "2199-11-24T18:00:00Z")
        assert client.patch(address, json=later, headers={"If-Match": tag}).status_code == 412

    def test_is_cancelled_and_stays_to_be_read(self, client, plan):
        address = book(client, plan).headers["Location"]
        assert client.delete(address).json["state"] == "cancelled"
        assert client.get(address).json["starts_at"] == "2199-11-24T08:00:00Z"
        history = client.get(f"{address}/history").json["items"]
        assert [one["act"] for one in history] == ["made", "cancelled"]
        assert client.get(URL, query_string={"vehicle_id": plan.vehicles[0]}).json["items"] == []

    def test_that_runs_ends_when_the_vehicle_is_back(self, client, plan):
        running = plan.make(0, 0, -1, 5)
        answer = client.post(f"{URL}/{running}/return", json={"reason": "driver_asked"})
        assert (answer.status_code, answer.json["state"]) == (200, "ended")

    def test_exchanges_its_vehicle_with_another(self, client, plan):
        first, second = (book(client, plan, vehicle=n, driver=n).json["id"] for n in range(2))
        answer = client.post(f"{URL}/swaps", json={"first_id": first, "second_id": second}, headers=new_key())
        assert [one["vehicle_id"] for one in answer.json["assignments"]] == [plan.vehicles[1], plan.vehicles[0]]

    def test_of_another_park_is_not_found(self, api, client, plan, fleet):
        address = book(client, plan).headers["Location"]
        stranger = api(*SCOPES, park_ids=[fleet.other_park_id])
        assert stranger.get(address).status_code == stranger.delete(address).status_code == 404

    def test_needs_the_scope(self, api, plan):
        assert api("drivers:read").post(URL, json=booking(plan), headers=new_key()).status_code == 403
        assert api("vehicles:read").get(URL).status_code == 403


class TestTheList:
    def test_is_of_a_time_and_of_a_driver(self, client, plan):
        made = [book(client, plan, vehicle=n, driver=n, start=10 * n).json["id"] for n in range(3)]
        when = {"from": "2199-11-24T17:00:00Z", "to": "2199-11-24T18:30:00Z"}
        assert [one["id"] for one in client.get(URL, query_string=when).json["items"] if one["id"] in made] == [made[1]]
        whose = {"driver_id": plan.drivers[2]}
        assert [one["id"] for one in client.get(URL, query_string=whose).json["items"]] == [made[2]]

    def test_comes_in_pages(self, client, plan):
        for n in range(3):
            book(client, plan, start=24 * n)
        page = client.get(URL, query_string={"driver_id": plan.drivers[0], "limit": 2}).json
        rest = client.get(URL, query_string={"driver_id": plan.drivers[0], "cursor": page["next_cursor"]}).json
        assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)


class TestAWeeklyPattern:
    def test_tells_what_became_of_its_days_and_ends(self, client, plan):
        tomorrow = (plan.at + timedelta(days=2)).date()
        new = {
            "vehicle_id": plan.vehicles[0],
            "driver_id": plan.drivers[0],
            "weekdays": [1, 2, 3, 4, 5, 6, 7],
            "starts": "22:00:00",
            "ends": "06:00:00",
            "first_day": tomorrow.isoformat(),
        }
        made = client.post("/api/v1/shift_patterns", json=new, headers=new_key())
        assert made.status_code == 201, made.text
        assert {day["outcome"] for day in made.json["days"]} == {"made"}
        address = made.headers["Location"]
        day = (tomorrow + timedelta(days=3)).isoformat()
        skipped = client.post(f"{address}/exceptions", json={"day": day}).json
        assert [one["day"] for one in skipped["days"] if one["outcome"] == "skipped"] == [day]
        assert client.get("/api/v1/shift_patterns").json["items"][0]["id"] == made.json["id"]
        assert client.delete(address).json["ended_at"] is not None
        assert client.get(URL, query_string={"vehicle_id": plan.vehicles[0]}).json["items"] == []
        assert client.delete(address).status_code == 409


class TestHandovers:
    def test_are_read_with_what_they_found_and_whether_they_are_intact(self, api, database, fleet):
        case = Case(database, fleet, datetime.now(UTC).replace(microsecond=0))
        signed = case.complete(damaged=True)
        draft = case.begin(HandoverKind.RETURNING)
        client = api("drivers:read")
        assert [one["id"] for one in client.get("/api/v1/handovers").json["items"]] == [draft, signed]
        assert [one["id"] for one in client.get("/api/v1/handovers?open=true").json["items"]] == [draft]
        page = client.get("/api/v1/handovers?limit=1").json
        rest = client.get("/api/v1/handovers", query_string={"cursor": page["next_cursor"]}).json
        assert [one["id"] for one in rest["items"]] == [signed]
        found = client.get(f"/api/v1/handovers/{signed}").json
        assert (found["is_intact"], found["signed_by"]) == (True, ["driver", "office"])
        damages = client.get(f"/api/v1/vehicles/{case.plan.vehicles[0]}/damages").json["items"]
        assert damages == found["found"]
        assert (damages[0]["place"], damages[0]["kind"]) == ("Left front door", "scratch")
        stranger = api("drivers:read", park_ids=[fleet.other_park_id])
        assert stranger.get(f"/api/v1/handovers/{signed}").status_code == 404
        assert stranger.get(f"/api/v1/vehicles/{case.plan.vehicles[0]}/damages").status_code == 404
