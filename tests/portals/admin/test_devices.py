"""Devices that nobody knows: claimed in the console, and what they sent before brought in."""

import threading

import pytest
from playwright.sync_api import expect, sync_playwright
from werkzeug.serving import make_server

from core.vehicles import queries
from infra import browser as browsers
from tests.conftest import ROOT
from tests.portals.page import check_fragment, check_page

UID = "860000000000099"
NAMED = {"device_uid": UID, "source": "osmand"}
FORM = {"source": "osmand", "tracker.device_uid": UID, "tracker.relay_output": "1"}


@pytest.fixture
def stranger(client):
    """A device that nobody knows has reported once."""
    assert client.get(f"/devices/osmand?id={UID}&lat=37.77&lon=-122.42&speed=5").status_code == 400


def tracker_of(database, vehicle_id):
    with database.reading() as reader:
        return queries.get_vehicle(reader, viewer=ROOT, vehicle_id=vehicle_id).device_uid


class TestDevices:
    def test_that_wait_are_listed_with_when_and_whence(self, sign_in, stranger):
        page = sign_in("admin").get("/admin/devices").text
        check_page(page)
        assert UID in page
        assert "127.0.0.1" in page

    def test_say_so_when_none_waits(self, sign_in):
        page = sign_in("admin").get("/admin/devices").text
        check_page(page)
        assert "No device waits" in page

    def test_are_claimed_for_a_vehicle_that_is_looked_for(self, sign_in, stranger, database, fleet):
        browser = sign_in("admin")
        page = browser.get("/admin/devices/claim", query_string={**NAMED, "text": "5GZCZ43D13S812715"})
        check_page(page.text)
        assert f"vehicle_id={fleet.other_vehicle_id}" in page.text
        asked = {"HX-Request": "true", "HX-Target": "div#found"}
        check_fragment(browser.get("/admin/devices/claim", query_string={**NAMED, "text": "x"}, headers=asked).text)
        chosen = {**NAMED, "vehicle_id": fleet.other_vehicle_id}
        check_page(browser.get("/admin/devices/claim", query_string=chosen).text)
        answer = browser.post("/admin/devices/claim", data={**FORM, "vehicle_id": fleet.other_vehicle_id})
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/admin/telemetry/refusals/replay")
        assert tracker_of(database, fleet.other_vehicle_id) == UID

    def test_replace_no_tracker_unless_that_is_ticked(self, sign_in, stranger, database, fleet):
        browser = sign_in("admin")
        form = {**FORM, "vehicle_id": fleet.vehicle_id}
        answer = browser.post("/admin/devices/claim", data=form)
        assert answer.status_code == 409
        check_page(answer.text)
        assert f"Tick this to take {fleet.device_uid} out." in answer.text
        assert tracker_of(database, fleet.vehicle_id) == fleet.device_uid
        assert browser.post("/admin/devices/claim", data={**form, "replace": "1"}).status_code == 303
        assert tracker_of(database, fleet.vehicle_id) == UID

    def test_are_refused_with_the_field_that_is_wrong(self, sign_in, stranger, fleet):
        form = {**FORM, "vehicle_id": fleet.other_vehicle_id, "tracker.relay_output": "99"}
        answer = sign_in("admin").post("/admin/devices/claim", data=form)
        assert answer.status_code == 422
        check_page(answer.text)
        assert "A number from 1 to 16." in answer.text

    def test_that_wait_no_longer_are_not_found(self, sign_in, fleet):
        browser = sign_in("admin")
        assert browser.get("/admin/devices/claim", query_string=NAMED).status_code == 404
        assert browser.get("/admin/devices/claim?device_uid=a%00b&source=%00").status_code == 404
        form = {**FORM, "vehicle_id": fleet.other_vehicle_id}
        assert browser.post("/admin/devices/claim", data=form).status_code == 404
        assert browser.post("/admin/devices/forget", data=NAMED).status_code == 404

    def test_can_be_forgotten(self, sign_in, stranger):
        browser = sign_in("admin")
        assert browser.post("/admin/devices/forget", data=NAMED).status_code == 303
        assert "No device waits" in browser.get("/admin/devices").text


@pytest.fixture
def page(app, fleet):
    """A real browser in which the administrator is signed in, forms guarded as in production."""
    app.config["WTF_CSRF_ENABLED"] = True
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.find_or_install(), args=["--no-sandbox"])
        opened = browser.new_page(base_url=f"http://127.0.0.1:{server.port}")
        opened.set_default_timeout(10_000)
        opened.goto("/sign-in")
        opened.fill("#email", fleet.email("admin"))
        opened.fill("#password", fleet.password)
        opened.click("main button[type=submit]")
        yield opened
        browser.close()
    server.shutdown()
    thread.join()


@pytest.mark.browser
class TestTheWay:
    def test_from_an_unknown_device_to_its_stored_points(self, stranger, page, database, fleet):
        page.goto("/admin/devices")
        page.click(f"text=Claim {UID}")
        page.locator("#text").press_sequentially("5GZC")
        page.click("#found a")
        page.click("button:has-text('Put it into')")
        expect(page.locator("#flash")).to_contain_text(f"{UID} is in vehicle {fleet.other_vehicle_id} now")
        page.click("button:has-text('Replay 1 point')")
        expect(page.locator("#flash")).to_contain_text("1 judged anew: 1 stored")
        expect(page.locator("main")).to_contain_text("Stored since")
