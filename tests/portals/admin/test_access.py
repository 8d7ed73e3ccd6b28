"""Remote Immobilize: two deliberate steps, then an order to watch."""

import html

import pytest

from core import clock
from core.access import queries
from core.access.models import JobState
from tests.conftest import ROOT
from tests.portals.page import check_fragment, check_page


def jobs_in(database):
    with database.reading() as reader:
        return queries.list_jobs(reader, viewer=ROOT)


def look(browser, address):
    answer = browser.get(address)
    assert answer.status_code == 200, answer.text
    check_page(answer.text)
    return html.unescape(answer.text)


class TestTheSearch:
    def test_finds_a_vehicle_by_what_it_is_called(self, sign_in, fleet):
        browser = sign_in("admin")
        for text in ("car 1", "7abc", "1HGCM82633A004352", "accord"):
            found = look(browser, f"/admin/immobilizations?text={text}")
            assert "Car 1 (7ABC123)" in found, text
            assert f"/admin/immobilizations/new?vehicle_id={fleet.vehicle_id}" in found
            assert "Ana Lopez" in found

    def test_answers_with_just_the_list_while_one_types(self, sign_in):
        headers = {"HX-Request": "true", "HX-Target": "div#found"}
        answer = sign_in("admin").get("/admin/immobilizations?text=car", headers=headers)
        check_fragment(answer.text)
        assert answer.text.lstrip().startswith('<div id="found"')

    def test_says_when_nothing_is_found(self, sign_in):
        assert "No vehicle in your parks has “zeppelin”" in look(
            sign_in("admin"), "/admin/immobilizations?text=zeppelin"
        )

    def test_does_not_offer_a_vehicle_without_a_relay(self, sign_in, fleet):
        found = look(sign_in("admin"), "/admin/immobilizations?text=Vue")
        assert "cannot be immobilized" in found
        assert f"vehicle_id={fleet.other_vehicle_id}" not in found

    def test_shows_what_the_vehicle_does_now(self, sign_in, fleet, report):
        report(fleet.vehicle_id, speed_kmh=43.0, ignition=True)
        assert "Moving at 43 km/h" in look(sign_in("admin"), "/admin/immobilizations?text=car")


class TestTheFirstStep:
    def test_names_vehicle_and_driver_and_asks_why(self, sign_in, fleet):
        page = look(sign_in("admin"), f"/admin/immobilizations/new?vehicle_id={fleet.vehicle_id}")
        assert "Car 1 (7ABC123)" in page
        assert "Ana Lopez" in page
        assert "Asked for by the police" in page
        assert "Nothing is ordered yet." in page

    @pytest.mark.parametrize(
        ("measured", "outlook"),
        [
            ({"speed_kmh": 43.0, "ignition": True}, "it waits for it to stand: moving at 43 km/h."),
            ({"speed_kmh": 0.0, "ignition": True}, "it waits for the engine to be switched off"),
            ({"speed_kmh": 0.0, "ignition": False}, "the command leaves at once."),
        ],
    )
    def test_says_what_an_order_given_now_would_wait_for(self, sign_in, fleet, report, measured, outlook):
        report(fleet.vehicle_id, **measured)
        page = look(sign_in("admin"), f"/admin/immobilizations/new?vehicle_id={fleet.vehicle_id}")
        assert outlook in page

    def test_is_not_passed_without_a_reason(self, sign_in, fleet):
        answer = sign_in("admin").get(f"/admin/immobilizations/new/confirmation?vehicle_id={fleet.vehicle_id}")
        check_page(answer.text)
        assert answer.status_code == 422
        assert "Choose why the vehicle is immobilized" in answer.text

    def test_needs_a_vehicle_that_exists(self, sign_in):
        browser = sign_in("admin")
        for wrong in ("", "x", "4711", "9" * 30):
            answer = browser.get(f"/admin/immobilizations/new?vehicle_id={wrong}")
            check_page(answer.text)
            assert answer.status_code == 404, wrong

    def test_stops_at_a_vehicle_without_a_relay(self, sign_in, fleet):
        page = look(sign_in("admin"), f"/admin/immobilizations/new?vehicle_id={fleet.other_vehicle_id}")
        assert "has no relay behind a gateway" in page
        assert "Go on to check the order" not in page


