"""A passkey in the running product, at the address that it tells people to open."""

from __future__ import annotations

import psycopg
import pytest
from playwright.sync_api import expect

from infra.postgres import Server, dsn_for

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(200)]

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def forgotten(product):
    """Whoever comes next signs in with the password alone, however the test ended."""
    yield
    with psycopg.connect(dsn_for(Server(product.home / "postgres", product.port + 3))) as connection:
        connection.execute("DELETE FROM identity_passkeys")
        connection.execute("DELETE FROM identity_recovery_codes")


@pytest.mark.usefixtures("forgotten")
class TestAPasskey:
    def test_is_added_signs_in_and_is_removed(self, screen, product):
        window = screen("investor", base_url=product.public_url)
        page = window.page
        devtools = window.context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})

        window.open("/account/security")
        page.fill("#name", "Blue key")
        page.click("text=Add a passkey")
        expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()

        window.context.clear_cookies()
        window.open("/sign-in")
        page.click("text=Sign in with a passkey")
        page.wait_for_url("**/investor/")

        window.open("/account/security")
        page.click(".factors a")
        page.click("text=Remove this passkey…")
        page.click("button:has-text('Remove “Blue key”')")
        expect(page.locator("#flash")).to_contain_text("is removed")
