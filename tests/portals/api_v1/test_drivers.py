"""Drivers over the API: records, stages, documents."""

from __future__ import annotations

import base64
import uuid

import pytest

from core.audit import list_entries
from core.drivers import service
from core.drivers.schemas import AdmissionRules, DocumentKind
from tests.conftest import ROOT
from tests.core.drivers.papers import PDF, hand_in

URL = "/api/v1/drivers"
NEW = {
    "name": "Ben Okri",
    "phone": "+14155550111",
    "park_id": 1,
    "personal": {
        "birth_date": "1990-05-01",
        "licence": {"country": "US", "region": "CA", "number": "D1234567", "categories": ["C"]},
    },
}


@pytest.fixture
def office(api):
    return api(
        "drivers:read",
        "drivers:register",
        "drivers:change",
        "drivers:verify",
        "drivers:read_documents",
        "drivers:hand_in",
        "vehicles:read",
    )


def keyed():
    return {"Idempotency-Key": str(uuid.uuid4())}


class TestADriver:
    def test_is_registered_and_read_without_what_is_personal(self, office):
        made = office.post(URL, json=NEW)
        assert made.status_code == 201, made.text
        assert set(made.json) == {"id", "version"}

        read = office.get(made.headers["Location"])
        assert read.json["name"] == "Ben Okri" and read.json["stage"] == "active"
        assert read.json["licence_categories"] == ["C"]
        assert "1990" not in read.text and "D1234567" not in read.text

    def test_who_is_known_is_named(self, office, fleet):
        answer = office.post(URL, json=NEW | {"phone": "+14155550100"})

        assert (answer.status_code, answer.json["driver_id"]) == (409, fleet.driver_id)

    def test_is_changed_for_the_version_that_was_read(self, office, fleet):
        url = f"{URL}/{fleet.driver_id}"
        tag = office.get(url).headers["ETag"]
        assert office.patch(url, json={"phone": "+14155550123"}, headers={"If-Match": tag}).status_code == 200

        again = office.patch(url, json={"phone": "+14155550124"}, headers={"If-Match": tag})
        assert again.status_code == 412
        assert office.get(url).json["phone"] == "+14155550123"

    def test_is_found_by_stage_and_standing_in_pages(self, office, fleet):
        office.post(URL, json=NEW)
        first = office.get(URL, query_string={"limit": 1, "stage": "active"})
        second = office.get(URL, query_string={"limit": 1, "cursor": first.json["next_cursor"], "stage": "active"})

        assert [first.json["items"][0]["name"], second.json["items"][0]["name"]] == ["Ana Lopez", "Ben Okri"]
        assert office.get(URL, query_string={"status": "suspended"}).json["items"] == []

    def test_goes_on_by_a_step_and_reads_what_is_in_the_way(self, office, database, fleet, at):
        driver_id = office.post(URL, json=NEW).json["id"]
        url = f"{URL}/{driver_id}/stage"
        assert office.put(url, json={"stage": "left", "reason": "moved"}).status_code == 200
        assert office.put(url, json={"stage": "verifying", "reason": "came_back"}).status_code == 200
        with database.transaction() as session:
            rules = AdmissionRules(required_kinds=(DocumentKind.LICENCE,))
            service.set_admission(session, actor=ROOT, at=at, park_id=fleet.park_id, rules=rules)

        answer = office.put(url, json={"stage": "active", "reason": "verified"})

        assert answer.status_code == 409
        assert answer.json["obstacles"] == ["The driving licence has not been accepted."]

    def test_shows_what_is_personal_to_who_may_and_writes_the_look_down(self, office, api, database):
        driver_id = office.post(URL, json=NEW).json["id"]
        assert api("drivers:read").get(f"{URL}/{driver_id}/personal").status_code == 403

        known = office.get(f"{URL}/{driver_id}/personal").json

        assert (known["birth_date"], known["licence_number"]) == ("1990-05-01", "D1234567")
        with database.reading() as reader:
            entries = list_entries(reader, viewer=ROOT, subject=("driver", driver_id))
        assert entries[0]["action"] == "drivers.personal_data_seen"


class TestADocument:
    def test_is_handed_in_whole_listed_and_decided(self, office, fleet):
        url = f"{URL}/{fleet.driver_id}/documents"
        page = {"name": "policy.pdf", "content": base64.b64encode(PDF).decode()}
        made = office.post(url, json={"kind": "insurance", "pages": [page]}, headers=keyed())
        assert made.status_code == 201, made.text

        (listed,) = office.get(url).json["items"]
        assert (listed["id"], listed["state"], listed["pages"]) == (made.json["id"], "handed_in", 1)
        decided = office.put(
            f"{url}/{listed['id']}/decision",
            json={"state": "accepted", "valid_until": "2030-01-31"},
            headers={"If-Match": f'"{listed["version"]}"'},
        )
        assert decided.status_code == 204
        assert office.get(url).json["items"][0]["state"] == "accepted"

    def test_takes_the_place_of_one_that_waits_and_leaves_a_draft_alone(self, office, database, fleet, at):
        first = hand_in(database, fleet.driver_id, at, kind=DocumentKind.INSURANCE, pages=1)
        url = f"{URL}/{fleet.driver_id}/documents"
        page = {"name": "policy.pdf", "content": base64.b64encode(PDF).decode()}
        office.post(url, json={"kind": "insurance", "pages": [page]}, headers=keyed())

        newest, oldest = office.get(url).json["items"]
        assert (newest["replaced_at"], oldest["id"]) == (None, first)
        assert oldest["replaced_at"] is not None

    def test_is_refused_with_what_is_wrong(self, office, fleet):
        for wrong in (
            {"kind": "licence", "pages": [{"name": "a.png", "content": "iVBORw0KGgo="}]},
            {"kind": "insurance", "pages": [{"name": "a.exe", "content": "TVqQ"}]},
            {"kind": "insurance", "pages": []},
            {"kind": "insurance", "pages": [{"name": "a.pdf", "content": "not base64!"}]},
        ):
            answer = office.post(f"{URL}/{fleet.driver_id}/documents", json=wrong, headers=keyed())

            assert answer.status_code == 422
            assert answer.json["errors"]

    def test_is_refused_for_a_reason_alone(self, office, database, fleet, at):
        document_id = hand_in(database, fleet.driver_id, at)
        url = f"{URL}/{fleet.driver_id}/documents/{document_id}/decision"
        assert office.put(url, json={"state": "refused"}).status_code == 422
        assert office.put(url, json={"state": "refused", "reason": "expired"}).status_code == 204
        assert office.put(url, json={"state": "refused", "reason": "expired"}).status_code == 409

    def test_of_another_driver_is_not_there(self, office, database, fleet, at):
        document_id = hand_in(database, fleet.driver_id, at)
        other = office.post(URL, json=NEW).json["id"]

        url = f"{URL}/{other}/documents/{document_id}/decision"
        assert office.put(url, json={"state": "refused", "reason": "expired"}).status_code == 404
