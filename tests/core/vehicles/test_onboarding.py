"""What is to be done until a vehicle is ready for the road."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Conflict, Invalid
from core.permissions import system
from core.vehicles import queries, service
from core.vehicles.rules import Progress, list_missing_kinds, list_onboarding_steps
from core.vehicles.schemas import NewDocument, NewTracker, Upload
from tests.conftest import ROOT

DONE = Progress(
    has_plate=True,
    has_powertrain=True,
    missing_documents=(),
    expired_documents=(),
    photo_count=1,
    has_tracker=True,
    is_heard=True,
)
LACKS = {
    "data": {"has_plate": False, "has_powertrain": False},
    "documents": {"missing_documents": ("Insurance",), "expired_documents": ("Registration",)},
    "photos": {"photo_count": 0},
    "tracker": {"has_tracker": False, "is_heard": False},
}


class TestSteps:
    def test_are_all_done_when_nothing_is_missing(self):
        assert [step.is_done for step in list_onboarding_steps(DONE)] == [True] * 4

    @given(st.sets(st.sampled_from(sorted(LACKS))))
    def test_are_open_just_where_something_is_missing(self, lacking):
        changes = {}
        for name in lacking:
            changes |= LACKS[name]
        steps = list_onboarding_steps(replace(DONE, **changes))
        assert [step.name for step in steps] == list(LACKS)
        assert {step.name for step in steps if not step.is_done} == lacking

    def test_tell_a_tracker_that_is_silent_from_none(self):
        silent = list_onboarding_steps(replace(DONE, is_heard=False))[3]
        none = list_onboarding_steps(replace(DONE, has_tracker=False, is_heard=False))[3]
        assert "not been heard" in silent.missing[0]
        assert "No tracker" in none.missing[0]


def test_registration_and_insurance_are_needed():
    assert list_missing_kinds(["other", "insurance"]) == ["registration"]


class TestFinishing:
    @pytest.fixture
    def finish(self, database, fleet, at):
        def finished(*, is_heard=True, anyway=None):
            with database.transaction() as session:
                service.finish_onboarding(
                    session, actor=ROOT, at=at, vehicle_id=fleet.vehicle_id, is_heard=is_heard, anyway=anyway
                )

        return finished

    @pytest.fixture
    def complete(self, database, fleet, at):
        """Gives the first vehicle its papers and a photo; it has a plate, a powertrain and a tracker."""
        page = Upload(name="a.png", content=b"\x89PNG\r\n\x1a\n" + bytes(9))
        with database.transaction() as session:
            for kind in ("registration", "insurance"):
                service.add_document(
                    session,
                    actor=ROOT,
                    at=at,
                    vehicle_id=fleet.vehicle_id,
                    new=NewDocument(kind=kind, valid_until=at.date() + timedelta(days=9)),
                    pages=[page],
                )
            service.add_photo(session, actor=ROOT, at=at, vehicle_id=fleet.vehicle_id, photo=page)

    @pytest.fixture
    def status(self, database, fleet):
        def read():
            with database.reading() as reader:
                return queries.get_vehicle(reader, viewer=ROOT, vehicle_id=fleet.vehicle_id).status

        return read

    def test_makes_a_vehicle_available_that_is_complete(self, complete, finish, status):
        finish()
        assert status() == "available"
        with pytest.raises(Conflict, match="not being onboarded"):
            finish()

    def test_names_what_is_missing_and_changes_nothing(self, finish, status):
        with pytest.raises(Conflict, match=r"Registration: not there yet\. Insurance.*No photo"):
            finish()
        assert status() == "onboarding"

    def test_wants_the_tracker_to_have_been_heard(self, complete, finish):
        with pytest.raises(Conflict, match="not been heard"):
            finish(is_heard=False)

    def test_can_be_done_all_the_same_for_a_reason_that_is_kept(self, finish, status, database, fleet):
        with pytest.raises(Invalid):
            finish(anyway=" ")
        finish(anyway="Papers are at the notary.")
        with database.reading() as reader:
            change = queries.list_status_changes(reader, viewer=ROOT, vehicle_id=fleet.vehicle_id)[0]
        assert status() == "available"
        assert "at the notary. Missing: Registration" in change["reason"]


class TestPairing:
    @pytest.fixture
    def pair(self, database, fleet, at):
        def paired(device_uid="new-1", vehicle_id=None, **given):
            with database.transaction() as session:
                return service.pair_tracker(
                    session,
                    actor=ROOT,
                    at=at,
                    vehicle_id=vehicle_id or fleet.other_vehicle_id,
                    tracker=NewTracker(device_uid=device_uid),
                    **{"with_key": True, **given},
                )

        return paired

    @pytest.fixture
    def device(self, database):
        def found(device_uid):
            with database.reading() as reader:
                return queries.find_device(reader, device_uid=device_uid)

        return found

    def test_gives_a_key_that_opens_and_is_told_once(self, pair, device, fleet):
        key = pair()

        assert device("new-1").vehicle_id == fleet.other_vehicle_id
        assert device("new-1").accepts(key) and not device("new-1").accepts("another")
        assert key not in str(device("new-1"))

    def test_without_a_key_is_known_by_its_name(self, pair, device):
        assert pair(with_key=False) is None
        assert device("new-1").accepts(None)

    def test_refuses_a_device_that_is_in_another_vehicle(self, pair, fleet):
        with pytest.raises(Conflict, match=f"already in vehicle {fleet.vehicle_id}"):
            pair(fleet.device_uid)

    def test_replaces_only_when_it_is_meant_and_may_give_the_same_device_a_new_key(self, pair, device, fleet):
        pair()
        with pytest.raises(Conflict, match="already has the tracker"):
            pair("new-2")
        pair("new-2", replace=True)
        assert device("new-1") is None
        key = pair("new-2", replace=True)
        assert device("new-2").accepts(key)

    def test_takes_it_off_the_list_of_those_that_wait(self, pair, database, at):
        with database.transaction() as session:
            service.note_unknown_device(
                session, actor=system("tests"), at=at, device_uid="new-1", source="http", address=None
            )
        pair()
        with database.reading() as reader:
            assert queries.list_unknown_devices(reader, viewer=ROOT) == []

    def test_ends_when_the_tracker_is_taken_out(self, database, at, fleet, device):
        def take_out():
            with database.transaction() as session:
                service.take_out_tracker(session, actor=ROOT, at=at, vehicle_id=fleet.vehicle_id)

        take_out()
        assert device(fleet.device_uid) is None
        with pytest.raises(Conflict, match="has no tracker"):
            take_out()
