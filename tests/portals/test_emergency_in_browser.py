"""Emergency start on a phone, in a real browser: codes made, one typed, and the page says when to start."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

from core.access.models import ImmobilizationJob as Job
from core.access.models import JobState, Reason
from infra import browser as browsers
from tests.core.access.fair import Debtor

pytestmark = pytest.mark.browser

PATIENCE_MS = 60_000


@pytest.fixture
def phone(app, fleet) -> Iterator[Page]:
    """A driver's phone, signed in."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.find_or_install(), args=["--no-sandbox"])
        context = browser.new_context(
            base_url=f"http://127.0.0.1:{server.port}", viewport={"width": 360, "height": 740}, has_touch=True
        )
        opened = context.new_page()
        opened.set_default_timeout(PATIENCE_MS)
        opened.goto("/sign-in")
        opened.fill("#email", fleet.email("driver"))
        opened.fill("#password", fleet.password)
        opened.click("main button[type=submit]")
        yield opened
        browser.close()
    server.shutdown()
    thread.join()


class TestAStart:
    def test_by_a_code_that_was_just_made_is_told_as_it_goes(self, phone, database, fleet, at):
        lock_id = Debtor(database, fleet, at).lock(Reason.MAINTENANCE)
        with database.transaction() as session:
            lock = session.get_one(Job, lock_id)
            lock.state, lock.finished_at = JobState.CONFIRMED, at
        phone.goto("/driver/codes")
        phone.get_by_role("button", name="Make codes").tap()
        code = phone.locator(".codes code").first.inner_text()
        phone.context.clear_cookies()  # they have lost their session, or their phone
        phone.goto("/emergency?plate=7ABC123")
        phone.keyboard.type(code.upper().replace("-", " "))
        phone.keyboard.press("Enter")
        expect(phone.locator("#progress")).to_contain_text("is being released")
        wide = phone.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360
        with database.transaction() as session:
            session.connection().exec_driver_sql(
                "UPDATE access_jobs SET state = 'confirmed', finished_at = ordered_at WHERE kind = 'release'"
            )
        expect(phone.locator("#progress")).to_contain_text("Start the engine now", timeout=PATIENCE_MS)
