"""The page of all locks: what holds them, the history, and its export."""

from __future__ import annotations

import csv
import io

import pytest

from core import audit
from core.access import service
from core.access.schemas import BrakeKind, ImmobilizationOrder, Reason
from core.config import AccessTiming
from tests.conftest import ROOT
from tests.orders import PLENTY
from tests.portals.page import check_page


@pytest.fixture
def requested(database, fleet, at):
    """A lock that somebody else has asked for."""
    with database.transaction() as session:
        order = ImmobilizationOrder(reason=Reason.SAFETY_LOCKDOWN, note="=Brakes fail")
        return service.immobilize(
            session,
            actor=ROOT,
            at=at,
            vehicle_id=fleet.vehicle_id,
            order=order,
            timing=AccessTiming(),
            limits=PLENTY,
        )


class TestThePageOfLocks:
    def test_is_approved_on_the_lock_screen_by_somebody_else(self, operator, requested, fleet, database):
        url = f"/operator/vehicles/{fleet.vehicle_id}"
        assert "You can be the second person" in operator.get(f"{url}/lock").text
        operator.post(f"{url}/immobilization/approval", data={"job_id": str(requested)})
        page = operator.get(f"{url}/lock").text
        assert "Waiting until it is safe to lock" in page
        assert "Approved by <b>Operator</b>" in page

    def test_is_declined_with_a_reason_only(self, operator, requested, fleet):
        url = f"/operator/vehicles/{fleet.vehicle_id}/immobilization/refusal"
        assert operator.post(url, data={"job_id": str(requested)}).status_code == 422
        assert operator.post(url, data={"job_id": str(requested), "note": "The brakes are fine"}).status_code == 303
        assert "Declined by Operator: The brakes are fine" in operator.get("/operator/locks").text

    def test_tells_who_ordered_it_that_another_must_approve(self, operator, fleet):
        url = f"/operator/vehicles/{fleet.vehicle_id}"
        operator.post(
            f"{url}/immobilization", data={"reason": "maintenance", "method": "vialon_relay", "note": "New brakes"}
        )
        page = operator.get(f"{url}/lock").text
        assert "You ordered it, so somebody else must approve it" in page
        assert "You can be the second person" not in page

    def test_shows_the_history_of_one_vehicle_and_of_one_driver(self, operator, requested, fleet):
        assert "No orders" in operator.get("/operator/locks?vehicle_id=999").text
        page = operator.get(f"/operator/locks?vehicle_id={fleet.vehicle_id}").text
        assert "Show the orders to all vehicles" in page
        assert "Safety: the vehicle must not be driven" in page


class TestTheHold:
    def test_stops_all_locks_at_once_by_any_operator_and_is_lifted_by_administrators_alone(
        self, dispatcher, sign_in, fleet
    ):
        assert dispatcher.post("/operator/locks/hold", data={"why": ""}).status_code == 422
        assert dispatcher.post("/operator/locks/hold", data={"why": "Something is wrong"}).status_code == 303
        assert "All locks are held by Dispatcher: Something is wrong" in dispatcher.get("/operator/locks").text
        operator = sign_in("operator")
        refused = operator.post(
            f"/operator/vehicles/{fleet.vehicle_id}/immobilization",
            data={"reason": "maintenance", "method": "vialon_relay", "note": "New brakes"},
        )
        assert "all of them are held" in refused.text
        admin = sign_in("admin")
        check_page(admin.get("/admin/brakes").text)
        admin.post("/admin/brakes/lifting", data={"kind": BrakeKind.HOLD.value, "why": "It was a trial"})
        assert "All locks are held" not in dispatcher.get("/operator/locks").text


class TestTheExport:
    def test_holds_every_order_in_words_that_no_spreadsheet_reckons_with(
        self, operator, requested, database, fleet, at
    ):
        answer = operator.post("/operator/locks/export")
        (line,) = csv.DictReader(io.StringIO(answer.text))
        assert line["order"] == str(requested)
        assert line["note"] == "'=Brakes fail"
        assert line["state"] == "requested"

    def test_is_audited(self, operator, requested, database):
        operator.post("/operator/locks/export")
        with database.reading() as reader:
            entries = audit.list_entries(reader, viewer=ROOT)
        assert entries[0]["action"] == "access.exported"

    def test_holds_nothing_of_another_park(self, operator, database, fleet, at):
        text = operator.post(f"/operator/locks/export?vehicle_id={fleet.other_vehicle_id}").text
        assert len(text.splitlines()) == 1
