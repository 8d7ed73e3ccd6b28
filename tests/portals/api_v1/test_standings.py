"""Whether drivers may drive, by API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from flask.testing import FlaskClient

from tests.conftest import Fleet

Api = Callable[..., FlaskClient]
FACTS = "/api/v1/access/drivers/1/facts"
STATUS = "/api/v1/access/1/status"


def moment(at: datetime, **ago: float) -> str:
    return (at - timedelta(**ago)).isoformat()


class TestTheStatusOfADriver:
    def test_is_active_with_no_reasons_at_first_and_names_the_vehicle(self, api: Api, fleet: Fleet) -> None:
        answer = api("access:read").get(STATUS)
        assert answer.status_code == 200
        assert answer.json.keys() == {"driver_id", "status", "since", "reasons", "vehicle_id"}
        assert (answer.json["status"], answer.json["reasons"]) == ("active", [])
        assert answer.json["vehicle_id"] == fleet.vehicle_id

    def test_says_why_what_brings_the_driver_back_and_when_it_changes(
        self, api: Api, fleet: Fleet, at: datetime
    ) -> None:
        ends = at + timedelta(days=2)
        body = {"as_of": moment(at), "valid_until": ends.isoformat()}
        assert api("access:judge").put(f"{FACTS}/document/licence", json=body).status_code == 200
        (reason,) = api("access:read").get(STATUS).json["reasons"]
        assert (reason["rule"], reason["subject"], reason["status"]) == ("document_expiring", "licence", "active")
        assert reason["way_back"].startswith("Renew the driving licence")
        assert datetime.fromisoformat(reason["changes_at"]) == ends

    def test_is_not_sent_again_while_it_is_the_same(self, api: Api, fleet: Fleet) -> None:
        client = api("access:read")
        tag = client.get(STATUS).headers["ETag"]
        assert client.get(STATUS, headers={"If-None-Match": tag}).status_code == 304

    def test_needs_the_scope_and_the_park(self, api: Api, fleet: Fleet) -> None:
        assert api("access:judge").get(STATUS).status_code == 403
        assert api("access:read", park_ids=[fleet.other_park_id]).get(STATUS).status_code == 404
        assert api("access:read").get("/api/v1/access/999/status").status_code == 404


class TestAFact:
    def test_is_answered_as_it_is_known_with_how_the_driver_stands(self, api: Api, fleet: Fleet, at: datetime) -> None:
        body = {"as_of": moment(at), "value": 3.1, "trips": 40}
        answer = api("access:judge").put(f"{FACTS}/rating/own", json=body)
        assert answer.status_code == 200
        assert (answer.json["value"], answer.json["status"]) == ({"value": 3.1, "trips": 40}, "restricted")
        assert answer.json["noted_by"] == "Integrator"

    def test_may_come_twice_late_and_be_withdrawn(self, api: Api, fleet: Fleet, at: datetime) -> None:
        client = api("access:judge")
        missing = {"as_of": moment(at, hours=2), "state": "missing"}
        held = {"as_of": moment(at, hours=1)}
        statuses = [
            client.put(f"{FACTS}/document/medical", json=body).json["status"]
            for body in (missing, missing, held, missing)
        ]
        assert statuses == ["restricted", "restricted", "active", "active"]
        other = client.put(f"{FACTS}/document/medical", json={**held, "state": "refused"})
        assert (other.status_code, other.json["type"]) == (409, "urn:equinomix:problem:conflict")
        for _ in range(2):
            assert client.delete(f"{FACTS}/document/medical").status_code == 204
        late = client.put(f"{FACTS}/document/medical", json={"as_of": moment(at), "state": "refused"})
        assert (late.json["status"], late.json["withdrawn_at"] is None) == ("active", False)

    def test_that_is_severe_locks_out_and_stays_until_a_person_has_looked(
        self, api: Api, fleet: Fleet, at: datetime
    ) -> None:
        client = api("access:judge", "access:read")
        body = {"as_of": moment(at, hours=1), "severity": "severe", "at": moment(at, hours=2)}
        assert client.put(f"{FACTS}/incident/i-7", json=body).json["status"] == "locked_out"
        assert client.delete(f"{FACTS}/incident/i-7").status_code == 204
        assert [reason["rule"] for reason in client.get(STATUS).json["reasons"]] == ["review_pending"]

    def test_is_refused_with_the_field_that_is_wrong(self, api: Api, fleet: Fleet, at: datetime) -> None:
        client = api("access:judge")
        good = {"as_of": moment(at), "severity": "minor", "at": moment(at)}
        for change, field in (
            ({"severity": "fatal"}, "severity"),
            ({"at": moment(at, days=-1)}, "at"),
            ({"as_of": "2026-11-25T07:00:00"}, "as_of"),
        ):
            answer = client.put(f"{FACTS}/incident/i-7", json=good | change)
            assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, field)
        assert client.put(f"{FACTS}/incident/NOT A KEY", json=good).status_code == 404
        assert client.put(f"{FACTS}/manual/hold", json=good).status_code == 404

    def test_needs_the_scope_and_the_park(self, api: Api, fleet: Fleet, at: datetime) -> None:
        body = {"as_of": moment(at), "state": "missing"}
        path = f"{FACTS}/document/licence"
        assert api("access:read").put(path, json=body).status_code == 403
        stranger = api("access:judge", park_ids=[fleet.other_park_id])
        assert (stranger.put(path, json=body).status_code, stranger.delete(path).status_code) == (404, 404)
