"""Passkeys in a real browser with a virtual authenticator: added, signed in with, and shown before a dangerous act."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect, sync_playwright

from core.identity.models import LoginSession, Passkey
from infra import browser as browsers

pytestmark = pytest.mark.browser

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browsers.find_or_install(), args=["--no-sandbox"])
        yield opened
        opened.close()


class Person:
    """A window with a device that has passkeys and verifies who holds it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._devtools = page.context.new_cdp_session(page)
        self._devtools.send("WebAuthn.enable")
        added = self._devtools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        self._device = {"authenticatorId": added["authenticatorId"]}

    def verifies(self, verified: bool) -> None:
        """Whether the device recognizes the finger of who holds it."""
        self._devtools.send("WebAuthn.setUserVerified", {**self._device, "isUserVerified": verified})

    def sign_in(self, email: str, password: str) -> None:
        self.page.goto("/sign-in")
        self.page.fill("#email", email)
        self.page.fill("#password", password)
        self.page.click("main button[type=submit]")

    def sign_out(self) -> None:
        self.page.goto("/account/security")
        self.page.click("[popovertarget=account]")
        self.page.click("#account button:has-text('Sign out')")
        expect(self.page.get_by_role("heading", name="Sign in")).to_be_visible()

    def add_passkey(self, name: str) -> None:
        self.page.goto("/account/security")
        self.page.fill("#name", name)
        self.page.click("text=Add a passkey")


@pytest.fixture
def person(browser, served, fleet) -> Iterator[Person]:
    """An operator at the product's own address, with a passkey in their device."""
    window = browser.new_context(base_url=served.settings.base_url)
    page = window.new_page()
    page.set_default_timeout(10_000)
    mistakes: list[str] = []
    page.on("pageerror", lambda error: mistakes.append(str(error)))
    page.on("console", lambda said: mistakes.append(said.text) if "Content Security" in said.text else None)
    person = Person(page)
    person.sign_in(fleet.email("operator"), fleet.password)
    person.add_passkey("Blue key")
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    yield person
    window.close()
    assert mistakes == []


def methods(database) -> list[str]:
    with database.reading() as reader:
        return list(reader.scalars(sa.select(LoginSession.method).order_by(LoginSession.id)))


class TestAPasskey:
    def test_signs_in_alone_or_after_the_password_and_only_with_the_finger_of_its_owner(self, person, database, fleet):
        page = person.page
        person.sign_out()
        person.verifies(False)
        page.click("text=Sign in with a passkey")
        expect(page.locator("[data-passkey-problem]")).to_contain_text("No passkey was used")
        person.verifies(True)
        page.click("text=Sign in with a passkey")
        page.wait_for_url("**/operator/")
        person.sign_out()

        person.sign_in(fleet.email("operator"), fleet.password)
        expect(page.get_by_role("heading", name="One more step")).to_be_visible()
        page.goto("/operator/")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.goto("/sign-in/second-factor")
        page.click("text=Use a passkey")
        page.wait_for_url("**/operator/")
        assert methods(database) == ["pwd", "hwk user", "pwd hwk"]

    def test_confirms_an_order_on_a_whole_page_and_nothing_typed_is_lost(self, person, fleet, age_proof):
        page = person.page
        page.goto(f"/operator/vehicles/{fleet.vehicle_id}")
        age_proof()
        page.click("text=Immobilize…")
        expect(page.get_by_role("heading", name="Confirm it’s you")).to_be_visible()
        page.click("text=Use a passkey")
        expect(page.get_by_role("heading", name="Immobilize Car 1?")).to_be_visible()

        page.select_option("#reason", "theft")
        page.check("#break_glass")
        page.fill("#note", "Seen in the harbour\nat noon")
        age_proof()
        page.click("button:has-text('Immobilize Car 1')")
        expect(page.get_by_role("heading", name="Confirm it’s you")).to_be_visible()
        page.click("text=Use a passkey")
        expect(page.locator("#lock")).to_contain_text("No command has left.")
        expect(page.locator("main")).to_contain_text("Seen in the harbour")

    def test_can_be_one_of_several_named_renamed_and_removed(self, person, database):
        page = person.page
        person.add_passkey("Another")
        expect(page.locator("[data-passkey-problem]")).to_contain_text("This device has a passkey of yours already")
        page.click("text=Blue key")
        page.fill("#name", "Green key")
        page.click("text=Save the name")
        expect(page.locator(".factors")).to_contain_text("Green key")
        page.click("text=Green key")
        page.click("text=Remove this passkey…")
        page.click("button:has-text('Remove “Green key”')")
        expect(page.locator("#flash")).to_contain_text("“Green key” is removed")
        with database.reading() as reader:
            assert reader.scalar(sa.select(sa.func.count()).select_from(Passkey)) == 0

    def test_says_where_it_works_when_the_page_was_opened_elsewhere(self, browser, served):
        base_url = served.settings.base_url
        page = browser.new_page()
        page.goto(f"{base_url.replace('localhost', '127.0.0.1')}/sign-in?next=/operator/")
        expect(page.locator(".passkey-obstacle")).to_contain_text("Passkeys belong to http://localhost")
        page.click(".passkey-obstacle a")
        expect(page.locator("text=Sign in with a passkey")).to_be_visible()
        assert page.url == f"{base_url}/sign-in?next=/operator/"
        page.close()