class TestTheSecondStep:
    def confirm(self, browser, fleet):
        return look(browser, f"/admin/immobilizations/new/confirmation?vehicle_id={fleet.vehicle_id}&reason=theft")

    def test_names_vehicle_driver_and_consequence(self, sign_in, fleet):
        page = self.confirm(sign_in("admin"), fleet)
        assert "Immobilize Car 1 (7ABC123)</button>" in page
        assert "<b>Ana Lopez</b> cannot start it again until it is released." in page
        assert "waits up to 15 min until Car 1 (7ABC123) has stood for 10 s with the engine off" in page
        assert "A running engine is not cut." in page
        assert "Reason: <b>Theft</b>" in page

    def test_orders_nothing_by_being_looked_at(self, sign_in, fleet, database):
        self.confirm(sign_in("admin"), fleet)
        assert jobs_in(database) == []

    def test_renews_what_the_vehicle_does(self, sign_in, fleet, report):
        browser = sign_in("admin")
        page = self.confirm(browser, fleet)
        address = page.split('<section id="vehicle"')[1].split('hx-get="')[1].split('"')[0]
        report(fleet.vehicle_id, speed_kmh=43.0, ignition=True)
        answer = browser.get(address, headers={"HX-Request": "true", "HX-Target": "section#vehicle"})
        check_fragment(answer.text)
        assert "moving at 43 km/h" in answer.text

    def test_leads_to_the_open_order_when_there_is_one(self, sign_in, fleet, order):
        job_id = order()
        page = self.confirm(sign_in("admin"), fleet)
        assert f'href="/admin/immobilizations/{job_id}"' in page
        assert "Immobilize Car 1 (7ABC123)</button>" not in page


class TestTheOrder:
    def give(self, browser, fleet, **change):
        data = {"vehicle_id": fleet.vehicle_id, "reason": "theft", "note": "Seen at the pier"} | change
        return browser.post("/admin/immobilizations", data=data)

    def test_is_given_and_followed(self, sign_in, fleet, database):
        browser = sign_in("admin")
        answer = self.give(browser, fleet)
        (job,) = jobs_in(database)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/admin/immobilizations/{job.id}")
        assert (job.vehicle_id, job.reason, job.note) == (fleet.vehicle_id, "theft", "Seen at the pier")
        assert job.ordered_by == "user:1"
        page = look(browser, answer.headers["Location"])
        assert "Seen at the pier" in page
        assert ("user:1" in page, ">Admin<" in page) == (False, True)

    def test_given_twice_is_one_order(self, sign_in, fleet, database):
        browser = sign_in("admin")
        self.give(browser, fleet)
        again = self.give(browser, fleet)
        check_page(again.text)
        assert again.status_code == 409
        assert "already has an open order, by Admin" in again.text
        assert len(jobs_in(database)) == 1

    def test_is_not_given_without_a_reason_of_the_list(self, sign_in, fleet, database):
        browser = sign_in("admin")
        for reason in ("", "because", "released"):
            answer = self.give(browser, fleet, reason=reason)
            check_page(answer.text)
            assert answer.status_code == 422, reason
            assert "choose a reason" in answer.text
        assert jobs_in(database) == []

    def test_with_a_note_too_long_comes_back_with_it(self, sign_in, fleet, database):
        answer = self.give(sign_in("admin"), fleet, note="x" * 501)
        check_page(answer.text)
        assert answer.status_code == 422
        assert "x" * 501 in answer.text
        assert 'id="note-error"' in answer.text
        assert jobs_in(database) == []

    def test_of_an_unknown_vehicle_is_not_found(self, sign_in, fleet):
        assert self.give(sign_in("admin"), fleet, vehicle_id=4711).status_code == 404


class TestTheOrdersPage:
    def test_shows_what_is_waited_for_and_until_when(self, sign_in, order):
        page = look(sign_in("admin"), f"/admin/immobilizations/{order('Reported stolen')}")
        assert "Waiting until it is safe" in page
        assert "Waiting for a worker to take it" in page
        assert "Expires unless it is safe within</span> <b>1" in page
        assert "Reported stolen" in page
        assert "Theft" in page

    def test_asks_every_second_while_the_order_is_open_and_then_no_more(
        self, sign_in, fleet, report, order, send, conclude
    ):
        report(fleet.vehicle_id, speed_kmh=0.0, ignition=False)
        browser, job_id = sign_in("admin"), order()
        address = f"/admin/immobilizations/{job_id}"
        assert 'hx-trigger="every 1s"' in look(browser, address)
        send(job_id)
        conclude(job_id)
        fragment = browser.get(address, headers={"HX-Request": "true", "HX-Target": "div#order"}).text
        check_fragment(fragment)
        assert "every 1s" not in fragment
        assert "Immobilized" in fragment

    def test_shows_attempts_verdict_evidence_and_trail(self, sign_in, fleet, report, order, send, conclude):
        report(fleet.vehicle_id, speed_kmh=0.0, ignition=False)
        job_id = order()
        send(job_id)
        browser = sign_in("admin")
        under_way = look(browser, f"/admin/immobilizations/{job_id}")
        assert "Sent, not confirmed yet" in under_way
        assert "Verdict within" in under_way
        assert "{} from the gateway" in under_way
        conclude(job_id)
        page = look(browser, f"/admin/immobilizations/{job_id}")
        assert "its relay holds" in page
        assert "<dt>Source</dt><dd>gateway</dd>" in page
        steps = [page.index(f"<b>{step}</b>") for step in ("Ordered", "Attempt begun", "Attempt answered", "Confirmed")]
        assert steps == sorted(steps)

    def test_is_not_there_for_an_order_that_does_not_exist(self, sign_in):
        browser = sign_in("admin")
        for wrong in ("a36a638f-d177-4508-b51d-46e4b6fa5099", "7"):
            assert browser.get(f"/admin/immobilizations/{wrong}").status_code == 404


