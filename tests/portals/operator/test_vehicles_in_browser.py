"""The fleet table in a real browser: choosing, ticking and keeping, by mouse and by keyboard."""

from __future__ import annotations

import random
import struct
import zlib
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from core import clock
from core.vehicles import service
from core.vehicles.models import VehicleStatusChange
from core.vehicles.schemas import NewVehicle, VehicleStatus
from tests.conftest import ROOT
from tests.portals.reports import report

pytestmark = pytest.mark.browser


def png(width, height):
    """A picture that cannot be packed (PNG, ISO/IEC 15948), so that it is as large as a photo."""
    noise = random.Random(7)
    rows = b"".join(b"\0" + noise.randbytes(3 * width) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    )


SMALL, LARGE = png(40, 30), png(2100, 350)


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


class TestTimeline:
    def test_goes_on_by_itself_when_one_scrolls_to_its_end(self, fleet, database, at, open_page):
        with database.transaction() as session:
            session.add_all(
                VehicleStatusChange(
                    vehicle_id=fleet.vehicle_id,
                    status=VehicleStatus.AVAILABLE,
                    at=at - timedelta(hours=hours),
                    actor_name="Tests",
                    reason=f"Number {hours}.",
                )
                for hours in range(1, 100)
            )
        page = open_page(f"/operator/vehicles/{fleet.vehicle_id}", viewport={"width": 360, "height": 780})
        expect(page.get_by_text("Number 99.")).to_have_count(0)

        for _ in range(8):
            page.locator("#main").evaluate("main => main.scrollTo(0, main.scrollHeight)")
            page.wait_for_timeout(150)
        expect(page.get_by_text("Number 99.")).to_be_visible()
        expect(page.locator(".timeline-words", has_text="Number")).to_have_count(99)

        page.locator("#kind-driver input").check()
        expect(page.locator(".timeline-moment")).to_have_count(1)


class TestOnboarding:
    def test_is_done_with_a_phone_in_the_yard(self, fleet, database, at, open_page):
        page = open_page("/operator/vehicles/new", viewport={"width": 360, "height": 780})
        page.locator("#vin").press_sequentially("wvwzzz1jz3w000009")
        expect(page.locator("#vin_told")).to_contain_text("Europe (Germany), perhaps model year 2003")
        page.fill("#model", "Golf")
        page.get_by_role("button", name="Add, and go on").click()

        page.set_input_files("#file", {"name": "front.png", "mimeType": "image/png", "buffer": LARGE})
        page.fill("#valid_until", f"{at + timedelta(days=100):%Y-%m-%d}")
        page.get_by_role("button", name="Add document").click()
        # Two thousand pixels are enough to read a paper by.
        expect(page.get_by_role("link", name="front.jpg")).to_be_visible()

        page.get_by_role("link", name="Next: photos").click()
        page.set_input_files("#photo", [{"name": f"{n}.png", "mimeType": "image/png", "buffer": SMALL} for n in "ab"])
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.locator(".photos img")).to_have_count(2)
        assert page.evaluate("document.querySelector('.photos img').decode().then(() => true)")

        page.get_by_role("link", name="Next: tracker").click()
        page.get_by_label("Device ID").fill("8600999")
        page.get_by_role("button", name="Put it into the vehicle").click()
        assert len(page.locator(".device-key code").inner_text()) == 14
        page.get_by_role("link", name="It is in the tracker").click()
        expect(page.get_by_role("heading", name="Waiting for the first report")).to_be_visible()
        report(database, int(page.url.split("/")[-2]), at=clock.now(), speed_kmh=0.0)
        expect(page.get_by_role("heading", name="The tracker is heard")).to_be_visible()
        record = page.url.rpartition("/")[0]
        for step in ("data", "documents", "photos", "tracker", "onboarding", ""):
            page.goto(f"{record}/{step}".rstrip("/"))
            assert page.evaluate("document.documentElement.scrollWidth") == 360, step
