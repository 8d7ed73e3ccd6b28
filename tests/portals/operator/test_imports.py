"""The pages on which fleets are imported."""

from __future__ import annotations

import io
from datetime import datetime

from flask.testing import FlaskClient

from core.db import Database
from core.vehicles import service as vehicles
from core.vehicles.models import VehicleStatus
from portals.imports import KINDS
from tests.conftest import ROOT
from tests.portals.imports.fleets import make_vin
from tests.portals.page import check_fragment, check_page

GOOD = f"VIN;Model;Colour\n{make_vin(1)};Vue;red\n{make_vin(2)};;\n"
HTMX = {"HX-Request": "true", "HX-Target": "section#report"}


def send(
    browser: FlaskClient,
    text: str | bytes | None,
    *,
    path: str = "/operator/vehicles/import",
    headers: dict[str, str] | None = None,
    **form: str,
):
    content = text.encode() if isinstance(text, str) else text
    files = {} if content is None else {"file": (io.BytesIO(content), "fleet.csv")}
    return browser.post(path, data=form | files, content_type="multipart/form-data", headers=headers)


class TestTheImportOfVehicles:
    def test_begins_with_a_file(self, operator: FlaskClient) -> None:
        answer = operator.get("/operator/vehicles/import")
        check_page(answer.text)
        assert "Columns that are understood" in answer.text

    def test_has_a_sample_that_it_takes(self, operator: FlaskClient) -> None:
        sample = operator.get("/operator/vehicles/import?sample=1")
        assert sample.headers["Content-Disposition"] == "attachment; filename=vehicles.csv"
        answer = send(operator, sample.data)
        assert "1 line in UTF-8, separated by commas. Every column is read." in answer.text
        assert "there is nothing to do" in answer.text, "the sample is the vehicle that is there"

    def test_shows_first_what_it_would_do(self, operator: FlaskClient) -> None:
        answer = send(operator, GOOD)
        check_page(answer.text)
        assert "Add 1 vehicle" in answer.text
        assert "Not read, because nobody here knows them: Colour." in answer.text
        assert "a new vehicle needs one" in answer.text
        assert make_vin(1) not in operator.get("/operator/vehicles?q=FTBW").text

    def test_shows_the_lines_that_are_asked_for(self, operator: FlaskClient) -> None:
        answer = send(operator, GOOD, headers=HTMX, show="new")
        check_fragment(answer.text)
        assert make_vin(1) in answer.text and make_vin(2) not in answer.text
        assert "No line is changed." in send(operator, GOOD, headers=HTMX, show="changed").text

    def test_shows_so_many_at_once_and_the_others_on_further_pages(self, operator: FlaskClient) -> None:
        text = "VIN,Model\n" + "".join(f"{make_vin(n)},Vue\n" for n in range(1, 402))
        first = send(operator, text, headers=HTMX)
        assert "1 to 200 of 401" in first.text and 'name="start" value="200"' in first.text
        last = send(operator, text, headers=HTMX, start="400")
        assert "401 to 401 of 401" in last.text and 'name="start" value="200"' in last.text

    def test_does_it_when_told_to_and_says_what_became_of_it(self, operator: FlaskClient) -> None:
        seen = send(operator, GOOD).text.partition('name="seen" value="')[2][:64]
        answer = send(operator, GOOD, headers=HTMX, step="import", seen=seen)
        check_fragment(answer.text)
        assert "1 vehicle added. 1 line left out: mend them" in answer.text
        assert make_vin(1) in operator.get("/operator/vehicles?q=FTBW").text

    def test_does_nothing_with_a_file_that_was_not_looked_at(self, operator: FlaskClient) -> None:
        for seen in ("", "0" * 64):
            answer = send(operator, GOOD, step="import", seen=seen)
            assert "This is another file than the one you looked at." in answer.text
        assert make_vin(1) not in operator.get("/operator/vehicles?q=FTBW").text

    def test_takes_what_the_list_of_vehicles_was_saved_as_for_unchanged(
        self, operator: FlaskClient, database: Database, at: datetime
    ) -> None:
        with database.transaction() as session:
            vehicles.change_status(
                session, actor=ROOT, at=at, vehicle_id=1, status=VehicleStatus.IN_REPAIR, reason="Brakes"
            )
        saved = operator.post("/operator/vehicles/export", data={"all": "1"}).data
        assert b"in_repair" in saved
        answer = send(operator, saved)
        assert "Everything in this file is there already" in answer.text
        assert "Not read, because nobody here knows them: vehicle_id, " in answer.text

    def test_hands_the_bad_lines_back(self, operator: FlaskClient) -> None:
        answer = send(operator, GOOD, step="bad")
        assert answer.headers["Content-Disposition"] == "attachment; filename=vehicles-to-mend.csv"
        assert answer.headers["Cache-Control"] == "no-store"
        lines = answer.data.decode("utf-8-sig").splitlines()
        assert lines[0] == "Line before;What to mend;VIN;Model;Colour"
        assert lines[1] == f"3;Model: Enter the model: a new vehicle needs one.;{make_vin(2)};;"

    def test_says_why_a_file_cannot_be_read(self, operator: FlaskClient) -> None:
        told = {
            None: "Choose the file",
            b"PK\x03\x04": "Excel workbook",
            b"Plate,Model\nA,B\n": "“VIN”: the column is missing",
            b"VIN\n" + b"1\n" * 20_001: "more than 20,000 lines",
            b"V" * (10 * 1024 * 1024 + 1): "larger than 10 MB",
        }
        for content, words in told.items():
            answer = send(operator, content)
            assert answer.status_code == 422
            assert words in answer.text
            check_page(answer.text)

    def test_shows_what_stands_in_a_file_and_nothing_of_it_as_a_page(self, operator: FlaskClient) -> None:
        answer = send(operator, "VIN,<b>x</b>,Name,Model\n<script>1</script>,,<i>N</i>,M\n")
        assert "<script>1" not in answer.text and "<b>x</b>" not in answer.text and "<i>N" not in answer.text

    def test_names_its_columns_so_that_none_is_two(self) -> None:
        for kind in KINDS.values():
            names = [name for column in kind.columns for name in column.names]
            assert sorted(names) == sorted(set(names))


