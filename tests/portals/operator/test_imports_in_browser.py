"""The import of a fleet, as somebody at a desk does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.portals.imports.fleets import make_vin

pytestmark = pytest.mark.browser
FLEET = f"VIN;Model;Year\n{make_vin(1)};Vue;2021\n{make_vin(2)};Vue;21\n"


class TestAFileInABrowser:
    def test_is_looked_at_when_it_is_chosen_and_imported_by_the_keyboard(self, open_page, tmp_path) -> None:
        file = tmp_path / "fleet.csv"
        file.write_text(FLEET)
        page = open_page("/operator/vehicles/import", viewport={"width": 360, "height": 800})
        page.set_input_files("#file", file)
        page.get_by_text("A year from 1950 to 2100").wait_for()
        assert page.get_by_role("radio", name="bad 1").is_checked()
        page.get_by_role("radio", name="bad 1").focus()
        page.keyboard.press("ArrowLeft")
        page.get_by_text("No line is unchanged.").wait_for()
        page.get_by_role("button", name="Add 1 vehicle").focus()
        page.keyboard.press("Enter")
        page.get_by_text("1 vehicle added. 1 line left out").wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name="Bad lines to mend").press("Enter")
        assert f"{make_vin(2)};Vue;21" in Path(download.value.path()).read_text()
        assert page.evaluate("document.documentElement.scrollWidth") == 360, "nothing stands beside a phone"
        page.get_by_role("link", name="Show all vehicles").click()
        page.get_by_role("link", name=make_vin(1)).wait_for()
