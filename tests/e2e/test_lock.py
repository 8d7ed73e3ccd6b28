"""Locking a vehicle by the pages, down to the relay of the simulated vehicle and back to every screen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.product import eventually
from tests.e2e.world import DRIVERS_VEHICLE, STANDING

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(200)]

FIRST, SECOND, _ = STANDING
VERDICT_MS = 30_000
IMMOBILIZE = re.compile("^Immobilize SIM")


class TestOperator:
    def test_locks_a_standing_vehicle_in_two_steps_and_releases_it(self, screen, api, world):
        sent_before = len(world.commands(FIRST))
        operator = screen("operator")
        page = operator.page
        operator.open(f"/operator/vehicles/{api.vehicle_id(FIRST)}/lock")

        page.get_by_role("link", name="Immobilize…").click()
        expect(page.locator(".consequence")).to_contain_text("starter is blocked")
        assert len(world.commands(FIRST)) == sent_before, "looking at the second step sent a command"
        page.get_by_label("Reason").select_option("maintenance")
        page.get_by_label("Note").fill("A trial of the relay")
        page.get_by_role("button", name=IMMOBILIZE).click()

        # No reload from here on: the page tells the rest by itself.
        expect(page.locator(".stations")).to_be_visible()
        expect(page.locator("p.lock-headline")).to_have_text("Asked for: not approved yet")
        expect(page.locator("#lock")).to_contain_text("somebody else must approve it")
        assert len(world.commands(FIRST)) == sent_before, "a command left before the second person"
        second = screen("admin")
        second.open("/admin/immobilizations")
        second.page.locator("#orders").get_by_role("link", name=FIRST).first.click()
        second.page.get_by_role("button", name="Approve as the second person").click()
        expect(page.locator("p.lock-headline")).to_have_text("Immobilized", timeout=VERDICT_MS)
        expect(page.locator(".lock-verdict")).to_contain_text("relay on")
        sent = world.commands(FIRST)[sent_before:]
        assert [(command["speed_kmh"], command["ignition"]) for command in sent] == [(0, False)]
        assert world.truth(FIRST)["relay_on"] is True

        page.get_by_role("button", name=f"Release {FIRST}").click()
        expect(page.locator("p.lock-headline")).to_have_text("Not locked", timeout=VERDICT_MS)
        assert world.truth(FIRST)["relay_on"] is False
        assert {command["type"] for command in world.commands(FIRST)[sent_before + 1 :]} == {"output_off"}

    def test_is_shown_what_a_moving_vehicle_does_and_nothing_is_sent_to_it(self, screen, api, world):
        operator = screen("operator")
        page = operator.page
        moving = world.moving()
        operator.open(f"/operator/vehicles/{api.vehicle_id(moving)}/immobilization/new")

        page.get_by_label("Reason").select_option("theft")
        page.get_by_label("Break-glass").check()
        page.get_by_label("Note").fill("A trial of the relay")
        page.get_by_role("button", name=IMMOBILIZE).click()
        expect(page.locator("p.lock-headline")).to_have_text("Waiting until it is safe to lock")
        waiting = page.locator(".lock-waiting", has_text=re.compile(r"it to stand: moving at [1-9]\d* km/h"))
        expect(waiting).to_be_visible(timeout=VERDICT_MS)
        expect(page.locator(".lock-waiting")).to_contain_text("No command has left")

        page.get_by_role("button", name="Cancel the order").click()
        expect(page.locator("p.lock-headline")).to_have_text("Not locked: the order was cancelled")
        assert world.commands(moving) == []
        assert world.truth(moving)["relay_on"] is False


class TestDispatcher:
    def test_without_the_right_cannot_lock_and_is_told_why(self, screen, api):
        dispatcher = screen("dispatcher")
        lock = f"/operator/vehicles/{api.vehicle_id(FIRST)}"
        dispatcher.open(f"{lock}/lock")

        expect(dispatcher.page.locator(".lock-why")).to_contain_text("Ask an administrator to grant it to you")
        expect(dispatcher.page.get_by_role("link", name="Immobilize…")).to_have_count(0)

    def test_is_refused_behind_the_pages_too(self, product, api, world):
        vehicle_id = api.vehicle_id(FIRST)
        sent_before = world.commands(FIRST)
        http = product.signed_in("dispatcher")
        page = http.get(f"/operator/vehicles/{vehicle_id}/lock").text
        token = page.partition('name="csrf-token" content="')[2].partition('"')[0]
        order = {"csrf_token": token, "reason": "theft"}

        answer = http.post(f"/operator/vehicles/{vehicle_id}/immobilization", data=order, follow_redirects=False)

        assert answer.status_code == 403
        assert "right" in answer.text
        assert world.commands(FIRST) == sent_before


class TestAdministrator:
    def test_locks_in_two_steps_from_the_console_and_releases(self, screen, world):
        admin = screen("admin")
        page = admin.page
        admin.open("/admin/immobilizations")
        page.get_by_label("Name, plate, VIN or model").press_sequentially(SECOND)
        page.locator("#found").get_by_role("link", name=SECOND).click()
        expect(page.locator("h1")).to_contain_text("Step 1 of 2")
        page.get_by_label("Theft").check()
        page.get_by_role("button", name="Go on to check the order").click()
        expect(page.locator("h1")).to_contain_text("Step 2 of 2")
        assert world.commands(SECOND) == []
        page.get_by_label("Break-glass").check()
        page.get_by_label("Note").fill("A trial of the relay")
        page.get_by_role("button", name=f"Immobilize {SECOND}").click()

        expect(page.locator("#order-state")).to_have_text("Immobilized", timeout=VERDICT_MS)
        assert [command["speed_kmh"] for command in world.commands(SECOND)] == [0]
        assert world.truth(SECOND)["relay_on"] is True

        page.locator("#release summary").click()
        page.get_by_role("button", name=f"Release {SECOND}").click()
        expect(page.locator("#order-state")).to_have_text("Released", timeout=VERDICT_MS)
        assert world.truth(SECOND)["relay_on"] is False


class TestDriver:
    def test_sees_on_the_phone_that_the_vehicle_is_locked_and_later_released(self, screen, api):
        vehicle_id = api.vehicle_id(DRIVERS_VEHICLE)
        driver = screen("driver", size=(360, 740))
        driver.open("/driver/")
        mine = driver.page.locator("#mine")
        expect(mine).to_contain_text(DRIVERS_VEHICLE)
        expect(mine).not_to_contain_text("immobilized")

        assert api.verdict(vehicle_id, api.lock(vehicle_id))["result"] == "success"
        expect(mine).to_contain_text("Your vehicle is immobilized", timeout=VERDICT_MS)

        api.release(vehicle_id)
        driver.open("/driver/")
        expect(mine).to_contain_text(DRIVERS_VEHICLE)
        expect(mine).not_to_contain_text("immobilized")


class TestInvestor:
    def test_sees_the_assets_and_that_they_work(self, screen):
        investor = screen("investor", size=(360, 740))
        investor.open("/investor/")

        expect(investor.page.locator(".asset")).to_have_count(8)
        expect(investor.page.locator(".asset").first).to_contain_text("100 %")
        eventually(lambda: "Silent" not in investor.page.inner_text("#assets"), within_s=5)
