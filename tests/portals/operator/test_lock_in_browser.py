"""The lock screen in a real browser: it changes in place, keeps up by itself, and works without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from core import clock
from tests.portals.reports import report, report_standing

pytestmark = pytest.mark.browser


class TestLockInPlace:
    def test_is_ordered_in_two_steps_followed_and_cancelled_without_leaving_the_record(self, open_page, fleet, worker):
        page = open_page(f"/operator/vehicles/{fleet.vehicle_id}")
        record = page.url
        page.click("text=Immobilize…")
        expect(page.get_by_role("heading", name="Immobilize Car 1?")).to_be_focused()
        page.select_option("#reason", "theft")
        page.check("#break_glass")
        page.fill("#note", "Seen in the harbour")
        page.click("button:has-text('Immobilize Car 1')")
        expect(page.locator("#lock")).to_contain_text("No command has left.")

        worker.wait_for("it to stand: moving at 43 km/h", at=clock.now())
        expect(page.locator("#lock")).to_contain_text("it to stand: moving at 43 km/h")

        page.click("text=Cancel the order")
        expect(page.locator("#lock")).to_contain_text("the order was cancelled")
        assert page.url == record

    def test_keeps_the_focus_while_it_renews_itself_and_rests_when_all_is_said(self, open_page, fleet, worker):
        page = open_page(f"/operator/vehicles/{fleet.vehicle_id}/immobilization/new")
        page.select_option("#reason", "theft")
        page.check("#break_glass")
        page.fill("#note", "Seen in the harbour")
        page.click("button:has-text('Immobilize Car 1')")
        cancel = page.get_by_role("button", name="Cancel the order")
        cancel.focus()
        left = page.locator(".countdown b").inner_text()
        expect(page.locator(".countdown b")).not_to_have_text(left)
        expect(cancel).to_be_focused()

        cancel.press("Enter")
        expect(page.locator("#lock")).to_contain_text("the order was cancelled")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.headers.get("hx-target", "")))
        page.wait_for_timeout(2500)
        assert "section#lock" not in asked

    def test_shows_a_refusal_beside_what_was_typed(self, open_page, fleet):
        page = open_page(f"/operator/vehicles/{fleet.vehicle_id}/immobilization/new")
        page.fill("#note", "Seen in the harbour")
        page.eval_on_selector("#confirm", "form => form.noValidate = true")
        page.click("button:has-text('Immobilize Car 1')")

        expect(page.locator("#reason-error")).to_have_text("This field is needed.")
        expect(page.locator("#note")).to_have_value("Seen in the harbour")

    def test_question_follows_the_vehicle_and_leaves_the_typed_words(self, open_page, fleet, database):
        report(database, fleet.vehicle_id, at=clock.now(), speed_kmh=43.0, ignition=True)
        page = open_page(f"/operator/vehicles/{fleet.vehicle_id}/immobilization/new")
        expect(page.locator("#motion")).to_contain_text("moving at 43 km/h")
        page.fill("#note", "Seen in the harbour")

        report(database, fleet.vehicle_id, at=clock.now(), speed_kmh=7.0, ignition=True)

        expect(page.locator("#motion")).to_contain_text("moving at 7 km/h")
        expect(page.locator("#note")).to_have_value("Seen in the harbour")


class TestLockWithoutScripts:
    def test_is_ordered_followed_and_released_by_pages_alone(self, open_page, fleet, worker, database):
        page = open_page(f"/operator/vehicles/{fleet.vehicle_id}", java_script_enabled=False)
        page.click("text=Immobilize…")
        page.select_option("#reason", "theft")
        page.check("#break_glass")
        page.fill("#note", "Seen in the harbour")
        page.click("button:has-text('Immobilize Car 1')")
        expect(page.locator("#lock")).to_contain_text("No command has left.")

        report_standing(database, fleet.vehicle_id, at=clock.now())
        worker.send(1, None, at=clock.now())
        expect(page.locator("#lock")).to_contain_text("Attempt 1 of 3 sent", timeout=10_000)

        page.click("text=Release Car 1")
        expect(page.locator("#lock")).to_contain_text("Releasing")
