"""The fleet table in a real browser: choosing, ticking and keeping, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from core.vehicles import service
from core.vehicles.schemas import NewVehicle
from tests.conftest import ROOT

pytestmark = pytest.mark.browser


@pytest.fixture
def vans(database, fleet, at):
    with database.transaction() as session:
        for number in (1, 2, 3):
            new = NewVehicle(
                vin=f"WVWZZZ1JZ3W{number:06d}",
                name=f"Van {number}",
                model="Crafter",
                vehicle_class="van",
                park_id=fleet.park_id,
            )
            service.register_vehicle(session, actor=ROOT, at=at, new=new)


class TestFleetTable:
    def test_follows_each_choice_and_keeps_what_is_typed_meanwhile(self, vans, open_page):
        page = open_page("/operator/vehicles")

        page.locator("#facet-class-van input").check()
        expect(page.locator(".row-link")).to_have_text(["Van 1", "Van 2", "Van 3"])
        page.get_by_placeholder("Name, plate, VIN, make, model").press_sequentially("van 2")
        expect(page.locator(".row-link")).to_have_text(["Van 2"])
        assert page.get_by_placeholder("Name, plate, VIN, make, model").input_value() == "van 2"
        assert "class=van" in page.url and "q=van" in page.url
        page.get_by_role("link", name="Class: Van").click()
        expect(page.locator(".row-link")).to_have_text(["Van 2"])
        assert "class=" not in page.url

        page.locator("button", has_text="Columns").click()
        page.get_by_label("VIN", exact=True).check()
        expect(page.locator("#columns")).to_be_visible()
        expect(page.locator("td.cell-vin")).to_have_text(["WVWZZZ1JZ3W000002"])

    def test_is_ticked_whole_and_in_runs_and_says_how_many(self, vans, open_page):
        page = open_page("/operator/vehicles")
        bar = page.get_by_role("group", name="What to do with the ticked vehicles")
        expect(bar).to_be_hidden()

        page.get_by_label("Tick Car 1").focus()
        page.keyboard.press("Space")
        expect(bar).to_contain_text("1 ticked")
        page.get_by_label("Tick Van 2").click(modifiers=["Shift"])
        expect(bar).to_contain_text("3 ticked")
        page.get_by_label("Tick all on this page").check()
        expect(bar).to_contain_text("4 ticked")
        page.get_by_role("button", name="Change status…").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Change the status of 4 vehicles")
