"""The lock screen: the order in two steps, what is waited for, each attempt, the verdict, the way back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access.models import JobState, Outcome
from core.access.queries import list_jobs
from core.vehicles import service as vehicles
from core.vehicles.schemas import NewVehicle
from tests.conftest import ROOT
from tests.portals.page import check_fragment, check_page
from tests.portals.reports import report, report_standing

LOCK = {"HX-Request": "true", "HX-Target": "section#lock"}
ORDER = {"reason": "theft", "method": "vialon_relay", "note": "Seen in the harbour", "break_glass": "true"}
POLLED = 'hx-trigger="every 1s"'


@pytest.fixture
def vehicle(fleet):
    return f"/operator/vehicles/{fleet.vehicle_id}"


@pytest.fixture
def jobs(database):
    def read():
        with database.reading() as reader:
            return list_jobs(reader, viewer=ROOT)

    return read


@pytest.fixture
def ordered(operator, vehicle):
    """An order that waits for its vehicle to stand."""
    assert operator.post(f"{vehicle}/immobilization", data=ORDER).status_code == 303


@pytest.fixture
def bare(database, fleet, at):
    """A vehicle without a relay."""
    with database.transaction() as session:
        new = NewVehicle(vin="WVWZZZ1JZ3W000001", model="Golf", park_id=fleet.park_id)
        vehicle_id = vehicles.register_vehicle(session, actor=ROOT, at=at, new=new)
    return f"/operator/vehicles/{vehicle_id}"


class TestFirstStep:
    def test_offers_the_second_and_orders_nothing(self, operator, vehicle, jobs):
        page = operator.get(f"{vehicle}/lock").text

        check_page(page)
        assert "Not locked" in page
        assert f'href="{vehicle}/immobilization/new"' in page
        assert POLLED not in page
        assert jobs() == []

    def test_tells_who_lacks_the_right_why_and_whom_to_ask(self, dispatcher, vehicle):
        page = dispatcher.get(f"{vehicle}/lock").text

        assert "immobilization/new" not in page
        assert "Ask an administrator to grant it" in page

    def test_tells_of_a_vehicle_without_a_relay(self, operator, bare):
        page = operator.get(f"{bare}/lock").text

        assert "No relay is known in this vehicle" in page
        assert "immobilization/new" not in page


class TestSecondStep:
    def test_names_vehicle_driver_state_and_consequence(self, operator, vehicle, fleet, database, at, jobs):
        report(database, fleet.vehicle_id, at=at, speed_kmh=43.0, ignition=True)

        page = operator.get(f"{vehicle}/immobilization/new").text

        check_page(page)
        for named in ("Immobilize Car 1", "7ABC123", "Ana Lopez", "tel:+14155550100", "Moving at 43 km/h"):
            assert named in page
        assert "Not sent while it moves" in page
        assert "waits up to 15 min until it stands 10 s with the engine off" in page
        assert "The starter is blocked; a running engine is not cut." in page
        assert jobs() == []

    def test_says_what_the_order_would_wait_for(self, operator, vehicle, fleet, database, at):
        report(database, fleet.vehicle_id, at=at, speed_kmh=43.0, ignition=True)

        page = operator.get(f"{vehicle}/immobilization/new").text

        assert "Ordered now, it would wait for <b>it to stand: moving at 43 km/h</b>" in page

    def test_says_when_the_order_would_leave_at_once(self, operator, vehicle, fleet, database, at):
        report_standing(database, fleet.vehicle_id, at=at)

        assert "it would be sent at once" in operator.get(f"{vehicle}/immobilization/new").text

    def test_is_the_same_in_place(self, operator, vehicle):
        fragment = operator.get(f"{vehicle}/immobilization/new", headers=LOCK).text

        check_fragment(fragment)
        assert fragment.count('id="lock"') == 1
        assert "What will happen" in fragment

    def test_keeps_only_its_state_fresh(self, operator, vehicle):
        headers = {"HX-Request": "true", "HX-Target": "p#motion"}

        fragment = operator.get(f"{vehicle}/immobilization/new", headers=headers).text

        assert fragment.count('id="motion"') == 1
        assert "Ordered now" in fragment
        assert "<form" not in fragment

    def test_is_closed_to_who_lacks_the_right(self, dispatcher, vehicle):
        answer = dispatcher.get(f"{vehicle}/immobilization/new")

        assert answer.status_code == 403
        assert "access:immobilize" in answer.text

    def test_shows_the_open_order_when_there_is_one(self, operator, vehicle, ordered):
        page = operator.get(f"{vehicle}/immobilization/new").text

        assert "What will happen" not in page
        assert "Waiting until it is safe to lock" in page


class TestOrder:
    def test_is_kept_with_who_and_why(self, operator, vehicle, jobs):
        answer = operator.post(f"{vehicle}/immobilization", data=ORDER)

        assert (answer.status_code, answer.location) == (303, f"{vehicle}/lock")
        job = jobs()[0]
        assert (job.ordered_by, job.reason, job.note) == ("user:2", "theft", "Seen in the harbour")
        page = operator.get(answer.location).text
        assert "Seen in the harbour" in page
        assert ("user:2" in page, "ordered by <b>Operator</b>" in page) == (False, True)

    def test_without_a_reason_keeps_the_typed_note(self, operator, vehicle, jobs):
        answer = operator.post(f"{vehicle}/immobilization", data={**ORDER, "reason": ""})

        assert answer.status_code == 422
        check_page(answer.text)
        assert "This field is needed." in answer.text
        assert "Seen in the harbour</textarea>" in answer.text
        assert jobs() == []

    def test_beside_an_open_one_is_refused_in_place(self, operator, vehicle, ordered, jobs):
        answer = operator.post(f"{vehicle}/immobilization", data=ORDER, headers=LOCK)

        assert answer.status_code == 409
        check_fragment(answer.text)
        assert "already has an open order" in answer.text
        assert len(jobs()) == 1

    def test_without_the_right_is_refused(self, dispatcher, vehicle, jobs):
        answer = dispatcher.post(f"{vehicle}/immobilization", data=ORDER)

        assert answer.status_code == 403
        assert jobs() == []

    def test_for_a_vehicle_out_of_sight_does_not_exist(self, operator, fleet, jobs):
        answer = operator.post(f"/operator/vehicles/{fleet.other_vehicle_id}/immobilization", data=ORDER)

        assert answer.status_code == 404
        assert jobs() == []

    def test_from_another_page_is_refused(self, app, operator, vehicle, jobs):
        app.config["WTF_CSRF_ENABLED"] = True

        answer = operator.post(f"{vehicle}/immobilization", data=ORDER)

        assert answer.status_code == 403
        assert jobs() == []


class TestOpenOrder:
    def test_says_what_is_waited_for_and_when_it_gives_up(self, operator, vehicle, ordered, worker, at):
        worker.wait_for("it to stand: moving at 43 km/h", at=at)

        page = operator.get(f"{vehicle}/lock").text

        assert "Waiting for <b>it to stand: moving at 43 km/h</b>" in page
        assert "No command has left." in page
        assert "Gives up unsent in" in page
        assert "min 5" in page or "15 min 00" in page

    def test_renews_itself_each_second(self, operator, vehicle, ordered):
        fragment = operator.get(f"{vehicle}/lock", headers=LOCK).text

        check_fragment(fragment)
        assert POLLED in fragment

    def test_reloads_where_there_are_no_scripts(self, operator, vehicle, ordered):
        assert '<noscript><meta http-equiv="refresh"' in operator.get(f"{vehicle}/lock").text

    def test_shows_each_attempt_with_its_answer(self, operator, vehicle, fleet, ordered, worker, database, at):
        report_standing(database, fleet.vehicle_id, at=at)
        worker.send(1, Outcome.REFUSED, "The unit is not online", at=at)

        page = operator.get(f"{vehicle}/lock").text

        assert "Attempt 1 of 3 sent" in page
        assert "Refused by the gateway <small>The unit is not online" in page
        assert "Verdict within" in page

    def test_never_shows_accepted_as_done(self, operator, vehicle, fleet, ordered, worker, database, at):
        report_standing(database, fleet.vehicle_id, at=at)
        worker.send(1, Outcome.ACCEPTED, "{}", at=at)

        page = operator.get(f"{vehicle}/lock").text

        assert "which is not proof" in page
        assert "Immobilized" not in page

    def test_says_when_no_worker_takes_it(self, operator, vehicle, ordered, database):
        with database.transaction() as session:
            session.connection().exec_driver_sql("UPDATE access_jobs SET armed_at = armed_at - interval '1 min'")

        assert "No worker has taken this order yet" in operator.get(f"{vehicle}/lock").text

    def test_says_when_its_verdict_is_overdue(self, operator, vehicle, fleet, ordered, worker, database, at):
        report_standing(database, fleet.vehicle_id, at=at - timedelta(minutes=1))
        worker.send(1, Outcome.ACCEPTED, "{}", at=at - timedelta(minutes=1))

        page = operator.get(f"{vehicle}/lock").text

        assert "The verdict is overdue" in page
        assert 'data-tone="act"' in page

    def test_says_when_it_is_safe_but_nobody_sends(self, operator, vehicle, fleet, ordered, worker, database, at):
        worker.wait_for("it to stand: moving at 43 km/h", at=at)
        with database.transaction() as session:
            session.connection().exec_driver_sql("UPDATE access_jobs SET armed_at = armed_at - interval '1 min'")
        report_standing(database, fleet.vehicle_id, at=at - timedelta(seconds=10))
        report_standing(database, fleet.vehicle_id, at=at)

        assert "It is safe to lock, but no worker sends" in operator.get(f"{vehicle}/lock").text


class TestCancellation:
    def test_calls_back_an_order_that_has_not_left(self, operator, vehicle, ordered, jobs):
        job_id = str(jobs()[0].id)
        assert f'name="job_id" value="{job_id}"' in operator.get(f"{vehicle}/lock").text

        answer = operator.post(f"{vehicle}/immobilization/cancel", data={"job_id": job_id})

        assert answer.status_code == 303
        page = operator.get(answer.location).text
        assert "the order was cancelled" in page
        assert "Cancelled by Operator." in page
        assert POLLED not in page

    def test_is_no_longer_offered_once_a_command_left(
        self, operator, vehicle, fleet, ordered, worker, database, at, jobs
    ):
        report_standing(database, fleet.vehicle_id, at=at)
        worker.send(1, None, at=at)

        assert "immobilization/cancel" not in operator.get(f"{vehicle}/lock").text
        answer = operator.post(f"{vehicle}/immobilization/cancel", data={"job_id": str(jobs()[0].id)}, headers=LOCK)

        assert answer.status_code == 409
        assert "Order a release instead" in answer.text


class TestVerdict:
    def test_confirmed_shows_its_proof_and_offers_only_release(
        self, operator, vehicle, fleet, ordered, worker, database, at
    ):
        report_standing(database, fleet.vehicle_id, at=at)
        worker.send(1, Outcome.ACCEPTED, "{}", at=at)
        worker.conclude(JobState.CONFIRMED, "Its relay holds.", at=at, relay_on=True)

        page = operator.get(f"{vehicle}/lock").text

        assert "Immobilized" in page
        assert "Its relay holds." in page
        assert "relay on, from the vehicle&#39;s own report" in page
        assert f'action="{vehicle}/release"' in page
        assert "immobilization/new" not in page
        assert POLLED not in page

    def test_confirmed_is_doubted_when_the_vehicle_says_otherwise(
        self, operator, vehicle, fleet, ordered, worker, database, at
    ):
        report_standing(database, fleet.vehicle_id, at=at)
        worker.send(1, Outcome.ACCEPTED, "{}", at=at)
        worker.conclude(JobState.CONFIRMED, "Its relay holds.", at=at, relay_on=True)
        report_standing(database, fleet.vehicle_id, at=at + timedelta(seconds=30), relay_on=False)

        page = operator.get(f"{vehicle}/lock").text

        assert "No longer locked" in page
        assert "now reports its relay off" in page
        assert "immobilization/new" in page

    def test_confirmed_is_doubted_when_the_vehicle_moves(self, operator, vehicle, fleet, ordered, worker, database, at):
        report_standing(database, fleet.vehicle_id, at=at)
        worker.send(1, Outcome.ACCEPTED, "{}", at=at)
        worker.conclude(JobState.CONFIRMED, "Its relay holds.", at=at, relay_on=True)
        later = at + timedelta(seconds=30)
        report(database, fleet.vehicle_id, at=later, speed_kmh=30.0, ignition=True, outputs=1)

        assert "It moves although the lock is confirmed" in operator.get(f"{vehicle}/lock").text

    def test_failed_offers_release_and_another_order(self, operator, vehicle, fleet, ordered, worker, database, at):
        report_standing(database, fleet.vehicle_id, at=at)
        worker.send(1, Outcome.ACCEPTED, "{}", at=at)
        worker.conclude(JobState.FAILED, "The vehicle did not confirm.", at=at)

        page = operator.get(f"{vehicle}/lock").text

        assert "The lock is not confirmed" in page
        assert f'action="{vehicle}/release"' in page
        assert "immobilization/new" in page

    def test_failed_is_settled_when_the_vehicle_says_so(self, operator, vehicle, fleet, ordered, worker, database, at):
        report_standing(database, fleet.vehicle_id, at=at)
        worker.send(1, Outcome.ACCEPTED, "{}", at=at)
        worker.conclude(JobState.FAILED, "The vehicle did not confirm.", at=at)
        report_standing(database, fleet.vehicle_id, at=at + timedelta(seconds=30), relay_on=False)

        page = operator.get(f"{vehicle}/lock").text

        assert "it is not locked" in page
        assert 'data-tone="plain"' in page

    def test_failed_is_doubted_when_the_vehicle_locked_after_all(
        self, operator, vehicle, fleet, ordered, worker, database, at
    ):
        report_standing(database, fleet.vehicle_id, at=at)
        worker.send(1, Outcome.ACCEPTED, "{}", at=at)
        worker.conclude(JobState.FAILED, "The vehicle did not confirm.", at=at)
        report_standing(database, fleet.vehicle_id, at=at + timedelta(seconds=30), relay_on=True)

        assert "Locked after all" in operator.get(f"{vehicle}/lock").text

    def test_expired_never_hides_a_relay_that_holds(self, operator, vehicle, fleet, ordered, worker, database, at):
        worker.conclude(JobState.EXPIRED, "It was never safe.", at=at)
        report_standing(database, fleet.vehicle_id, at=at + timedelta(seconds=30), relay_on=True)

        page = operator.get(f"{vehicle}/lock").text

        assert "Its relay is on" in page
        assert 'data-tone="act"' in page
        assert f'action="{vehicle}/release"' in page

    def test_is_told_with_its_attempts_and_trail_on_the_record(
        self, operator, vehicle, fleet, ordered, worker, database, at
    ):
        report_standing(database, fleet.vehicle_id, at=at)
        worker.send(1, Outcome.REFUSED, "The unit is not online", at=at)
        worker.conclude(JobState.FAILED, "None of 1 attempts reached the vehicle.", at=at)

        page = operator.get(vehicle).text

        check_page(page)
        orders = page.partition("Latest orders to lock and release")[2]
        assert "Lock: failed" in orders
        assert "None of 1 attempts reached the vehicle." in orders
        for step in ("Immobilize ordered", "Immobilize attempt begun", "Immobilize attempt answered"):
            assert step in orders

    def test_without_an_order_the_relay_is_still_believed(self, operator, vehicle, fleet, database, at):
        report_standing(database, fleet.vehicle_id, at=at, relay_on=True)

        page = operator.get(f"{vehicle}/lock").text

        assert "Its relay is on" in page
        assert f'action="{vehicle}/release"' in page


class TestRelease:
    def test_overtakes_an_open_lock(self, operator, vehicle, ordered, jobs):
        answer = operator.post(f"{vehicle}/release")

        assert answer.status_code == 303
        page = operator.get(answer.location).text
        assert "Releasing" in page
        assert POLLED in page
        assert {job.kind: job.state for job in jobs()} == {"release": "armed", "immobilize": "cancelled"}

    def test_is_open_to_who_may_not_immobilize(self, dispatcher, vehicle, ordered):
        assert dispatcher.post(f"{vehicle}/release").status_code == 303

    def test_is_offered_again_when_it_was_not_confirmed(self, operator, vehicle, worker, at, ordered):
        operator.post(f"{vehicle}/release")
        worker.conclude(JobState.FAILED, "It may still be locked.", at=at)

        page = operator.get(f"{vehicle}/lock").text

        assert "The release is not confirmed" in page
        assert f'action="{vehicle}/release"' in page

    def test_is_doubted_when_the_relay_is_on_again(self, operator, vehicle, fleet, worker, database, at):
        operator.post(f"{vehicle}/release")
        worker.conclude(JobState.CONFIRMED, "Its relay is off.", at=at, relay_on=False)
        report_standing(database, fleet.vehicle_id, at=at + timedelta(seconds=30), relay_on=True)

        page = operator.get(f"{vehicle}/lock").text

        assert "Its relay is on" in page
        assert f'action="{vehicle}/release"' in page

    def test_of_a_vehicle_without_a_relay_is_refused_in_place(self, operator, bare):
        answer = operator.post(f"{bare}/release", headers=LOCK)

        assert answer.status_code == 409
        assert "has no relay to release" in answer.text
