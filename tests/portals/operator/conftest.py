"""An operator's browser and a worker's hands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from core.db import Database
from infra import browser as browsers
from tests.portals.operator.worker import Worker

Open = Callable[..., Page]


@pytest.fixture
def operator(sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    """The browser of an operator who may immobilize."""
    return sign_in("operator")


@pytest.fixture
def dispatcher(sign_in: Callable[[str], FlaskClient]) -> FlaskClient:
    """The browser of an operator who may not."""
    return sign_in("dispatcher")


@pytest.fixture
def worker(database: Database) -> Worker:
    """A worker that takes one step when it is told."""
    return Worker(database)


@pytest.fixture
def address(app) -> Iterator[str]:
    """The application on a port of its own, forms guarded as in production."""
    app.config["WTF_CSRF_ENABLED"] = True
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser without a window."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browsers.find_or_install(), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser, address, fleet) -> Open:
    """Opens a page of the portal in a window of the operator."""

    def opened(path: str, **options: object) -> Page:
        page = browser.new_context(**options).new_page()
        page.set_default_timeout(10_000)
        page.goto(f"{address}/sign-in")
        page.fill("#email", fleet.email("operator"))
        page.fill("#password", fleet.password)
        page.click("main button[type=submit]")
        page.goto(f"{address}{path}")
        return page

    return opened
