"""The browsable page of the API, in a real browser: it breaks no policy, and what it offers to try works."""

from __future__ import annotations

import pytest

from tests.e2e.screen import DESKTOP, PHONE

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(200)]

PARKS = "#operations-vehicles-list_parks"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class TestThePageOfTheApi:
    def test_gets_a_token_for_a_client_and_shows_what_the_api_answers(self, screen, product) -> None:
        window = screen(None, size=DESKTOP)
        window.open("/api/v1/docs")
        page, client = window.page, product.demo()["oauth_client"]
        page.click(".auth-wrapper button.authorize")
        page.fill("#client_id_clientCredentials", client["client_id"])
        page.fill("#client_secret_clientCredentials", client["client_secret"])
        page.locator("label[for^='vehicles:read-clientCredentials']").click()
        page.locator(".auth-container", has=page.locator("#client_id_clientCredentials")).locator(
            "button.authorize"
        ).click()
        page.locator(".auth-container button:has-text('Logout')").first.wait_for()
        page.click("button.close-modal")
        page.click(f"{PARKS} .opblock-summary-control")
        page.click(f"{PARKS} .try-out__btn")
        page.click(f"{PARKS} .execute")
        answer = page.locator(f"{PARKS} .live-responses-table")
        answer.wait_for()
        assert answer.locator(".response .response-col_status").inner_text().startswith("200")
        assert "time_zone" in answer.inner_text()

    def test_fits_a_phone(self, screen) -> None:
        window = screen(None, size=PHONE)
        window.open("/api/v1/docs")
        window.page.wait_for_selector(".opblock")
        assert window.page.evaluate(OVERFLOW) <= 0