class TestTheImportOfDrivers:
    FILE = "Name;Phone;Shoes\nBea Ruiz;+14155550111;41\nCy Ng;415 555 0112;42\n"

    def test_begins_with_a_file_and_a_sample_that_it_takes(self, operator: FlaskClient) -> None:
        answer = operator.get("/operator/drivers/import")
        check_page(answer.text)
        assert "one driver a line" in answer.text
        seen = send(operator, operator.get("/operator/drivers/import?sample=1").data, path="/operator/drivers/import")
        assert "Change 1 driver" in seen.text, "the sample says more of the driver who is there"

    def test_looks_takes_in_and_hands_back(self, operator: FlaskClient) -> None:
        path = "/operator/drivers/import"
        seen = send(operator, self.FILE, path=path)
        check_page(seen.text)
        assert "Add 1 driver" in seen.text and "Write it with + and the country code" in seen.text
        digest = seen.text.partition('name="seen" value="')[2][:64]
        done = send(operator, self.FILE, path=path, headers=HTMX, step="import", seen=digest)
        assert "1 driver added. 1 line left out" in done.text
        assert "Bea Ruiz" in operator.get("/operator/drivers").text
        bad = send(operator, self.FILE, path=path, step="bad").data.decode("utf-8-sig").splitlines()
        assert bad[1].endswith("Cy Ng;415 555 0112;42")

    def test_is_refused_to_who_may_not_add_drivers(self, sign_in) -> None:
        assert sign_in("driver").get("/operator/drivers/import").status_code in {302, 403, 404}