class TestCancelling:
    def test_ends_an_order_of_which_nothing_has_left(self, sign_in, order, database):
        browser, job_id = sign_in("admin"), order()
        assert "Cancel the order" in look(browser, f"/admin/immobilizations/{job_id}")
        answer = browser.post(f"/admin/immobilizations/{job_id}/cancellation")
        assert answer.status_code == 303
        assert "Cancelled by Admin." in look(browser, answer.headers["Location"])
        assert jobs_in(database)[0].state is JobState.CANCELLED

    def test_is_refused_once_a_command_has_left(self, sign_in, fleet, report, order, send, database):
        report(fleet.vehicle_id, speed_kmh=0.0, ignition=False)
        browser, job_id = sign_in("admin"), order()
        send(job_id)
        answer = browser.post(f"/admin/immobilizations/{job_id}/cancellation", follow_redirects=True)
        assert "A command has already left. Order a release instead" in answer.text
        assert "Cancel the order" not in answer.text
        assert jobs_in(database)[0].state is JobState.SENT


class TestReleasing:
    def test_orders_a_release_and_goes_on_to_watch_it(self, sign_in, fleet, report, order, send, conclude, database):
        report(fleet.vehicle_id, speed_kmh=0.0, ignition=False)
        browser, job_id = sign_in("admin"), order()
        send(job_id)
        conclude(job_id)
        assert "Ana Lopez can start Car 1 (7ABC123) again." in look(browser, f"/admin/immobilizations/{job_id}")
        answer = browser.post(f"/admin/immobilizations/{job_id}/release", data={"note": "Paid"})
        release = jobs_in(database)[0]
        assert (release.kind, release.note) == ("release", "Paid")
        assert answer.headers["Location"] == f"/admin/immobilizations/{release.id}"
        assert "Tried until confirmed" in look(browser, answer.headers["Location"])
        assert f'href="/admin/immobilizations/{release.id}"' in look(browser, f"/admin/immobilizations/{job_id}")

    def test_overtakes_an_order_on_its_way(self, sign_in, fleet, report, order, send, database):
        report(fleet.vehicle_id, speed_kmh=0.0, ignition=False)
        browser, job_id = sign_in("admin"), order()
        send(job_id)
        browser.post(f"/admin/immobilizations/{job_id}/release")
        states = {job.kind: job.state for job in jobs_in(database)}
        assert states == {"release": JobState.ARMED, "immobilize": JobState.CANCELLED}

    def test_is_offered_after_an_order_that_was_not_confirmed(self, sign_in, fleet, report, order, send, conclude):
        report(fleet.vehicle_id, speed_kmh=0.0, ignition=False)
        job_id = order()
        send(job_id)
        conclude(job_id, JobState.FAILED, "The vehicle did not confirm.")
        page = look(sign_in("admin"), f"/admin/immobilizations/{job_id}")
        assert "Not confirmed" in page
        assert "Release Car 1 (7ABC123)" in page
        assert "Order it again" in page


class TestTheOrdersList:
    def test_shows_the_newest_orders_with_their_state(self, sign_in, order):
        job_id = order()
        page = look(sign_in("admin"), "/admin/immobilizations")
        assert f'href="/admin/immobilizations/{job_id}"' in page
        assert "Waiting until it is safe" in page
        assert "waits for a worker to take it" in page

    def test_renews_itself(self, sign_in, order):
        headers = {"HX-Request": "true", "HX-Target": "section#orders"}
        browser = sign_in("admin")
        before = browser.get("/admin/immobilizations", headers=headers).text
        check_fragment(before)
        assert "No orders yet" in before
        order()
        assert "Car 1" in browser.get("/admin/immobilizations", headers=headers).text

    def test_says_when_it_was_read(self, sign_in):
        page = look(sign_in("admin"), "/admin/immobilizations")
        read_at = int(page.split("as of ")[1].split('data-age="')[1].split('"')[0])
        assert abs(clock.now().timestamp() * 1000 - read_at) < 5000
