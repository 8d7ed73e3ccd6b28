"""Bringing a vehicle in, step by step: data, papers, photos, tracker; each a page that is there afterwards too."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest

from core.vehicles import queries, service
from core.vehicles.schemas import NewField, NewVehicle
from tests.conftest import ROOT
from tests.portals.page import check_fragment, check_page
from tests.portals.reports import report

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture
def new(database, fleet, at):
    """The address of a vehicle that was just registered, with next to nothing known of it."""
    with database.transaction() as session:
        new = NewVehicle(vin="WVWZZZ1JZ3W000001", model="Golf", park_id=fleet.park_id)
        vehicle_id = service.register_vehicle(session, actor=ROOT, at=at, new=new)
    return f"/operator/vehicles/{vehicle_id}"


@pytest.fixture
def record(database, new):
    def read():
        with database.reading() as reader:
            return queries.get_vehicle(reader, viewer=ROOT, vehicle_id=int(new.rpartition("/")[2]))

    return read


def pages(*names, field="file"):
    return {field: [(io.BytesIO(PNG), name) for name in names]}


def done(page):
    """Which steps a page says are done."""
    nav = page.partition('aria-label="Steps of the onboarding"')[2].partition("</nav>")[0]
    return re.findall(r"<span>(\w+)</span><span[^>]*>, done", nav)


class TestSteps:
    def test_are_above_each_page_until_the_vehicle_is_through(self, operator, new):
        for page in ("data", "documents", "photos", "tracker", "onboarding"):
            answer = operator.get(f"{new}/{page}")
            assert answer.status_code == 200
            check_page(answer.text)
            assert 'aria-label="Steps of the onboarding"' in answer.text
        operator.post(f"{new}/status", data={"status": "available", "status_reason": "Ready"})
        for page in ("data", "documents", "photos", "tracker", "onboarding"):
            text = operator.get(f"{new}/{page}").text
            check_page(text)
            assert 'aria-label="Steps of the onboarding"' not in text

    def test_lead_through_to_a_vehicle_that_is_available(self, operator, staff, new, record, database, at):
        assert "0 of 4 steps are done" in operator.get(new).text
        version = re.search(r'name="version" value="(\d+)"', operator.get(f"{new}/data").text).group(1)
        data = {
            "version": version,
            "plate": "8abc123",
            "name": "Night 7",
            "model": "Golf",
            "powertrain": "electric",
            "vehicle_class": "car",
        }
        assert operator.post(f"{new}/data", data=data).status_code == 303
        # Somebody else goes on, with a phone in the yard.
        for kind in ("registration", "insurance"):
            form = {"kind": kind, "valid_until": f"{at + timedelta(days=10):%Y-%m-%d}", **pages("a.png", "b.png")}
            assert staff.post(f"{new}/documents", data=form).status_code == 303
        assert staff.post(f"{new}/photos", data=pages("1.png", "2.png", field="photo")).status_code == 303
        told = staff.post(f"{new}/tracker", data={"tracker.device_uid": "8600777", "with_key": "1"})
        key = re.search(r"<code>([a-z0-9]{14})</code>", told.text).group(1)
        assert told.headers["Cache-Control"] == "no-store"
        assert key not in staff.get(f"{new}/tracker").text
        page = staff.get(f"{new}/onboarding").text
        assert done(page) == ["Data", "Documents", "Photos"]
        assert "has not been heard yet" in page

        report(database, record().id, at=at, speed_kmh=0.0)

        assert "Everything is there" in operator.get(f"{new}/onboarding").text
        assert operator.post(f"{new}/onboarding").status_code == 303
        assert (record().status, record().plate, record().name) == ("available", "8ABC123", "Night 7")
        card = operator.get(new).text
        check_page(card)
        assert "Expires soon" in card and "2 photos" in card

    def test_that_are_open_are_named_and_can_be_passed_for_a_reason(self, operator, new, record):
        refused = operator.post(f"{new}/onboarding")
        assert refused.status_code == 409
        check_page(refused.text)
        assert "No photo shows the vehicle" in refused.text
        assert operator.post(f"{new}/onboarding", data={"anyway": "x"}).status_code == 422
        assert operator.post(f"{new}/onboarding", data={"anyway": "Needed tonight"}).status_code == 303
        assert record().status == "available"

    def test_are_finished_by_who_may_change_the_status(self, staff, new):
        assert "Tell a colleague" in staff.get(f"{new}/onboarding").text
        assert staff.post(f"{new}/onboarding").status_code == 403


class TestData:
    def test_is_not_written_over_what_another_has_changed(self, operator, new, record):
        form = {"version": "1", "name": "First", "model": "Golf", "vehicle_class": "car"}
        operator.post(f"{new}/data", data=form)

        answer = operator.post(f"{new}/data", data={**form, "name": "Second"})

        assert answer.status_code == 412
        check_page(answer.text)
        assert record().name == "First"
        assert 'value="Second"' in answer.text

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [("year", "soon", "A year from"), ("name", "", "Enter what people call it"), ("plate", "7ABC123", "vehicle 1")],
    )
    def test_that_is_wrong_is_said_beside_its_field(self, operator, new, field, value, words):
        form = {"version": "1", "name": "A", "model": "Golf", "vehicle_class": "car", field: value}
        answer = operator.post(f"{new}/data", data=form)

        assert answer.status_code in {409, 422}
        check_page(answer.text)
        assert words in answer.text

    def test_of_another_park_does_not_exist(self, operator, fleet):
        other = f"/operator/vehicles/{fleet.other_vehicle_id}"
        for page in ("data", "documents", "photos", "tracker", "onboarding"):
            assert operator.get(f"{other}/{page}").status_code == 404


class TestDocuments:
    def test_open_as_they_were_handed_in(self, operator, new):
        operator.post(f"{new}/documents", data={"kind": "permit", **pages("permit.png")})
        page = operator.get(f"{new}/documents").text
        address = re.search(rf'href="({new}/documents/[0-9a-f-]+)"', page).group(1)

        answer = operator.get(address)

        assert (answer.data, answer.mimetype) == (PNG, "image/png")
        assert "sandbox" in answer.headers["Content-Security-Policy"]

    def test_are_replaced_and_taken_back_without_being_lost(self, operator, new):
        for number in ("A1", "A2"):
            operator.post(f"{new}/documents", data={"kind": "permit", "number": number, **pages("p.png")})
        page = operator.get(f"{new}/documents").text
        assert "Documents of before" in page
        address = re.search(r'action="([^"]*/withdrawal)"', page).group(1)

        operator.post(address, data={"why": "Of another car"})

        page = operator.get(f"{new}/documents").text
        check_page(page)
        assert page.index("A1") < page.index("Documents of before") < page.index("Of another car")

    @pytest.mark.parametrize(
        ("form", "words"),
        [
            ({"kind": "permit"}, "Add a photo of each page"),
            ({"kind": "menu", **pages("a.png")}, "Choose one of the list"),
            ({"kind": "permit", "valid_until": "soon", **pages("a.png")}, "Enter a day"),
            ({"kind": "permit", "file": [(io.BytesIO(b"MZ"), "a.exe")]}, "no photo"),
        ],
    )
    def test_that_are_wrong_are_refused_beside_the_field(self, operator, new, form, words):
        answer = operator.post(f"{new}/documents", data=dict(form))

        assert answer.status_code == 422
        check_page(answer.text)
        assert words in answer.text


class TestPhotos:
    def test_are_all_added_or_none(self, operator, new):
        files = [(io.BytesIO(PNG), "1.png"), (io.BytesIO(b"text"), "2.png")]

        answer = operator.post(f"{new}/photos", data={"photo": files})

        assert answer.status_code == 422
        assert "No photos yet" in operator.get(f"{new}/photos").text

    def test_can_be_put_first_and_removed(self, operator, new):
        operator.post(f"{new}/photos", data=pages("1.png", "2.png", field="photo"))
        first = re.search(r'formaction="([^"]*/first)"', operator.get(f"{new}/photos").text).group(1)
        photo = first.removesuffix("/first")

        operator.post(first)
        assert f'<img src="{photo}"' in operator.get(new).text
        operator.post(f"{photo}/removal")
        assert photo not in operator.get(f"{new}/photos").text
        assert operator.get(photo).status_code == 404

    def test_of_none_is_said(self, operator, new):
        assert operator.post(f"{new}/photos").status_code == 422


class TestTracker:
    def test_is_waited_for_until_it_is_heard(self, operator, new, record, database, at):
        operator.post(f"{new}/tracker", data={"tracker.device_uid": "8600777"})
        headers = {"HX-Request": "true", "HX-Target": "section#heard"}

        waiting = operator.get(f"{new}/tracker", headers=headers).text
        report(database, record().id, at=at, speed_kmh=0.0, ignition=True)
        heard = operator.get(f"{new}/tracker", headers=headers).text

        check_fragment(waiting)
        check_fragment(heard)
        assert "Waiting for the first report" in waiting and 'hx-trigger="every 3s"' in waiting
        assert "The tracker is heard" in heard and "hx-trigger" not in heard

    def test_that_is_in_another_vehicle_is_refused(self, operator, new, fleet):
        answer = operator.post(f"{new}/tracker", data={"tracker.device_uid": fleet.device_uid})

        assert answer.status_code == 409
        assert "already in vehicle 1" in answer.text

    def test_is_taken_out(self, operator, fleet):
        page = f"/operator/vehicles/{fleet.vehicle_id}/tracker"

        assert operator.post(f"{page}/removal").status_code == 303
        assert "No tracker: the vehicle does not report" in operator.get(f"/operator/vehicles/{fleet.vehicle_id}").text
        assert operator.post(f"{page}/removal").status_code == 409

    @pytest.mark.parametrize("form", [{}, {"tracker.device_uid": "a b"}, {"tracker.relay_output": "3"}])
    def test_wants_a_name(self, operator, new, form):
        answer = operator.post(f"{new}/tracker", data=form)

        assert answer.status_code == 422
        check_page(answer.text)
        assert 'aria-invalid="true"' in answer.text


class TestTimeline:
    def test_tells_who_changed_what_and_what_came_into_the_file(self, operator, staff, new):
        form = {"version": "1", "name": "Night 7", "model": "Golf", "powertrain": "electric", "vehicle_class": "car"}
        operator.post(f"{new}/data", data=form)
        staff.post(f"{new}/documents", data={"kind": "permit", **pages("p.png")})
        operator.post(f"{new}/tracker", data={"tracker.device_uid": "8600777"})

        page = operator.get(f"{new}/timeline?kind=record&kind=document").text

        check_page(page)
        for told in (
            "Document added: Permit",
            "Name: WVWZZZ1JZ3W000001 → Night 7; Powertrain: nothing → Electric",
            "8600777",
            "Registered",
        ):
            assert told in page


class TestFields:
    @pytest.fixture
    def fields(self, database, fleet, at):
        """A number, a choice and a yes or no of the office: their ids."""
        with database.transaction() as session:
            return [
                service.add_field(session, actor=ROOT, at=at, new=NewField(**given))
                for given in (
                    {"name": "Seats", "kind": "number", "unit": "persons"},
                    {"name": "Colour", "kind": "choice", "choices": ["Red", "Blue"]},
                    {"name": "Ramp", "kind": "yes_no"},
                )
            ]

    def test_are_filled_in_beside_the_data_and_shown_on_the_card(self, staff, new, fields):
        values = dict(zip([f"field.{id_}" for id_ in fields], ["5", "Blue", "no"], strict=True))

        assert staff.post(f"{new}/fields", data=values).status_code == 303

        page = staff.get(f"{new}/data").text
        check_page(page)
        assert (
            'value="5"' in page and '<option value="Blue" selected>' in page and '<option value="no" selected>' in page
        )
        card = staff.get(new).text
        check_page(card)
        assert "<small>persons</small>" in card and "Colour" in card and "Ramp" in card

    def test_that_hold_nonsense_are_named_and_nothing_is_written(self, staff, new, fields):
        staff.post(f"{new}/fields", data={f"field.{fields[0]}": "five", f"field.{fields[1]}": "Blue"})

        page = staff.get(f"{new}/data").text
        assert "Seats: " in page
        assert '<option value="Blue" selected>' not in page
