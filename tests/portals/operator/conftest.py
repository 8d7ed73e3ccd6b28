"""An operator's browser and a worker's hands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from core.db import Database
from core.identity import service as identity
from infra import browser as browsers
from portals.doors import ErpApp
from tests.conftest import PASSWORD, ROOT, Fleet
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
def staff(app: ErpApp, database: Database, fleet: Fleet, at: datetime) -> FlaskClient:
    """The browser of park staff, who have no part in orders."""
    with database.transaction() as session:
        identity.create_user(
            session,
            actor=ROOT,
            at=at,
            email="staff@example.test",
            name="Staff",
            password=PASSWORD,
            roles=["staff"],
            park_ids=[fleet.park_id],
        )
    browser = app.test_client()
    browser.post("/sign-in", data={"email": "staff@example.test", "password": PASSWORD})
    return browser


@pytest.fixture
def count_statements(database: Database) -> Callable[[Callable[[], object]], int]:
    """By how many statements a request reads."""
    seen: list[str] = []
    sa.event.listen(database.reader, "before_cursor_execute", lambda *given: seen.append(given[2]))

    def counted(ask: Callable[[], object]) -> int:
        seen.clear()
        ask()
        return len(seen)

    return counted


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
