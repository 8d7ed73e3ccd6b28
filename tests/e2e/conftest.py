"""One running product for all of these tests, one browser, and windows of its people."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from infra import browser as browsers
from tests.e2e.api import Api
from tests.e2e.line import Line
from tests.e2e.product import Product
from tests.e2e.screen import Screen, open_screen
from tests.e2e.tracker import Tracker
from tests.e2e.world import World
from tests.infra.free_ports import free_ports


# Of the package, not of the session: while Playwright runs, no other test of this process may start an event loop.
@pytest.fixture(scope="package")
def product() -> Iterator[Product]:
    """`erp run` with a small fleet, ready. A test that stops it starts it again."""
    product = Product(free_ports(7))
    try:
        product.start()
        yield product
    finally:
        product.end()


@pytest.fixture(scope="package", autouse=True)
def half_a_login(product: Product) -> Iterator[tuple[Tracker, float]]:
    """A device that begins to log in and falls silent, and since when: made early, for nothing happens for
    half a minute.
    """
    tracker = Tracker(product.device_port)
    tracker.say("#L#860000")
    yield tracker, time.monotonic()
    tracker.close()


@pytest.fixture(scope="package")
def browser(product: Product) -> Iterator[Browser]:
    """A real browser without a window."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=browsers.find_or_install(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield opened
        opened.close()


Open = Callable[..., Screen]


@pytest.fixture
def screen(browser: Browser, product: Product) -> Iterator[Open]:
    """Opens a window signed in as a person of the demonstration: `screen("operator")`. Whatever a test is about, no
    page may make a mistake in it.
    """
    opened: list[Screen] = []

    def open_one(role: str | None, **options: object) -> Screen:
        opened.append(open_screen(browser, product, role, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for one in opened:
        one.context.close()
    for one in opened:
        assert one.problems == [], "a page made a mistake, or broke its policy"
        assert one.foreign == [], "a page asked somebody else than the product"


@pytest.fixture
def line(product: Product) -> Iterator[Line]:
    """A line to the product that can be cut."""
    line = Line(product.port)
    yield line
    line.close()


@pytest.fixture
def api(product: Product) -> Api:
    """The API with a good token."""
    return Api(product)


@pytest.fixture
def world(product: Product) -> World:
    """The truth about the simulated vehicles."""
    return World(product)
