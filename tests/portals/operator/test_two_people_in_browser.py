"""Two people in two browsers: one asks for a lock, the other reads the card and decides."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from core import clock
from tests.portals.reports import report

pytestmark = pytest.mark.browser


@pytest.fixture
def open_as(browser, address, fleet):
    """Opens a page in a window of somebody."""

    def opened(name, path):
        page = browser.new_context().new_page()
        page.set_default_timeout(10_000)
        page.goto(f"{address}/sign-in")
        page.fill("#email", fleet.email(name))
        page.fill("#password", fleet.password)
        page.click("main button[type=submit]")
        page.goto(f"{address}{path}")
        return page

    return opened


class TestTwoPeople:
    def test_lock_together_what_one_alone_cannot(self, open_as, fleet, database):
        report(database, fleet.vehicle_id, at=clock.now(), speed_kmh=43.0, ignition=True)
        second = open_as("admin", "/admin/approvals")
        expect(second.locator("#approvals")).to_contain_text("Nothing waits")
        first = open_as("operator", f"/operator/vehicles/{fleet.vehicle_id}/immobilization/new")
        expect(first.locator("#break_glass")).to_be_hidden()
        first.select_option("#reason", "theft")
        expect(first.locator("#break_glass")).to_be_visible()
        first.select_option("#reason", "maintenance")
        expect(first.locator("#break_glass")).to_be_hidden()
        expect(first.locator('.by-reason [data-reason="maintenance"]')).to_be_visible()
        expect(first.locator('.by-reason [data-reason="debt"]')).to_be_hidden()
        first.fill("#note", "Its brakes fail")
        first.click("button:has-text('Immobilize Car 1')")
        expect(first.locator("#lock")).to_contain_text("somebody else must approve it")

        # The card comes by itself, and what is being typed on it stays while it renews itself.
        card = second.locator(".order-card")
        expect(card).to_contain_text("Its brakes fail")
        expect(card).to_contain_text("Moving at 43 km/h")
        card.get_by_label("Why not").fill("Let me think")
        with second.expect_response(lambda answer: answer.url.endswith("/admin/approvals")):
            pass
        expect(card.get_by_label("Why not")).to_have_value("Let me think")
        card.get_by_role("button", name="Approve the lock of").focus()
        second.keyboard.press("Enter")
        expect(second.locator("#order")).to_contain_text("Approved by")

        expect(first.locator(".lock-headline")).to_have_text("Waiting until it is safe to lock")
        first.locator("#why-order summary").click()
        expect(first.locator("#why-order")).to_contain_text("43 km/h")
        # Open it stays while the order renews itself.
        left = first.locator(".countdown b").inner_text()
        expect(first.locator(".countdown b")).not_to_have_text(left)
        expect(first.locator("#why-order")).to_contain_text("43 km/h")
        expect(first.locator("#why-order dl")).to_be_visible()
