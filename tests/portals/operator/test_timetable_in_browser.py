"""The timetable in a real browser: by hand, by keyboard, and what others change meanwhile."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.core.drivers.test_assignments import HOUR, Plan

pytestmark = pytest.mark.browser

ZONE = ZoneInfo("America/Los_Angeles")


@pytest.fixture
def plan(database, fleet):
    """As of noon of the day after tomorrow, so that whatever is moved within a day lies ahead and in one view."""
    day = (datetime.now(UTC) + timedelta(days=2)).astimezone(ZONE)
    noon = day.replace(hour=12, minute=0, second=0, microsecond=0)
    return Plan(database, fleet, noon.astimezone(UTC))


@pytest.fixture
def timetable(open_page, plan):
    def opened(**options) -> Page:
        day = plan.at.astimezone(ZONE).date()
        page = open_page(f"/operator/timetable?view=day&from={day}", viewport={"width": 1280, "height": 800}, **options)
        expect(page.locator("#timetable.is-placed.is-wide")).to_be_visible()
        return page

    return opened


def block(page, assignment_id):
    return page.locator(f'[data-id="{assignment_id}"]')


def drag(page, element, *, by_x=0, by_y=0, grip=0.5):
    box = element.bounding_box()
    x, y = box["x"] + box["width"] * grip, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by_x / 2, y + by_y / 2)
    page.mouse.move(x + by_x, y + by_y)


def hour_px(page):
    return page.locator(".tt-lane").first.bounding_box()["width"] / 24


class TestByHand:
    def test_a_block_is_moved_resized_taken_to_another_vehicle_and_stopped_by_what_is_in_the_way(self, timetable, plan):
        made, other = plan.make(0, 0, 0, 4), plan.make(1, 1, 8, 10)
        page = timetable()
        drag(page, block(page, made), by_x=2 * hour_px(page))
        page.mouse.up()
        expect(block(page, made)).to_have_attribute("data-version", "2")
        assert plan.get(made).starts_at == plan.at + 2 * HOUR
        drag(page, block(page, made), by_x=hour_px(page), grip=0.985)
        page.mouse.up()
        expect(block(page, made)).to_have_attribute("data-version", "3")
        assert plan.get(made).ends_at == plan.at + 7 * HOUR
        row = page.locator(f'.tt-row[data-vehicle="{plan.vehicles[0]}"]').bounding_box()["height"]
        drag(page, block(page, made), by_y=row)
        page.mouse.up()
        expect(block(page, made)).to_have_attribute("data-version", "4")
        assert plan.get(made).vehicle_id == plan.vehicles[1]
        drag(page, block(page, made), by_x=3 * hour_px(page))
        expect(page.locator(".tt-ghost.is-taken")).to_contain_text("in the way of Person 1")
        expect(block(page, other)).to_have_class(re.compile("is-in-the-way"))
        page.mouse.up()
        expect(page.locator("#flash")).to_contain_text("Not saved: Person 1 has")
        assert plan.get(made).version == 4

    def test_an_empty_place_is_planned_by_dragging_over_it(self, timetable, plan):
        page = timetable()
        lane = page.locator(f'.tt-row[data-vehicle="{plan.vehicles[2]}"] .tt-lane')
        drag(page, lane, by_x=2 * hour_px(page))
        page.mouse.up()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_label("From")).to_have_value(plan.at.astimezone(ZONE).strftime("%Y-%m-%dT12:00"))
        dialog.get_by_label("Driver").select_option("Person 2")
        dialog.get_by_role("button", name="Plan").click()
        expect(page.locator("#flash")).to_contain_text("Planned")


class TestByKeyboard:
    def test_arrows_move_shift_resizes_enter_saves_and_escape_puts_back(self, timetable, plan):
        made = plan.make(0, 0, 0, 4)
        page = timetable()
        block(page, made).focus()
        for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight", "ArrowDown"):
            page.keyboard.press(key)
        expect(page.locator("[data-tt-spoken]")).to_contain_text("12:30 – 16:45")
        page.keyboard.press("Escape")
        expect(page.locator(".tt-ghost")).to_have_count(0)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(block(page, made)).to_have_attribute("data-version", "2")
        expect(block(page, made)).to_be_focused()
        assert (plan.get(made).vehicle_id, plan.get(made).starts_at) == (plan.vehicles[1], plan.at + HOUR / 4)
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_contain_text("Person 0 has")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


class TestMeanwhile:
    def test_what_others_plan_appears_by_itself_and_on_a_phone_it_is_a_list(self, timetable, plan):
        page = timetable()
        made = plan.make(1, 1, 1, 3)
        expect(block(page, made)).to_be_visible(timeout=15_000)
        page.set_viewport_size({"width": 360, "height": 740})
        expect(page.locator(".tt-head")).to_be_hidden()
        expect(page.get_by_text("Person 1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
