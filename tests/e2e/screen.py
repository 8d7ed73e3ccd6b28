"""A person's browser window: it notes everything a page does wrong, and every word of the live line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, WebSocket

from tests.e2e.product import Product

DESKTOP = (1280, 900)
PHONE = (360, 740)

# Not every violation is an error in the console of every browser.
_TELL_OF_VIOLATIONS = """addEventListener("securitypolicyviolation",
    event => console.error("broke the policy:", event.violatedDirective, event.blockedURI, event.sourceFile))"""


class Screen:
    """One window of one signed-in person."""

    def __init__(self, context: BrowserContext, base_url: str) -> None:
        self.context = context
        self.base_url = base_url
        self.page: Page = context.new_page()
        self.loses_connections = False
        self.problems: list[str] = []
        self.foreign: list[str] = []
        self.heard: list[dict[str, Any]] = []
        self.page.add_init_script(_TELL_OF_VIOLATIONS)
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"{self.page.url}: {error}"))
        self.page.on("request", self._note_request)
        self.page.on("response", self._note_answer)
        self.page.on("websocket", self._listen)

    def sign_in(self, user: dict[str, str]) -> None:
        """By the form, as a person does."""
        self.open("/sign-in")
        self.page.fill("#email", user["email"])
        self.page.fill("#password", user["password"])
        self.page.click("button[type=submit]")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def enter(self, user: dict[str, str]) -> None:
        """By the same form, without drawing the pages on the way."""
        form = self.context.request.get(f"{self.base_url}/sign-in").text()
        token = form.partition('name="csrf_token" value="')[2].partition('"')[0]
        posted = {"csrf_token": token, **user}
        answer = self.context.request.post(f"{self.base_url}/sign-in", form=posted, max_redirects=0)
        assert answer.status == 302, answer.text()

    def open(self, path: str) -> Response:
        """Go to a page of the product; returns what the server answered. What was heard before is forgotten."""
        self.heard.clear()
        answer = self.page.goto(f"{self.base_url}{path}")
        assert answer is not None
        return answer

    def open_board(self) -> None:
        """Open the board and wait until it hears the fleet live."""
        self.open("/operator/")
        self.wait_until_live()

    def wait_until_live(self, *, within_s: float = 20) -> None:
        self.page.wait_for_selector("[data-board=line][data-line=live]", timeout=within_s * 1000)

    def fixes(self) -> dict[int, int]:
        """When each vehicle of the board was where its row says, ms since 1970."""
        rows = "rows => rows.map(a => [Number(a.dataset.vehicleId), Number(a.dataset.fixAt)])"
        return dict(map(tuple, self.page.eval_on_selector_all("a[data-vehicle-id]", rows)))

    def vehicles(self) -> dict[int, dict[str, Any]]:
        """What the board knows of each vehicle."""
        return {v["vehicle_id"]: v for v in self.page.evaluate("[...erpBoard.vehicles.values()]")}

    def place(self) -> tuple[str, str]:
        """The epoch and offset the board has come to."""
        epoch, offset = self.page.evaluate("[erpBoard.epoch, erpBoard.offset]")
        return epoch, offset

    def changes(self) -> list[str]:
        """The lines of the list of changes, newest first."""
        self.page.click("[data-board=changes]")
        lines = self.page.locator("[data-board=changes-list] .change span").all_inner_texts()
        self.page.keyboard.press("Escape")
        return lines

    def _note_console(self, message: ConsoleMessage) -> None:
        is_lost = self.loses_connections and "net::ERR" in message.text
        if message.type == "error" and not is_lost:
            self.problems.append(f"{self.page.url}: {message.text}")

    def _note_request(self, request: Request) -> None:
        asked, own = urlsplit(request.url), urlsplit(self.base_url)
        if asked.scheme in {"http", "https", "ws", "wss"} and asked.netloc != own.netloc:
            self.foreign.append(request.url)

    def _note_answer(self, answer: Response) -> None:
        if answer.status >= 500:
            self.problems.append(f"{answer.status} {answer.url}")

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda payload: self._note_messages([json.loads(payload)]))

    def _note_messages(self, messages: Iterable[dict[str, Any]]) -> None:
        self.heard.extend(messages)


def open_screen(
    browser: Browser, product: Product, role: str | None, *, base_url: str = "", size: tuple[int, int] = DESKTOP
) -> Screen:
    """A new window: of a person of the demonstration, signed in; of a stranger without a role."""
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(30_000)
    screen = Screen(context, base_url or product.base_url)
    if role is not None:
        screen.enter(product.demo()["users"][role])
    return screen
