"""The event log of the office, and the events of a driver, in their pages."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from core.db import Database
from core.events import service
from core.events.schemas import DisputeGround, IncidentSeverity
from tests.conftest import ROOT, Fleet
from tests.core.events.log_world import PNG, World

Browser = Callable[[str], FlaskClient]


@pytest.fixture
def world(database: Database, fleet: Fleet, at: datetime) -> World:
    return World(database, fleet, at)


def typed(at: datetime, **more: str) -> dict[str, str]:
    local = (at - timedelta(hours=2)).astimezone(ZoneInfo("UTC"))
    return {"vehicle_id": "1", "happened_at": f"{local:%Y-%m-%dT%H:%M}", **more}


class TestTheForm:
    def test_records_a_fine_and_shows_whose_it_is(self, sign_in: Browser, world: World) -> None:
        browser = sign_in("dispatcher")
        assert browser.get("/operator/records/new?kind=fine").status_code == 200
        fields = typed(
            world.at,
            kind="fine",
            issuer="City of Oakland",
            number="OAK-1",
            offence="speeding",
            amount="238.00",
            currency="usd",
            words="Flashed on the bridge",
        )
        answer = browser.post("/operator/records/new", data=fields, follow_redirects=True)
        assert answer.status_code == 200
        for said in ("Speeding, City of Oakland OAK-1", "238.00", "Ana Lopez", "Flashed on the bridge"):
            assert said in answer.text
        again = browser.post("/operator/records/new", data=fields, follow_redirects=True)
        assert "Nothing was recorded twice" in again.text

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"kind": "fine", "amount": "much"}, "Enter an amount"),
            ({"kind": "incident", "what": "theft", "severity": "minor"}, "A theft is at least serious"),
            ({"kind": "incident", "what": "theft", "severity": "severe", "happened_at": "soon"}, "Enter a date"),
            ({"kind": "violation", "rule": "smoking", "vehicle_id": ""}, "Name the vehicle or the driver"),
        ],
    )
    def test_says_beside_the_field_what_is_wrong(
        self, sign_in: Browser, world: World, fields: dict[str, str], said: str
    ) -> None:
        answer = sign_in("dispatcher").post("/operator/records/new", data=typed(world.at) | fields)
        assert answer.status_code == 422
        assert said in answer.text

    def test_corrects_with_what_was_told_already_typed(self, sign_in: Browser, world: World) -> None:
        event_id = world.record(world.fine())
        browser = sign_in("dispatcher")
        page = browser.get(f"/operator/records/{event_id}/correct").text
        assert 'value="120.00"' in page
        fields = typed(
            world.at, issuer="City of Oakland", number="AB-1", offence="parking", amount="99", currency="USD"
        )
        missing = browser.post(f"/operator/records/{event_id}/correct", data=fields | {"kind": "fine"})
        assert (missing.status_code, "Choose why" in missing.text) == (422, True)
        done = browser.post(
            f"/operator/records/{event_id}/correct",
            data=fields | {"kind": "fine", "reason": "typing_error"},
            follow_redirects=True,
        )
        for said in ("Parking, City of Oakland AB-1", "Typing error", "120.00"):
            assert said in done.text


class TestTheList:
    def test_has_filters_and_leads_to_what_nobody_was_found_for(self, sign_in: Browser, world: World) -> None:
        world.record(world.fine())
        world.record(world.incident(hours_ago=48, severity=IncidentSeverity.SEVERE))
        browser = sign_in("dispatcher")
        page = browser.get("/operator/records").text
        assert "1 event waits" in page
        assert "Collision, severe" in page
        waiting = browser.get("/operator/records?state=unmatched").text
        assert "Collision, severe" in waiting
        assert "AB-1" not in waiting
        assert "AB-1" in browser.get(f"/operator/records?kind=fine&driver={world.ana}").text
        assert browser.get("/operator/records?from=never").status_code == 422
        assert "Nothing matches" in browser.get("/operator/records?to=2020-01-01").text

    def test_comes_in_pages(self, sign_in: Browser, world: World) -> None:
        for number in range(101):
            world.record(world.fine(f"N{number}"))
        browser = sign_in("dispatcher")
        page = browser.get("/operator/records").text
        address = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
        assert "1 on this page" in browser.get(address).text


class TestAnEvent:
    def test_is_given_to_somebody_withdrawn_and_then_left_alone(self, sign_in: Browser, world: World) -> None:
        place = f"/operator/records/{world.record(world.fine(hours_ago=48))}"
        browser = sign_in("dispatcher")
        assert "Nobody had the vehicle then" in browser.get(place).text
        given = browser.post(f"{place}/driver", data={"driver_id": str(world.ben)}, follow_redirects=True)
        assert "Ben Stone" in given.text
        gone = browser.post(f"{place}/withdrawal", data={"reason": "duplicate"}, follow_redirects=True)
        assert "Withdrawn. It stays in the log" in gone.text
        assert browser.post(f"{place}/withdrawal", data={"reason": "duplicate"}).status_code == 409

    def test_of_a_stranger_s_park_is_not_there(self, sign_in: Browser, world: World) -> None:
        other = world.record(world.fine(vehicle_id=world.fleet.other_vehicle_id), actor=ROOT)
        assert sign_in("dispatcher").get(f"/operator/records/{other}").status_code == 404


class TestAnIncident:
    def test_is_worked_through_on_its_page(self, sign_in: Browser, world: World) -> None:
        place = f"/operator/records/{world.record(world.incident())}"
        browser = sign_in("dispatcher")
        page = browser.get(place).text
        for task in ("Add photos of the damage", "Say who answers for it", "Begin the review"):
            assert task in page
        browser.post(f"{place}/incident/state", data={"to": "under_review"})
        early = browser.post(f"{place}/incident/state", data={"to": "decided"})
        assert (early.status_code, "Before it is decided" in early.text) == (409, True)
        photo = {"photos": (io.BytesIO(PNG), "dent.png")}
        page = browser.post(
            f"{place}/incident/photos", data=photo, content_type="multipart/form-data", follow_redirects=True
        ).text
        source = page.partition('<img src="')[2].partition('"')[0]
        shown = browser.get(source)
        assert (shown.data, shown.headers["X-Content-Type-Options"]) == (PNG, "nosniff")
        for what, fields in (
            ("costs", {"cost": "repair", "cost_amount": "1,900.50", "cost_currency": "usd"}),
            ("shares", {"share_driver": [str(world.ana), ""], "share_pct": ["60", ""]}),
            ("parties", {"name": "Zoe Quimby", "plate": "9XYZ"}),
            ("references", {"police_number": "PD-7", "claim_number": "C-1"}),
            ("state", {"to": "decided"}),
            ("state", {"to": "closed"}),
        ):
            answer = browser.post(f"{place}/incident/{what}", data=fields, follow_redirects=True)
            assert answer.status_code == 200, answer.text
        for said in ("1,900.50", "60 %", "Zoe Quimby", "PD-7", "Closed"):
            assert said in answer.text
        wrong = browser.post(f"{place}/incident/shares", data={"share_driver": ["1"], "share_pct": ["many"]})
        assert wrong.status_code == 422


class TestADispute:
    def test_goes_from_the_driver_s_phone_to_a_decision_they_read(self, sign_in: Browser, world: World) -> None:
        event_id = world.record(world.fine())
        driver, clerk, chief = sign_in("driver"), sign_in("operator"), sign_in("dispatcher")
        assert "Speeding, City of Oakland AB-1" in driver.get("/driver/events").text
        assert driver.get("/driver/events?all=1").status_code == 200
        mine = f"/driver/events/{event_id}"
        assert driver.post(f"{mine}/dispute", data={"ground": "not_me", "words": ""}).status_code == 422
        said = {"ground": "not_me", "words": "I was at home", "files": (io.BytesIO(PNG), "home.png")}
        page = driver.post(f"{mine}/dispute", data=said, content_type="multipart/form-data", follow_redirects=True).text
        assert "Nothing is deducted until it is decided" in page
        file_url = page.partition(f'href="{mine}/files/')[2].partition('"')[0]
        assert driver.get(f"{mine}/files/{file_url}").data == PNG
        dispute_id = world.get(event_id).disputes[0].id
        place = f"/operator/records/{event_id}/disputes/{dispute_id}"
        verdict = {"effect": "charge_reduced", "amount": "50.00", "reasons": "Half of it was yours"}
        assert clerk.post(f"{place}/decision", data=verdict).status_code == 403
        assert "being looked into" in chief.post(f"{place}/review", follow_redirects=True).text
        too_much = chief.post(f"{place}/decision", data=verdict | {"amount": "500"})
        assert (too_much.status_code, "less than before" in too_much.text) == (422, True)
        assert "50.00" in chief.post(f"{place}/decision", data=verdict, follow_redirects=True).text
        assert "Half of it was yours" in driver.get(mine).text

    def test_can_be_taken_back_and_is_nobody_else_s(self, sign_in: Browser, world: World) -> None:
        event_id, of_nobody = world.record(world.fine()), world.record(world.fine("X-9", hours_ago=48))
        dispute_id = world.do(
            service.dispute_event, event_id=event_id, ground=DisputeGround.OTHER, words="The driver called"
        )
        driver = sign_in("driver")
        assert driver.get(f"/driver/events/{of_nobody}").status_code == 404
        assert driver.post(f"/driver/events/{of_nobody}/disputes/{dispute_id}/take-back").status_code == 404
        back = driver.post(f"/driver/events/{event_id}/disputes/{dispute_id}/take-back", follow_redirects=True)
        assert "You dispute it no more" in back.text


class TestAFileOfFines:
    CSV = (
        "Notice number;Authority;Plate;Date;Time;Amount\n"
        "OAK-1;City of Oakland;7ABC-123;20.11.2026;16:05;238,00\n"
        "OAK-2;City of Oakland;7ABC-123;20.11.2026;;1.238,00\n"
        "OAK-3;City of Oakland;NOBODY;20.11.2026;25:00;a lot\n"
    )

    def send(self, browser: FlaskClient, step: str, seen: str = "") -> str:
        data = {"file": (io.BytesIO(self.CSV.encode()), "fines.csv"), "step": step, "seen": seen}
        return browser.post("/operator/records/import", data=data, content_type="multipart/form-data").text

    def test_is_looked_at_taken_in_and_then_changes_nothing(self, sign_in: Browser, world: World) -> None:
        browser = sign_in("dispatcher")
        assert browser.get("/operator/records/import").status_code == 200
        looked = self.send(browser, "look")
        for said in ("No vehicle of your parks has this plate", "Write a time such as 14:05", "Write an amount"):
            assert said in looked
        seen = looked.partition('name="seen" value="')[2].partition('"')[0]
        assert "2 fines added" in self.send(browser, "import", seen)
        assert "Nothing was changed" in self.send(browser, "import", seen)
        assert sorted(line.event.amount_minor for line in world.log() if line.event) == [23_800, 123_800]
