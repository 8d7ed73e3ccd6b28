"""Documents in a real browser: sent page by page over a line that breaks, and decided by keys."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.sync_api import expect

from core.drivers import queries, service
from core.drivers.schemas import DocumentKind, DocumentState, DriverChanges, Licence
from tests.conftest import ROOT
from tests.core.drivers.papers import PDF, PNG, hand_in

pytestmark = pytest.mark.browser


def list_open(database, fleet):
    with database.reading() as reader:
        return queries.list_driver_documents(reader, viewer=ROOT, driver_id=fleet.driver_id)


class TestSendingPages:
    def test_adds_them_in_place_one_by_one_and_hands_them_in(self, open_page, fleet, database):
        page = open_page(f"/operator/drivers/{fleet.driver_id}/hand-in/licence")
        sides = [{"name": f"{side}.png", "mimeType": "image/png", "buffer": PNG} for side in ("front", "back")]
        page.set_input_files("#page", sides)
        expect(page.locator(".paper-pages > li")).to_have_count(2)
        expect(page.locator(".paper-label b")).to_have_text(["Front", "Back"])
        expect(page.locator("[data-papers-sending] li")).to_have_count(0)

        page.fill("#valid_until", "2030-01-31")
        page.click("#hand-in button[type=submit]")
        expect(page.locator("#flash")).to_contain_text("is handed in")

        (found,) = list_open(database, fleet)
        assert (found.state, len(found.pages)) == (DocumentState.HANDED_IN, 2)

    def test_offers_another_try_when_the_line_breaks_and_has_the_page_once(self, open_page, fleet, database):
        page = open_page(f"/operator/drivers/{fleet.driver_id}/hand-in/insurance")
        page.route("**/pages", lambda route: route.abort())
        page.set_input_files("#page", {"name": "policy.pdf", "mimeType": "application/pdf", "buffer": PDF})
        expect(page.locator("[data-papers-sending]")).to_contain_text("policy.pdf: This was not sent.")

        page.unroute("**/pages")
        page.get_by_role("button", name="Try again").click()

        expect(page.locator(".paper-pages > li")).to_have_count(1)
        assert len(list_open(database, fleet)[0].pages) == 1

    def test_says_why_a_file_is_not_taken(self, open_page, fleet):
        page = open_page(f"/operator/drivers/{fleet.driver_id}/hand-in/insurance")
        page.set_input_files("#page", {"name": "policy.png", "mimeType": "image/png", "buffer": b"not a picture"})

        expect(page.locator("[data-papers-sending]")).to_contain_text("no photo")
        expect(page.get_by_role("button", name="Try again")).to_have_count(0)


class TestDecidingByKeys:
    def test_accepts_goes_on_to_the_next_and_refuses_that(self, open_page, fleet, database, at):
        licence = Licence(
            country="US", region="CA", number="D1234567", categories=("C",), valid_until=date(2030, 1, 31)
        )
        with database.transaction() as session:
            changes = DriverChanges(licence=licence)
            service.change_driver(session, actor=ROOT, at=at, driver_id=fleet.driver_id, changes=changes)
        first = hand_in(database, fleet.driver_id, at)
        second = hand_in(database, fleet.driver_id, at, kind=DocumentKind.INSURANCE, pages=1)
        page = open_page(f"/operator/drivers/documents/{first}")
        expect(page.locator("#valid_until")).to_have_value("2030-01-31")
        page.keyboard.press("t")
        expect(page.locator("[data-picture]").first).to_have_css("rotate", "90deg")

        page.keyboard.press("a")
        page.wait_for_url(f"**/documents/{second}")
        page.keyboard.press("r")
        page.keyboard.press("5")
        expect(page.locator("input[value=expired]")).to_be_checked()
        expect(page.locator("#words")).to_be_focused()
        page.keyboard.type("Since May")
        page.click("text=Refuse it")
        expect(page.get_by_role("heading", name="Nothing waits")).to_be_visible()

        states = {one.id: (one.state, one.words) for one in list_open(database, fleet)}
        assert states == {first: (DocumentState.ACCEPTED, None), second: (DocumentState.REFUSED, "Since May")}
