"""What waits for a second person: everything to decide by on one card, and the number in the navigation."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access import service
from core.access.schemas import ImmobilizationOrder, Reason
from core.config import AccessTiming
from core.permissions import ADMIN, Actor
from tests.conftest import ROOT
from tests.core.access.fair import Debtor
from tests.orders import PLENTY
from tests.portals.page import check_fragment, check_page
from tests.portals.reports import report

COUNT = {"HX-Request": "true", "HX-Target": "span#waiting"}
CARDS = {"HX-Request": "true", "HX-Target": "div#approvals"}
NUMBER = '<span id="waiting"'


@pytest.fixture
def ask(database, fleet, at):
    """Let somebody ask for a lock."""

    def asked(reason=Reason.SAFETY_LOCKDOWN, *, actor=ROOT, note="Brakes fail", at=at, break_glass=False):
        with database.transaction() as session:
            return service.immobilize(
                session,
                actor=actor,
                at=at,
                vehicle_id=fleet.vehicle_id,
                order=ImmobilizationOrder(reason=reason, note=note, break_glass=break_glass),
                timing=AccessTiming(),
                limits=PLENTY,
            )

    return asked


@pytest.fixture
def as_user(fleet):
    def made(name):
        return Actor("user", fleet.user_ids[name], name.title(), roles=frozenset({ADMIN}), parks=None)

    return made


def count_in(page: str) -> str:
    """What the number in the navigation says."""
    return page.partition(NUMBER)[2].partition(">")[2].partition("</a>")[0]


class TestACard:
    def test_says_all_that_the_second_person_decides_by(self, operator, ask, fleet, database, at):
        report(database, fleet.vehicle_id, at=at, speed_kmh=43.0, ignition=True)
        job_id = ask()

        page = operator.get("/operator/approvals").text

        check_page(page)
        for said in ("Car 1", "Moving at 43 km/h", "Ana Lopez", "tel:+14155550100", "Brakes fail", "<b>Tests</b>"):
            assert said in page
        assert "Safety: the vehicle must not be driven" in page
        assert "a lock would wait for it to stand" in page
        assert "The driver is not warned before it." in page
        assert f'name="job_id" value="{job_id}"' in page

    def test_of_a_debt_says_what_is_owed_now_and_what_the_law_asks(self, operator, ask, database, fleet, at):
        debtor = Debtor(database, fleet, at)
        debtor.tell()
        ask(Reason.DEBT)
        debtor.tell(as_of=at + timedelta(seconds=1), owed_minor=9_900)

        page = operator.get("/operator/approvals").text

        assert "99.00\u00a0USD" in page
        assert "Warning 1: 72 h before, over 2 channels" in page

    def test_leads_on_to_the_lock_screen_when_it_is_approved(self, operator, ask, fleet):
        job_id = ask()
        vehicle = f"/operator/vehicles/{fleet.vehicle_id}"
        assert f'action="{vehicle}/immobilization/approval"' in operator.get("/operator/approvals").text

        answer = operator.post(f"{vehicle}/immobilization/approval", data={"job_id": str(job_id), "note": ""})

        assert (answer.status_code, answer.location) == (303, f"{vehicle}/lock")
        assert "Nothing waits" in operator.get("/operator/approvals").text

    def test_offers_nothing_to_who_ordered_it(self, operator, ask, as_user):
        ask(actor=as_user("operator"))

        page = operator.get("/operator/approvals").text

        assert "You ordered it, so somebody else must approve it." in page
        assert "Approve the lock of" not in page

    def test_offers_nothing_to_who_lacks_the_right(self, dispatcher, ask):
        ask()

        page = dispatcher.get("/operator/approvals").text

        assert "Not for you to approve" in page
        assert "Approve the lock of" not in page

    def test_is_gone_when_its_hour_is_over(self, operator, ask, at):
        ask(at=at - timedelta(minutes=61))

        assert "Nothing waits" in operator.get("/operator/approvals").text

    def test_is_renewed_in_place(self, operator, ask):
        ask()

        fragment = operator.get("/operator/approvals", headers=CARDS).text

        check_fragment(fragment)
        assert 'hx-trigger="every 3s"' in fragment


class TestTheNumberInTheNavigation:
    def test_counts_what_waits_for_just_this_person(self, operator, dispatcher, ask, as_user):
        assert "<b>" not in count_in(operator.get("/operator/vehicles").text)
        ask()
        assert "<b>1</b>" in count_in(operator.get("/operator/vehicles").text)
        assert "<b>" not in count_in(dispatcher.get("/operator/vehicles").text)

    def test_leaves_out_their_own(self, operator, ask, as_user):
        ask(actor=as_user("operator"))
        assert "<b>" not in count_in(operator.get("/operator/vehicles").text)

    def test_is_renewed_alone(self, sign_in, ask):
        ask()
        for portal, name in (("operator", "operator"), ("admin", "admin")):
            fragment = sign_in(name).get(f"/{portal}/approvals", headers=COUNT).text
            check_fragment(fragment)
            assert fragment.lstrip().startswith('<span id="waiting"')
            assert "<b>1</b>" in fragment


class TestTheAdministratorsApprovals:
    def test_hold_the_same_cards(self, sign_in, ask):
        job_id = ask()
        admin = sign_in("admin")

        page = admin.get("/admin/approvals").text

        check_page(page)
        assert f'action="/admin/immobilizations/{job_id}/approval"' in page
        assert admin.post(f"/admin/immobilizations/{job_id}/approval", data={"job_id": str(job_id)}).status_code == 303
        assert "Nothing waits" in admin.get("/admin/approvals").text

    def test_hold_what_went_by_break_glass_until_it_is_reviewed_by_another(self, sign_in, ask, database, fleet, at):
        job_id = ask(Reason.THEFT, break_glass=True)
        admin = sign_in("admin")
        assert "Nothing is to be reviewed." in admin.get("/admin/approvals").text
        with database.transaction() as session:
            service.cancel(session, actor=ROOT, at=at, vehicle_id=fleet.vehicle_id, job_id=job_id)
        assert "Review until" in admin.get("/admin/approvals").text

        admin.post(f"/admin/immobilizations/{job_id}/review", data={"finding": "justified", "note": "It was stolen"})

        assert "Nothing is to be reviewed." in admin.get("/admin/approvals").text

    def test_let_nobody_review_their_own(self, sign_in, ask, database, fleet, at, as_user):
        job_id = ask(Reason.THEFT, break_glass=True, actor=as_user("admin"))
        with database.transaction() as session:
            service.cancel(session, actor=ROOT, at=at, vehicle_id=fleet.vehicle_id, job_id=job_id)

        page = sign_in("admin").get("/admin/approvals").text

        assert "You ordered it, so somebody else must review it." in page
        assert "It was justified" not in page
