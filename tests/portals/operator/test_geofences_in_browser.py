"""Drawing a geofence in a real browser: clicks fill the fields, and the fields are what is saved."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

from infra import browser as browsers

pytestmark = pytest.mark.browser

PATIENCE_MS = 60_000


@pytest.fixture
def page(app, fleet) -> Iterator[Page]:
    """The form for a new geofence, in a window of the operator."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.find_or_install(), args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 900, "height": 700})
        opened.set_default_timeout(PATIENCE_MS)
        opened.goto(f"http://127.0.0.1:{server.port}/sign-in")
        opened.fill("#email", fleet.email("operator"))
        opened.fill("#password", fleet.password)
        opened.click("main button[type=submit]")
        opened.goto(f"http://127.0.0.1:{server.port}/operator/geofences/new")
        yield opened
        browser.close()
    server.shutdown()
    thread.join()


class TestDrawing:
    def test_three_clicks_make_a_polygon_that_is_saved_as_its_corners(self, page):
        page.fill("#name", "Triangle")
        page.get_by_label("Polygon").check(force=True)
        corners = page.locator("#corners")
        expect(page.locator("[data-fence-tools]")).to_be_visible(timeout=PATIENCE_MS)
        for n, place in enumerate([(100, 80), (300, 80), (200, 200), (240, 240)], start=1):
            page.locator(".fence-map .map").click(position={"x": place[0], "y": place[1]})
            assert len(corners.input_value().splitlines()) == n
        page.get_by_role("button", name="Take back the last corner").click()
        assert len(corners.input_value().splitlines()) == 3
        page.get_by_role("button", name="Add geofence").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Triangle", timeout=PATIENCE_MS)
