"""The replay of a track in a real browser: slider, keys, list and map stand at one moment."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.portals.history import at_noon, keep_drive, keep_stop, keep_trip

pytestmark = pytest.mark.browser
PARK = ZoneInfo("America/Los_Angeles")


@pytest.fixture
def nine(database, fleet, at) -> datetime:
    """Nine o'clock of a day: a trip of ten minutes begins, half an hour of silence, and another trip."""
    start = datetime.combine(at_noon(at).date(), datetime.min.time(), PARK).replace(hour=9)
    keep_drive(database, fleet.vehicle_id, start, 120)
    keep_drive(database, fleet.vehicle_id, start + timedelta(minutes=40), 120)
    keep_trip(database, fleet.vehicle_id, start, start + timedelta(minutes=10))
    keep_stop(database, fleet.vehicle_id, start + timedelta(minutes=10), start + timedelta(minutes=11))
    keep_trip(database, fleet.vehicle_id, start + timedelta(minutes=40), start + timedelta(minutes=50))
    return start


def url(fleet, day: datetime) -> str:
    return f"/operator/vehicles/{fleet.vehicle_id}/track?day={day:%Y-%m-%d}"


class TestTheReplay:
    def test_shows_the_moment_of_the_slider_by_pointer_key_and_list(self, open_page, fleet, nine):
        page = open_page(url(fleet, nine))
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        time, readout = page.locator("[data-track=time]"), page.locator("[data-track=readout]")
        expect(time).to_have_text("09:00:00")
        expect(readout).to_have_text("37 km/h, ignition on")

        page.keyboard.press("ArrowRight")
        expect(time).to_have_text("09:00:05")
        page.keyboard.press("Shift+ArrowRight")
        expect(time).to_have_text("09:05:05")

        slider = page.get_by_role("slider", name="Moment")
        slider.fill(str(9 * 3600 + 20 * 60))
        expect(readout).to_have_text("No reports from 09:09 to 09:40")
        expect(slider).to_have_attribute("aria-valuetext", "09:20:00, No reports from 09:09 to 09:40")

        page.get_by_role("button", name="No reports").click()
        expect(time).to_have_text("09:09:55")
        second = page.get_by_role("button", name="Trip 2")
        second.click()
        expect(time).to_have_text("09:40:00")
        expect(second).to_have_attribute("aria-current", "")
        expect(page.locator(".track-stop")).to_have_text("1")
        assert problems == []

    def test_plays_at_a_pace_passes_over_gaps_and_pauses(self, open_page, fleet, nine):
        page = open_page(url(fleet, nine))
        page.get_by_text("600×").click()
        slider = page.get_by_role("slider", name="Moment")
        slider.fill(str(9 * 3600 + 9 * 60))
        slider.focus()
        page.keyboard.press("Space")
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        expect(page.locator("[data-track=time]")).to_have_text(re.compile("^09:4"))
        page.keyboard.press("Space")
        expect(page.get_by_role("button", name="Play")).to_be_visible()
        stood = slider.input_value()
        page.wait_for_timeout(150)
        assert slider.input_value() == stood

    def test_says_when_there_is_nothing_and_when_the_server_does_not_answer(self, open_page, fleet, nine):
        page = open_page(url(fleet, nine - timedelta(days=1)))
        expect(page.get_by_role("heading", name="No reports in this time")).to_be_visible()

        page.route("**/track.json*", lambda route: route.abort())
        page.goto(page.url.replace(f"{nine - timedelta(days=1):%Y-%m-%d}", f"{nine:%Y-%m-%d}"))
        expect(page.get_by_role("heading", name="The reports did not arrive")).to_be_visible()
        page.unroute("**/track.json*")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("[data-track=time]")).to_have_text("09:00:00")

    def test_goes_on_without_a_map_where_there_is_no_webgl(self, open_page, fleet, nine):
        page = open_page("/operator/vehicles")
        page.add_init_script(
            "HTMLCanvasElement.prototype.getContext = (get => function (kind, ...more) { "
            "return kind.startsWith('webgl') ? null : get.call(this, kind, ...more); }"
            ")(HTMLCanvasElement.prototype.getContext)"
        )
        page.goto(page.url.replace("/operator/vehicles", url(fleet, nine)))
        expect(page.get_by_text("this browser has no WebGL")).to_be_visible()
        page.get_by_role("button", name="Trip 2").click()
        expect(page.locator("[data-track=time]")).to_have_text("09:40:00")

    def test_fits_a_phone(self, open_page, fleet, nine):
        page = open_page(url(fleet, nine), viewport={"width": 360, "height": 740})
        expect(page.locator("[data-track=time]")).to_have_text("09:00:00")
        root = "document.documentElement"
        assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") <= 0
