"""The event log over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient

from core.db import Database
from portals.log_places import as_place
from tests.conftest import Fleet
from tests.portals.api_v1.keys import new_key

LOG = "/api/v1/event_log"
RIGHTS = ("events:read_records", "events:record", "events:decide")


def fine(at: datetime, number: str = "AB-1", **more: Any) -> dict[str, Any]:
    told = {
        "kind": "fine",
        "vehicle_id": 1,
        "happened_at": (at - timedelta(hours=2)).isoformat(),
        "issuer": "City of Oakland",
        "number": number,
        "offence": "speeding",
        "amount_minor": 12_000,
        "currency": "USD",
    }
    return {**told, **more}


class TestAnEvent:
    def test_is_recorded_once_and_answered_as_it_stands(
        self, api: Callable[..., FlaskClient], fleet: Fleet, at: datetime
    ) -> None:
        client = api(*RIGHTS)
        made = client.post(LOG, json=fine(at), headers=new_key())
        assert made.status_code == 201, made.text
        assert made.json["driver_id"] == fleet.driver_id
        assert made.json["match"] == "matched"
        again = client.post(LOG, json=fine(at, words="Seen"), headers=new_key())
        assert (again.status_code, again.json["id"]) == (200, made.json["id"])
        read = client.get(made.headers["Location"])
        assert read.json == made.json
        assert read.headers["ETag"] == made.headers["ETag"]

    def test_needs_a_key(self, api: Callable[..., FlaskClient], at: datetime) -> None:
        assert api(*RIGHTS).post(LOG, json=fine(at)).status_code == 400

    def test_of_the_wrong_shape_is_refused_by_field(self, api: Callable[..., FlaskClient], at: datetime) -> None:
        client = api(*RIGHTS)
        for told, field in (
            (fine(at, offence="flying"), "offence"),
            (fine(at, colour="red"), "colour"),
            (fine(at, happened_until=(at - timedelta(hours=3)).isoformat()), "happened_until"),
            (fine(at, kind="party"), "kind"),
        ):
            answer = client.post(LOG, json=told, headers=new_key())
            assert answer.status_code == 422
            assert field in answer.text

    def test_is_corrected_given_disputed_and_withdrawn(
        self, api: Callable[..., FlaskClient], at: datetime, fleet: Fleet
    ) -> None:
        client = api(*RIGHTS)
        made = client.post(LOG, json=fine(at), headers=new_key())
        place = made.headers["Location"]
        new = {"reason": "typing_error", "record": fine(at, amount_minor=9_000)}
        stale = client.post(f"{place}/corrections", json=new, headers=new_key() | {"If-Match": '"99"'})
        assert stale.status_code == 412
        done = client.post(f"{place}/corrections", json=new, headers=new_key() | {"If-Match": made.headers["ETag"]})
        assert (done.json["charge_minor"], len(done.json["versions"])) == (9_000, 2)
        assert client.put(f"{place}/driver", json={"driver_id": None}).json["driver_id"] is None
        said = {"ground": "not_me", "words": "Not there"}
        assert client.post(f"{place}/disputes", json=said, headers=new_key()).status_code == 409
        client.put(f"{place}/driver", json={"driver_id": fleet.driver_id})
        disputed = client.post(f"{place}/disputes", json=said, headers=new_key()).json
        assert disputed["is_frozen"]
        address = f"{LOG}/disputes/{disputed['disputes'][0]['id']}/decision"
        told = {"effect": "charge_dropped", "reasons": "Not there indeed"}
        refused = client.put(address, json=told)
        assert (refused.status_code, "a person" in refused.json["detail"]) == (403, True)
        gone = client.put(f"{place}/withdrawal", json={"reason": "duplicate"})
        assert gone.json["withdrawn_at"] is not None
        assert client.get(LOG).json["items"] == []

    def test_of_another_park_is_not_there(self, api: Callable[..., FlaskClient], at: datetime, fleet: Fleet) -> None:
        place = api(*RIGHTS).post(LOG, json=fine(at), headers=new_key()).headers["Location"]
        elsewhere = api(*RIGHTS, park_ids=[fleet.other_park_id])
        assert elsewhere.get(place).status_code == 404
        assert elsewhere.get(LOG).json["items"] == []
        for what in (f"driver/{fleet.driver_id}", f"vehicle/{fleet.vehicle_id}", f"park/{fleet.park_id}"):
            assert elsewhere.get(f"{LOG}/{what}").status_code == 404


class TestTheLog:
    def test_of_a_driver_is_of_the_day_in_the_zone_of_the_park(
        self, api: Callable[..., FlaskClient], database: Database, fleet: Fleet, at: datetime
    ) -> None:
        client = api(*RIGHTS)
        zone = ZoneInfo("America/Los_Angeles")
        midnight = (at - timedelta(days=3)).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        for number, minutes in (("before", -1), ("first", 0), ("last", 23 * 60 + 59), ("after", 25 * 60)):
            moment = midnight + timedelta(minutes=minutes)
            told = fine(at, number, happened_at=moment.isoformat(), driver_id=fleet.driver_id)
            assert client.post(LOG, json=told, headers=new_key()).status_code == 201
        answer = client.get(f"{LOG}/driver/{fleet.driver_id}?date={midnight:%Y-%m-%d}")
        assert [item["event"]["told"]["number"] for item in answer.json["items"]] == ["last", "first"]
        both = client.get(f"{LOG}/driver/{fleet.driver_id}?date={midnight:%Y-%m-%d}&from=2026-11-20T00:00:00Z")
        assert both.status_code == 422

    def test_is_filtered_and_comes_in_pages(self, api: Callable[..., FlaskClient], at: datetime, fleet: Fleet) -> None:
        client = api(*RIGHTS)
        for number in range(5):
            client.post(LOG, json=fine(at, f"N{number}"), headers=new_key())
        crash = {"kind": "incident", "vehicle_id": 1, "happened_at": at.isoformat(), "what": "damage"}
        client.post(LOG, json={**crash, "severity": "minor"}, headers=new_key())
        seen, page = [], client.get(f"{LOG}/park/{fleet.park_id}?kind=fine&limit=2")
        while True:
            seen += [item["key"] for item in page.json["items"]]
            if page.json["next_cursor"] is None:
                break
            page = client.get(page.headers["Link"].partition("<")[2].partition(">")[0])
        assert len(seen) == len(set(seen)) == 5
        assert len(client.get(f"{LOG}?responsible={fleet.driver_id}").json["items"]) == 6
        assert client.get(f"{LOG}?disputed=true").json["items"] == []
        assert client.get(f"{LOG}?cursor=nonsense").status_code == 422
        assert as_place("") is None

    def test_takes_fines_from_a_file_once(self, api: Callable[..., FlaskClient]) -> None:
        client = api(*RIGHTS)
        csv = "Notice number,Issuer,Plate,Date,Time,Amount\nA-1,City,7ABC123,2026-11-20,16:05,238.00\nA-2,City,X,1,,\n"
        for dry, counted in ((True, "new"), (False, "new"), (False, "unchanged")):
            answer = client.post(f"{LOG}/fines/import", json={"csv": csv, "dry_run": dry})
            assert answer.status_code == 200, answer.text
            assert (answer.json["counts"][counted], answer.json["counts"]["bad"]) == (1, 1)
        assert len(client.get(LOG).json["items"]) == 1
        problems = answer.json["lines"][1]["problems"]
        assert {problem["field"] for problem in problems} == {"vehicle", "day", "amount"}
