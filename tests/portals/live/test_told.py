"""What boards are told of detections."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import outbox
from core.events.models import Detection
from core.outbox import Offset
from portals.fleet_rows import FleetRows
from portals.live.told import tell
from tests.core.events.records import detect


@pytest.fixture
def told(database, at):
    """Publish what was detected as the follower does, at a moment; returns what boards are told of the fact."""

    def publish_and_tell(now=at):
        with database.transaction() as session:
            rows = session.execute(sa.select(Detection.vehicle_id, Detection.id)).all()
            ids = {"vehicle_ids": sorted({v for v, _ in rows}), "detection_ids": [str(one) for _, one in rows]}
            outbox.publish(session, "events.detected", at=now, **ids)
        with database.reading() as reader:
            known = FleetRows()
            known.renew_records(reader, at=at)
            facts = outbox.read_since(reader, Offset(0, 0), names=["events.detected"], most=10)
            return [(each.item["vehicle_id"], each.item["text"]) for each in tell(reader, facts[-1:], known)]

    return publish_and_tell


class TestWhatWasDetected:
    def test_is_told_in_words_once_for_each_vehicle_when_somebody_must_act_or_be_warned(
        self, database, fleet, at, told
    ):
        detect(database, at, fleet.vehicle_id, "towing", 3, ended_at=None)
        detect(database, at, fleet.vehicle_id, "dtc", 1, subject="P0300")
        detect(database, at, fleet.vehicle_id, "idling", 9, ended_at=None)
        detect(database, at, fleet.other_vehicle_id, "overspeed", 2)
        words = {
            fleet.vehicle_id: "Car 1: Towing. Moved with the ignition off. Trouble code. The engine reported P0300.",
            fleet.other_vehicle_id: "5GZCZ43D13S812715: Overspeed. Drove faster than the limit.",
        }
        assert dict(told()) == words

    def test_is_not_told_again_when_it_goes_on_nor_when_it_is_taken_back_or_long_over(self, database, fleet, at, told):
        detect(database, at - timedelta(minutes=5), fleet.vehicle_id, "towing", 3, ended_at=None)
        detect(database, at, fleet.vehicle_id, "unplugged", 3, withdrawn_at=at)
        detect(database, at, fleet.vehicle_id, "fuel_drop", 61)
        assert told() == []
        detect(database, at, fleet.vehicle_id, "fuel_drop", 59)
        assert told() == [(fleet.vehicle_id, "Car 1: Fuel drop. Fuel went faster than an engine burns it.")]
