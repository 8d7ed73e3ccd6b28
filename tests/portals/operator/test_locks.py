"""The page of all locks: what holds them, the history, and its export."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from datetime import timedelta

import pytest

from core import audit
from core.access import service
from core.access.schemas import BrakeKind, ImmobilizationOrder, Reason
from core.config import AccessTiming
from portals.orders import export
from tests.conftest import ROOT
from tests.orders import PLENTY
from tests.portals.page import check_fragment, check_page


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
        assert "Show all orders" in page
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

    def test_is_told_on_every_page_and_by_itself(self, dispatcher, sign_in, fleet):
        held = "All locks are held by Dispatcher: Something is wrong"
        alone = {"HX-Request": "true", "HX-Target": "div#held"}
        assert "held by" not in dispatcher.get("/operator/approvals", headers=alone).text
        dispatcher.post("/operator/locks/hold", data={"why": "Something is wrong"})
        admin = sign_in("admin")
        for browser, portal, pages in (
            (dispatcher, "operator", ("", "approvals", "locks", f"vehicles/{fleet.vehicle_id}/lock")),
            (admin, "admin", ("approvals", "locks", "brakes", "immobilizations")),
        ):
            for page in pages:
                assert held in browser.get(f"/{portal}/{page}").text, page
            fragment = browser.get(f"/{portal}/approvals", headers=alone).text
            check_fragment(fragment)
            assert held in fragment
            assert "Waiting for a second person" not in fragment

    def test_is_put_on_from_the_board_with_a_reason(self, dispatcher, fleet):
        page = dispatcher.get("/operator/").text
        check_page(page)
        form = page.partition('id="hold"')[2].partition("</form>")[0]
        assert 'action="/operator/locks/hold"' in form
        assert "Hold all locks now" in form


class TestTheHistory:
    @pytest.fixture
    def orders(self, database, fleet, requested, at):
        """Sixty orders, seven of them at noon of each of the last days: a page ends amid those of one moment."""
        with database.transaction() as session:
            service.cancel(session, actor=ROOT, at=at, vehicle_id=fleet.vehicle_id, job_id=requested)
            session.flush()
            run = session.connection().exec_driver_sql
            run(
                "INSERT INTO access_jobs SELECT (jsonb_populate_record(job, jsonb_build_object("
                " 'id', gen_random_uuid(), 'ordered_at',"
                " date_trunc('day', now(), 'UTC') - (n / 7 + 1) * interval '1 day' + interval '12 hours'))).*"
                " FROM access_jobs job, generate_series(0, 59) n"
            )
            run("DELETE FROM access_jobs WHERE id = %s", (requested,))
            found = run("SELECT id, ordered_at FROM access_jobs ORDER BY ordered_at DESC").all()
        return [str(job_id) for job_id, _ in found]

    def ids(self, page):
        return re.findall(r'<tr id="order-([0-9a-f-]{36})">', page)

    @pytest.mark.parametrize(("name", "address"), [("operator", "/operator/locks"), ("admin", "/admin/locks")])
    def test_is_paged_without_losing_an_order_of_the_same_moment(self, sign_in, orders, name, address):
        browser = sign_in(name)
        first = browser.get(address).text
        check_page(first)
        following = html.unescape(re.search(r'rel="next" href="([^"]+)"', first).group(1))
        rest = browser.get(following).text
        assert len(self.ids(first)) == 50
        assert 'rel="next"' not in rest
        assert 'rel="prev"' in rest
        assert sorted(self.ids(first) + self.ids(rest)) == sorted(orders)

    def test_is_found_by_days_both_included(self, operator, orders, at):
        day = at.date() - timedelta(days=3)
        page = operator.get(f"/operator/locks?from={day - timedelta(days=1)}&to={day}").text
        assert sorted(self.ids(page)) == sorted(orders[14:28])

    def test_is_found_by_vehicle_driver_and_park(self, operator, orders, fleet):
        for here in (
            f"vehicle_id={fleet.vehicle_id}",
            f"driver_id={fleet.driver_id}",
            f"park_id={fleet.park_id}",
        ):
            assert len(self.ids(operator.get(f"/operator/locks?{here}").text)) == 50, here
        for elsewhere in ("vehicle_id=99", "driver_id=99", f"park_id={fleet.other_park_id}"):
            assert "No orders" in operator.get(f"/operator/locks?{elsewhere}").text, elsewhere

    @pytest.mark.parametrize(
        "days", ["from=yesterday", "to=9999-99-99", "from=2026-11-25&to=2026-11-24", "to=9999-12-31"]
    )
    @pytest.mark.parametrize(("name", "address"), [("operator", "/operator/locks"), ("admin", "/admin/locks")])
    def test_says_what_is_wrong_with_a_day(self, sign_in, name, address, days):
        answer = sign_in(name).get(f"{address}?{days}")
        assert answer.status_code == 422
        check_page(answer.text)
        assert "is not a day" in answer.text or "before the first" in answer.text

    @pytest.mark.parametrize("before", ["x", "2026-11-25_x", "_", "2026-11-25T00:00:00", "9" * 50])
    def test_begins_anew_at_a_place_that_is_none(self, operator, orders, before):
        assert len(self.ids(operator.get(f"/operator/locks?before={before}").text)) == 50


class TestTheExport:
    @pytest.mark.parametrize(("name", "portal"), [("operator", "operator"), ("admin", "admin")])
    def test_holds_every_order_in_cells_that_no_spreadsheet_reckons_with(self, sign_in, requested, name, portal):
        answer = sign_in(name).post(f"/{portal}/locks/export")
        assert answer.headers["Content-Disposition"] == "attachment; filename=locks.csv"
        assert answer.text.endswith("\r\n")
        (line,) = csv.DictReader(io.StringIO(answer.text))
        assert line["order"] == str(requested)
        assert line["note"] == "'=Brakes fail"
        assert (line["state"], line["break_glass"]) == ("requested", "no")

    def test_holds_the_decision_too_as_one_object_a_line(self, operator, requested):
        answer = operator.post("/operator/locks/export", data={"format": "ndjson"})
        assert answer.mimetype == "application/x-ndjson"
        (line,) = map(json.loads, answer.text.splitlines())
        assert (line["order"], line["note"]) == (str(requested), "=Brakes fail")
        assert line["decision"]["inputs"]["reason"] == "safety_lockdown"

    def test_takes_no_other_form(self, operator, requested):
        assert operator.post("/operator/locks/export", data={"format": "xlsx"}).status_code == 422

    def test_is_written_in_pieces_that_lose_nothing(self, operator, requested, database, fleet, at, monkeypatch):
        monkeypatch.setattr(export, "_STEP", 2)
        with database.transaction() as session:
            for _ in range(4):
                service.release(session, actor=ROOT, at=at, vehicle_id=fleet.vehicle_id, timing=AccessTiming())
                session.connection().exec_driver_sql(
                    "UPDATE access_jobs SET state = 'failed', finished_at = now() WHERE kind = 'release'"
                )
        lines = list(csv.DictReader(io.StringIO(operator.post("/operator/locks/export").text)))
        assert len({line["order"] for line in lines}) == len(lines) == 5

    def test_is_audited_with_what_was_asked_for(self, operator, requested, database, fleet):
        operator.post(
            f"/operator/locks/export?vehicle_id={fleet.vehicle_id}&from=2026-11-01", data={"format": "ndjson"}
        )
        with database.reading() as reader:
            entries = audit.list_entries(reader, viewer=ROOT)
        assert (entries[0]["action"], entries[0]["actor_name"]) == ("access.exported", "user:2")
        detail = entries[0]["detail"]
        assert (detail["vehicle_id"], detail["format"]) == (fleet.vehicle_id, "ndjson")
        assert detail["since"].startswith("2026-1")

    def test_holds_only_what_the_viewer_may_read(self, operator, database, fleet, requested):
        for elsewhere in (f"vehicle_id={fleet.other_vehicle_id}", f"park_id={fleet.other_park_id}"):
            assert len(operator.post(f"/operator/locks/export?{elsewhere}").text.splitlines()) == 1
        with database.transaction() as session:
            session.connection().exec_driver_sql(
                f"UPDATE vehicles_vehicles SET park_id = {fleet.other_park_id} WHERE id = {fleet.vehicle_id}"
            )
        assert len(operator.post("/operator/locks/export").text.splitlines()) == 1
        assert operator.post("/operator/locks/export", data={"format": "ndjson"}).text == ""
