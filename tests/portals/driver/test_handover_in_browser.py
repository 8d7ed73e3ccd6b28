"""A handover on a phone, in a real browser: photos kept at once, damage by a tap, a reload that loses nothing."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

from core.drivers.models import HandoverKind
from infra import browser as browsers
from tests.core.drivers.test_handovers import PIXEL, Case

pytestmark = pytest.mark.browser


@pytest.fixture
def case(database, fleet):
    return Case(database, fleet, datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def phone(app, fleet, case) -> Iterator[Page]:
    """The driver's phone, signed in."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.find_or_install(), args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True).new_page()
        page.set_default_timeout(20_000)
        page.goto(f"http://127.0.0.1:{server.port}/sign-in")
        page.fill("#email", fleet.email("driver"))
        page.fill("#password", fleet.password)
        page.click("main button[type=submit]")
        page.goto(f"http://127.0.0.1:{server.port}/driver/shift")
        yield page
        browser.close()
    server.shutdown()
    thread.join()


def test_a_handover_is_drafted_reloaded_and_signed(phone, case):
    phone.get_by_role("button", name="Take the vehicle over").click()
    picture = {"name": "IMG.png", "mimeType": "image/png", "buffer": PIXEL}
    for words in ("The front", "The left side", "The rear", "The right side", "The dashboard"):
        phone.get_by_label(re.compile(words)).set_input_files(picture)
        expect(phone.get_by_alt_text(re.compile(f"Photo of {words}", re.IGNORECASE))).to_be_visible()
    phone.get_by_label("Odometer", exact=True).fill("80123")
    phone.get_by_role("spinbutton", name="Fuel or charge").fill("50")
    phone.get_by_role("spinbutton", name="Fuel or charge").press("Tab")
    expect(phone.locator("#readings_said")).to_have_text("Kept.")
    phone.reload()
    expect(phone.get_by_label("Odometer", exact=True)).to_have_value("80123")
    vehicle = phone.locator("[data-vehicle-map]")
    box = vehicle.bounding_box()
    vehicle.click(position={"x": box["width"] * 0.42, "y": box["height"] * 0.14})
    phone.get_by_label("What it is").select_option("Dent")
    phone.get_by_label("How bad").select_option("minor")
    phone.get_by_role("button", name="Add to the map").click()
    expect(phone.get_by_role("list", name="New damage")).to_contain_text("Left front door")
    pad = phone.locator("[data-sign-pad]")
    pad.evaluate("pad => pad.scrollIntoView({block: 'center'})")
    box = pad.bounding_box()
    phone.mouse.move(box["x"] + 40, box["y"] + 60)
    phone.mouse.down()
    for n in range(1, 12):
        phone.mouse.move(box["x"] + 40 + 15 * n, box["y"] + 40 + 30 * (n % 2))
    phone.mouse.up()
    phone.get_by_role("button", name="Sign").click()
    expect(phone.get_by_role("img", name="Signature of Person 0")).to_be_visible()
    record = case.read(case.begin(HandoverKind.TAKING))
    assert [mark.place for mark in record.found] == ["Left front door"]
    assert record.signatures[0].strokes
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
