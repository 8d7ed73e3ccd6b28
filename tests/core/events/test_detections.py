"""What was detected, as it is read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import NotFound
from core.events import queries
from core.permissions import OPERATOR, Actor
from tests.conftest import ROOT
from tests.core.events.records import detect


@pytest.fixture
def listed(database, fleet):
    def kinds(viewer=ROOT, **which) -> list[str]:
        with database.reading() as reader:
            return [one.kind for one in queries.list_detections(reader, viewer=viewer, **which)]

    return kinds


class TestTheList:
    def test_is_newest_first_page_by_page_without_gap_or_repetition(self, database, fleet, at):
        for n in range(7):
            detect(database, at, fleet.vehicle_id, "silence", n // 2, subject=str(n))
        seen, after = [], None
        with database.reading() as reader:
            while page := queries.list_detections(reader, viewer=ROOT, after=after, most=2):
                seen += page
                after = page[-1].place
        assert len({one.id for one in seen}) == 7
        assert [one.started_at for one in seen] == sorted((one.started_at for one in seen), reverse=True)

    def test_is_cut_by_vehicle_kind_time_and_what_lasts(self, database, fleet, at, listed):
        detect(database, at, fleet.vehicle_id, "idling", 5, ended_at=None)
        detect(database, at, fleet.vehicle_id, "silence", 500)
        detect(database, at, fleet.other_vehicle_id, "towing", 1)
        assert listed() == ["towing", "idling", "silence"]
        assert listed(vehicle_id=fleet.vehicle_id) == ["idling", "silence"]
        assert listed(kind="towing") == ["towing"]
        assert listed(since=at - timedelta(hours=1), until=at - timedelta(minutes=2)) == ["idling"]
        assert listed(open_only=True) == ["idling"]

    def test_leaves_out_what_was_taken_back_unless_asked(self, database, fleet, at, listed):
        detect(database, at, fleet.vehicle_id, "fuel_drop", withdrawn_at=at)
        assert listed() == []
        assert listed(withdrawn=True) == ["fuel_drop"]

    def test_shows_only_vehicles_of_the_viewers_parks(self, database, fleet, at, listed):
        detect(database, at, fleet.vehicle_id, "silence")
        stranger = Actor("user", 1, "Olga", roles=frozenset({OPERATOR}), parks=frozenset({fleet.other_park_id}))
        assert listed(stranger) == []
        with pytest.raises(NotFound):
            listed(stranger, vehicle_id=fleet.vehicle_id)


class TestTheCounts:
    def test_are_of_each_kind(self, database, fleet, at):
        detect(database, at, fleet.vehicle_id, "silence", 1)
        detect(database, at, fleet.vehicle_id, "silence", 2)
        detect(database, at, fleet.vehicle_id, "idling", 3)
        with database.reading() as reader:
            assert queries.count_by_kind(reader, viewer=ROOT) == {"silence": 2, "idling": 1}
