"""Who has had a vehicle, seen from the vehicle."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.drivers import queries, service
from core.permissions import STAFF, Actor
from tests.conftest import ROOT


@pytest.fixture
def given_back(database, fleet, at):
    """The first vehicle, given back just now."""
    with database.transaction() as session:
        service.end_assignment(session, actor=ROOT, at=at, driver_id=fleet.driver_id)


class TestDrivenIds:
    def test_are_those_that_somebody_has_at_the_moment(self, database, fleet, at, given_back):
        with database.reading() as reader:
            before = queries.list_driven_ids(reader, viewer=ROOT, at=at - timedelta(seconds=1))
            after = queries.list_driven_ids(reader, viewer=ROOT, at=at + timedelta(seconds=1))

        assert (before, after) == ([fleet.vehicle_id], [])

    def test_are_cut_by_park(self, database, fleet, at):
        viewer = Actor("user", 9, "Staff", roles=frozenset({STAFF}), parks=frozenset({fleet.other_park_id}))
        with database.reading() as reader:
            assert queries.list_driven_ids(reader, viewer=viewer, at=at) == []


class TestHolderChanges:
    def test_tell_both_sides_of_each_time_newest_first(self, database, fleet, at, given_back):
        later = at + timedelta(hours=1)
        with database.transaction() as session:
            service.assign_vehicle(
                session,
                actor=ROOT,
                at=later,
                driver_id=fleet.driver_id,
                vehicle_id=fleet.vehicle_id,
                kind="shift",
                starts_at=later,
                ends_at=None,
            )
        with database.reading() as reader:

            def told(before, most=50):
                changes = queries.list_holder_changes(
                    reader, viewer=ROOT, vehicle_id=fleet.vehicle_id, before=before, most=most
                )
                return [(change.at, change.is_begin) for change in changes]

            newest = told(later + timedelta(seconds=1))
            assert [is_begin for _, is_begin in newest] == [True, False, True]
            assert newest[:2] == [(later, True), (at, False)]
            assert told(later) == newest[1:]
            assert told(later, most=1) == newest[1:2]
