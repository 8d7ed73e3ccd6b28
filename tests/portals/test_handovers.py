"""A handover from the driver's phone to the office's desk, without scripts."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime

import pytest

from core.drivers import service
from core.drivers.models import HandoverKind, PhotoView
from tests.core.drivers.test_handovers import LINE, PIXEL, SCRATCH, Case
from tests.portals.page import check_page


@pytest.fixture
def case(database, fleet):
    return Case(database, fleet, datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def driver(sign_in):
    return sign_in("driver")


@pytest.fixture
def office(sign_in):
    return sign_in("operator")


def photo(view):
    return {"view": view, "photo": (io.BytesIO(PIXEL), "IMG_1.png")}


def signature(page, **more):
    seen = re.search(r'name="content_hash" value="([0-9a-f]{64})"', page).group(1)
    return {"content_hash": seen, "strokes": json.dumps(LINE), **more}


class TestMyShift:
    def test_shows_what_is_mine_and_begins_the_handover(self, driver, case):
        page = driver.get("/driver/shift").text
        check_page(page)
        assert "WVWZZZ1JZXW000001" in page and "Take the vehicle over" in page
        answer = driver.post(f"/driver/shift/{case.assignment}/handover", data={"kind": "taking"})
        assert answer.location == "/driver/handover/1"
        assert "Go on: Take the vehicle over" in driver.get("/driver/shift").text

    def test_says_when_it_is_too_early(self, driver, case):
        later = case.plan.make(1, 0, 20, 24)
        driver.post(f"/driver/shift/{later}/handover", data={"kind": "taking"})
        assert "It is too early" in driver.get("/driver/shift").text

    def test_has_nothing_of_others(self, driver, case):
        other = case.plan.make(1, 1, -1, 4)
        assert driver.post(f"/driver/shift/{other}/handover", data={"kind": "taking"}).status_code == 404
        assert "WVWZZZ1JZXW000002" not in driver.get("/driver/shift").text


class TestAnInspection:
    def test_goes_from_the_first_photo_to_both_signatures(self, driver, office, case):
        driver.post(f"/driver/shift/{case.assignment}/handover", data={"kind": "taking"})
        here, there = "/driver/handover/1", "/operator/handovers/1"
        for view in PhotoView:
            assert driver.post(f"{here}/photos", data=photo(view.value)).status_code == 303
        answer = driver.post(f"{here}/readings", data={"odometer_km": "80123", "fuel_pct": "50", "note": "Clean"})
        assert answer.status_code == 303
        mark = {"place": "left_front_door", "kind": "dent", "severity": "moderate", "photo": photo("x")["photo"]}
        assert driver.post(f"{here}/damages", data=mark).status_code == 303
        page = driver.get(here).text
        check_page(page)
        assert "<b>Left front door</b>: dent" in page and 'value="80123"' in page
        assert driver.post(f"{here}/signature", data=signature(page)).status_code == 303
        assert "Your signature" in office.get("/operator/handovers").text
        page = office.get(there).text
        check_page(page)
        assert office.post(f"{there}/signature", data=signature(page, strokes="", declared="1")).status_code == 303
        page = driver.get(here).text
        check_page(page)
        assert "It is kept unchanged." in page and "M100 400" in page
        assert driver.post(f"{here}/readings", data={"odometer_km": "1"}).status_code == 409

    def test_says_what_is_wrong_where_it_is(self, driver, case):
        handover = case.begin()
        here = f"/driver/handover/{handover}"
        for step, data, words in (
            ("photos", {"view": "front"}, "Choose a photo."),
            ("photos", {"view": "front", "photo": (io.BytesIO(b"hello"), "a.jpg")}, "This is no photo"),
            ("readings", {"odometer_km": "many"}, "Whole kilometres"),
            ("readings", {"fuel_pct": "120"}, "From 0 to 100."),
            ("damages", {"kind": "dent", "severity": "minor"}, "Tap on the map, or choose the part."),
            ("damages", {"place": "roof", "severity": "minor"}, "Choose one of the list."),
            ("signature", {"strokes": "no", "content_hash": "0" * 64}, "Sign with your finger"),
        ):
            answer = driver.post(f"{here}/{step}", data=data)
            check_page(answer.text)
            assert (answer.status_code, words in answer.text) == (422, True), (step, data)

    def test_keeps_what_is_typed_while_it_is_typed(self, driver, case):
        handover = case.begin()
        headers = {"HX-Request": "true", "HX-Target": "p#readings_said"}
        url = f"/driver/handover/{handover}/readings"
        assert "Kept." in driver.post(url, data={"odometer_km": "80555"}, headers=headers).text
        assert 'value="80555"' in driver.get(f"/driver/handover/{handover}").text
        assert "Whole kilometres" in driver.post(url, data={"odometer_km": "x"}, headers=headers).text

    def test_shows_its_photos_to_nobody_else(self, driver, office, sign_in, case, fleet):
        handover = case.begin()
        file_id = case.do(service.add_photo, handover_id=handover, view=PhotoView.FRONT, name="a.png", content=PIXEL)
        address = f"handover/{handover}/files/{file_id}"
        answer = driver.get(f"/driver/{address}")
        assert (answer.status_code, answer.data) == (200, PIXEL)
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        other = case.plan.make(1, 1, -1, 4)
        theirs = case.do(service.begin_handover, actor=case.office, assignment_id=other, kind=HandoverKind.TAKING)
        assert driver.get(f"/driver/handover/{theirs}").status_code == 404
        assert driver.get(f"/driver/handover/{theirs}/files/{file_id}").status_code == 404


class TestTheOffice:
    def test_begins_one_opens_it_again_and_notes_what_was_mended(self, office, case):
        url = f"/operator/timetable/assignments/{case.assignment}"
        assert "Begin taking over here" in office.get(url).text
        answer = office.post(f"{url}/handover", data={"kind": "taking"})
        assert answer.location == "/operator/handovers/1"
        case.fill(1)
        case.sign(1)
        assert office.post("/operator/handovers/1/reopening").status_code == 303
        assert case.read(1).line.signed_by == ()
        case.do(service.mark_damage, handover_id=1, damage=SCRATCH)
        case.sign(1)
        case.sign(1, actor=case.office)
        assert office.post("/operator/handovers/1/damages/1/mending").status_code == 303
        check_page(office.get("/operator/handovers").text)
