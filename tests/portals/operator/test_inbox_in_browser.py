"""The inbox in a real browser, by keyboard alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from core.inbox.rules.claims import ItemState
from tests.core.inbox import world

pytestmark = pytest.mark.browser


@pytest.fixture
def codes(database, fleet, at):
    """Three trouble codes, the oldest first."""
    for number, code in enumerate(("P0001", "P0002", "P0003")):
        moment = at - timedelta(minutes=30 - number)
        world.detect(database, at=moment, kind="dtc", subject=code)
        world.sweep(database, at=moment)


class TestTheInbox:
    def test_is_worked_through_by_keyboard(self, codes, database, open_page):
        page = open_page("/operator/inbox?sort=oldest")
        rows = page.locator("[data-item]")
        expect(rows).to_have_count(3)

        page.keyboard.press("j")
        expect(rows.nth(0).locator("[data-row-link]")).to_be_focused()
        page.keyboard.press("a")
        expect(page.locator(".inbox-told")).to_contain_text("One acknowledged.")
        expect(rows.nth(0)).to_contain_text("In hand")
        expect(page.locator("[data-pick]:checked")).to_have_count(0)

        page.keyboard.press("j")
        expect(rows.nth(1).locator("[data-row-link]")).to_be_focused()
        page.keyboard.press("e")
        expect(rows).to_have_count(2)

        page.keyboard.press("j")
        page.keyboard.press("s")
        expect(page.get_by_label("Put off until")).to_be_focused()
        states = [item.state for view in ("open", "closed") for item in world.items(database, view=view)]
        assert states.count(ItemState.CLOSED) == 1 and states.count(ItemState.ACKNOWLEDGED) == 1

    def test_is_ticked_and_given_on_together(self, codes, database, fleet, open_page):
        page = open_page("/operator/inbox")
        page.get_by_label("Tick all on this page").check()
        page.get_by_label("Give to").select_option(label="Dispatcher")
        page.get_by_role("button", name="Give", exact=True).click()
        expect(page.locator(".inbox-told")).to_contain_text("3 given on.")
        assert {item.assigned_to for item in world.items(database)} == {fleet.user_ids["dispatcher"]}

    @pytest.mark.parametrize("width", [360, 1920])
    def test_fits_its_window(self, codes, open_page, width):
        page = open_page("/operator/inbox", viewport={"width": width, "height": 800})
        wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wider)
