"""Erasing a person, and what the driver's own page says of looks and of taking data along."""

from __future__ import annotations

import json

from core.drivers import service
from core.drivers.schemas import NewDriver
from tests.conftest import ROOT
from tests.portals.page import check_page


def another(database, fleet, at) -> int:
    with database.transaction() as session:
        new = NewDriver(name="Zebedee Quillfeather", phone="+14155550987", park_id=fleet.park_id)
        return service.register_driver(session, actor=ROOT, at=at, new=new)


class TestErasingAPerson:
    def test_says_what_goes_and_what_stays_and_wants_the_number_typed(self, sign_in, database, fleet, at):
        admin, driver_id = sign_in("admin"), another(database, fleet, at)
        page = admin.get(f"/admin/privacy/drivers/{driver_id}").text
        check_page(page)
        assert "What stays" in page
        address = f"/admin/privacy/drivers/{driver_id}"
        assert admin.post(address, data={"why": "asked", "driver_id": "0"}).status_code == 422
        assert "Quillfeather" in admin.get(address).text
        answer = admin.post(address, data={"why": "asked", "driver_id": str(driver_id)})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/privacy")
        page = admin.get(address).text
        assert ("Quillfeather" in page, f"Erased person {driver_id}" in page) == (False, True)

    def test_finds_the_person_by_the_number_of_the_record(self, sign_in, fleet):
        admin = sign_in("admin")
        check_page(admin.get("/admin/privacy").text)
        there = admin.get(f"/admin/privacy?driver_id={fleet.driver_id}")
        assert there.headers["Location"] == f"/admin/privacy/drivers/{fleet.driver_id}"
        nobody = admin.get("/admin/privacy?driver_id=999")
        assert (nobody.status_code, "no driver 999" in nobody.text) == (404, True)

    def test_is_not_for_operators(self, sign_in, database, fleet, at):
        driver_id = another(database, fleet, at)
        assert sign_in("operator").get(f"/admin/privacy/drivers/{driver_id}").status_code in {403, 404}

    def test_of_who_has_a_vehicle_says_what_to_do_first(self, sign_in, fleet):
        data = {"why": "asked", "driver_id": str(fleet.driver_id)}
        answer = sign_in("admin").post(f"/admin/privacy/drivers/{fleet.driver_id}", data=data)
        assert (answer.status_code, "End and cancel the assignments first" in answer.text) == (409, True)


class TestMyData:
    def test_tell_who_looked_and_come_along_as_a_file(self, sign_in, fleet, database, at):
        with database.transaction() as session:
            service.note_look(session, actor=ROOT, at=at, driver_id=fleet.driver_id, what="record")
        driver = sign_in("driver")
        page = driver.get("/driver/me").text
        check_page(page)
        assert "opened your record" in page
        answer = driver.get("/driver/me/export")
        known = json.loads(answer.text)
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert (known["driver"]["driver_id"], known["looks"][0]["what"]) == (fleet.driver_id, "record")
        assert (len(known["assignments"]), known["is_whole"]) == (1, True)
