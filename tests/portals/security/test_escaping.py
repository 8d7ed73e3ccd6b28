"""What people and devices write is shown as text, wherever it comes out again."""

import csv
import io
from html.parser import HTMLParser

import pytest
import sqlalchemy as sa
from playwright.sync_api import sync_playwright

from infra import browser as browsers
from tests.portals.security.planted import HOSTILE, MARK, plant
from tests.portals.security.walk import addresses, pages

PORTALS = {"admin": "/admin/", "operator": "/operator/", "driver": "/driver/", "investor": "/investor/"}


@pytest.fixture
def planted(database, fleet, at):
    """The fleet with hostile texts in it, and the id of its order."""
    plant(database, at)
    with database.reading() as reader:
        return str(reader.execute(sa.text("SELECT id FROM access_jobs")).scalar())


class Escaped(HTMLParser):
    """What of a hostile text became a part of the page instead of its words."""

    def __init__(self):
        super().__init__()
        self.broken, self.seen, self._in = [], 0, ""

    def handle_starttag(self, tag, attrs):
        self._in = tag
        for name, value in attrs:
            shown = value or ""
            self.seen += MARK in shown
            runs = name.startswith("on") or shown.strip().lower().startswith("javascript:") or MARK in name
            if runs or (tag == "img" and shown == "x"):
                self.broken.append(f"<{tag} {name}={shown[:40]}>")

    def handle_data(self, data):
        self.seen += MARK in data
        if self._in == "script" and f"<script>{MARK}" in data:
            self.broken.append("a script in a script")
        if "49<a" in data:
            self.broken.append("a template in a text")

    def handle_endtag(self, tag):
        self._in = ""


def look(html):
    page = Escaped()
    page.feed(html)
    page.close()
    return page


class TestAHostileText:
    @pytest.mark.parametrize("role", PORTALS)
    def test_is_only_text_on_every_page(self, app, sign_in, planted, role):
        browser, showing = sign_in(role), []
        more = [f"/admin/immobilizations/{planted}", "/operator/vehicles?q=pwned", "/admin/audit?kind=vehicle&id=1"]
        for path in [
            *pages(app),
            *more,
            f"/admin/telemetry/refusals?rule={HOSTILE}",
            f"/operator/vehicles?q={HOSTILE}",
        ]:
            if path.startswith(PORTALS[role]):
                answer = browser.get(path)
                assert answer.status_code < 500, path
                page = look(answer.text) if answer.mimetype == "text/html" else Escaped()
                assert page.broken == [], path
                showing += [path] if page.seen else []
        assert len(showing) >= {"admin": 8, "operator": 8, "driver": 1, "investor": 1}[role], showing

    def test_is_only_text_in_every_fragment(self, sign_in, planted):
        browser = sign_in("operator")
        for path, target in (
            ("/operator/vehicles", "rows"),
            ("/operator/events", "events"),
            ("/operator/geofences", "fences"),
            ("/operator/drivers", "drivers"),
        ):
            answer = browser.get(path, headers={"HX-Request": "true", "HX-Target": f"div#{target}"})
            page = look(answer.text)
            assert page.broken == []
            assert page.seen, path

    def test_is_data_and_never_a_page_for_programs(self, app, api, sign_in, planted):
        program, operator, told = api("vehicles:read", "telemetry:read", "events:read", "access:read"), None, 0
        operator = sign_in("operator")
        for endpoint, _, path in addresses(app):
            browser = program if endpoint.startswith("api_v1.") else operator
            if endpoint == "api_v1.show_docs":
                continue  # a page about the API, without a word of the fleet
            if endpoint.startswith("api_v1.") or path.endswith(".json"):
                answer = browser.get(path)
                assert answer.status_code < 500, path
                assert "html" not in answer.content_type, path
                assert answer.headers["X-Content-Type-Options"] == "nosniff", path
                told += MARK in answer.text
        assert told >= 3

    def test_is_no_formula_in_a_file_for_spreadsheets(self, sign_in, planted):
        lines = list(csv.reader(io.StringIO(sign_in("operator").get("/operator/events.csv").text)))
        assert any(cell.startswith("'=<script>") for line in lines for cell in line)
        assert not any(cell.startswith(("=", "@")) for line in lines for cell in line)

    def test_is_escaped_in_an_answer_that_repeats_what_was_asked(self, sign_in):
        browser = sign_in("admin")
        for answer in (
            browser.get(f"/sign-in?next={HOSTILE}"),
            browser.get(f"/{HOSTILE}"),
            browser.post("/admin/users", data={"email": HOSTILE, "name": HOSTILE, "time_zone": HOSTILE}),
            browser.post("/admin/clients", data={"name": HOSTILE}),
            browser.get(f"/admin/devices/claim?device_uid={HOSTILE}&source={HOSTILE}"),
        ):
            assert look(answer.text).broken == []


@pytest.mark.browser
class TestARealBrowser:
    PAGES = (
        "/operator/",
        "/operator/vehicles",
        "/operator/vehicles/1",
        "/operator/vehicles/1/track",
        "/operator/geofences",
        "/operator/geofences/1",
        "/operator/events",
    )

    def test_runs_nothing_of_it(self, serve, fleet, planted):
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browsers.find_or_install(), args=["--no-sandbox"])
            page, wrong = browser.new_page(), []
            page.add_init_script(
                f"window.{MARK} = () => console.error('it ran');"
                "addEventListener('securitypolicyviolation', e => console.error(e.violatedDirective, e.blockedURI));"
            )
            page.on("console", lambda said: wrong.append(f"{page.url}: {said.text}") if said.type == "error" else None)
            page.goto(f"{serve}/sign-in")
            page.fill("#email", fleet.email("operator"))
            page.fill("#password", fleet.password)
            page.click("main button[type=submit]")
            for path in self.PAGES:
                page.goto(f"{serve}{path}")
                page.locator("main").get_by_text(MARK).first.wait_for(state="attached", timeout=20_000)
                assert page.locator("img[src='x']").count() == 0, path
            page.goto("about:blank")
            browser.close()
        assert [line for line in wrong if "/live" not in line] == []
