"""Devices that nobody knows, and how they come into vehicles."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core import audit, outbox
from core.db import Database
from core.errors import Conflict, Forbidden, NotFound
from core.permissions import DEVICE, OPERATOR, Actor
from core.vehicles import queries, service
from core.vehicles.schemas import NewTracker, NewVehicle, VehicleStatus
from core.vehicles.service import unknown_devices
from tests.conftest import ROOT, Fleet

DEVICES = Actor("device", None, "devices", roles=frozenset({DEVICE}), parks=None)
UID = "860000000000099"


def note(database: Database, at: datetime, uid: str = UID, source: str = "osmand", address: str = "192.0.2.1") -> int:
    with database.transaction() as session:
        return service.note_unknown_device(
            session, actor=DEVICES, at=at, device_uid=uid, source=source, address=address
        )


def waiting(database: Database) -> list[dict[str, object]]:
    with database.reading() as reader:
        return queries.list_unknown_devices(reader, viewer=ROOT)


def claim(
    database: Database, at: datetime, vehicle_id: int, *, uid: str = UID, actor: Actor = ROOT, **how: object
) -> None:
    replace = bool(how.pop("replace", False))
    with database.transaction() as session:
        service.claim_device(
            session,
            actor=actor,
            at=at,
            source="osmand",
            vehicle_id=vehicle_id,
            tracker=NewTracker(device_uid=uid, **how),
            replace=replace,
        )


class TestAnUnknownDevice:
    def test_waits_with_when_and_whence_it_reported(self, database: Database, at: datetime) -> None:
        assert [note(database, at + timedelta(seconds=n), address=f"192.0.2.{n}") for n in range(3)] == [1, 2, 3]
        (device,) = waiting(database)
        assert device == {
            "device_uid": UID,
            "source": "osmand",
            "first_seen_at": at,
            "last_seen_at": at + timedelta(seconds=2),
            "seen_count": 3,
            "address": "192.0.2.2",
        }

    @pytest.mark.parametrize("uid", ["", "ab", "x" * 65, "a b c", "a\0bc", "../../etc", "'; DROP"])
    def test_is_not_noted_by_a_name_under_which_it_could_never_be_claimed(
        self, database: Database, at: datetime, uid: str
    ) -> None:
        assert note(database, at, uid) == 0
        assert waiting(database) == []

    def test_is_not_noted_when_it_is_in_a_vehicle(self, database: Database, fleet: Fleet, at: datetime) -> None:
        assert note(database, at, fleet.device_uid) == 0

    def test_that_reported_last_stays_when_there_are_too_many(
        self, database: Database, at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(unknown_devices, "KEPT", 3)
        for n in range(5):
            note(database, at + timedelta(seconds=n), f"device-{n}")
        assert [device["device_uid"] for device in waiting(database)] == ["device-4", "device-3", "device-2"]

    def test_can_be_forgotten(self, database: Database, at: datetime) -> None:
        note(database, at)
        with database.transaction() as session:
            service.forget_unknown_device(session, actor=ROOT, at=at, device_uid=UID, source="osmand")
        assert waiting(database) == []
        with pytest.raises(NotFound), database.transaction() as session:
            service.forget_unknown_device(session, actor=ROOT, at=at, device_uid=UID, source="osmand")

    def test_waits_no_longer_when_a_vehicle_is_registered_with_it(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        note(database, at)
        new = NewVehicle(
            vin="1M8GDM9AXKP042788", model="Bus", park_id=fleet.park_id, tracker=NewTracker(device_uid=UID)
        )
        with database.transaction() as session:
            service.register_vehicle(session, actor=ROOT, at=at, new=new)
        assert waiting(database) == []


class TestClaiming:
    def test_puts_the_device_into_the_vehicle(self, database: Database, fleet: Fleet, at: datetime) -> None:
        note(database, at)
        note(database, at, source="http")
        with database.reading() as reader:
            _, head = outbox.head(reader)
        claim(database, at, fleet.other_vehicle_id, key="its-own-key", family="fmb")
        with database.reading() as reader:
            device = queries.find_device(reader, device_uid=UID)
            record = queries.get_vehicle(reader, viewer=ROOT, vehicle_id=fleet.other_vehicle_id)
            facts = outbox.read_since(reader, head)
            entry = audit.list_entries(reader, viewer=ROOT)[0]
        assert device is not None
        assert device.accepts("its-own-key")
        assert not device.accepts(None)
        assert (record.device_uid, record.family) == (UID, "fmb")
        assert [(fact.name, fact.ids) for fact in facts] == [
            ("vehicles.tracker_paired", {"vehicle_id": fleet.other_vehicle_id})
        ]
        assert (entry["action"], entry["detail"]["device_uid"]) == ("vehicles.tracker_paired", UID)
        assert waiting(database) == []

    def test_takes_no_tracker_out_unless_that_is_meant(self, database: Database, fleet: Fleet, at: datetime) -> None:
        note(database, at)
        with pytest.raises(Conflict, match=fleet.device_uid) as refusal:
            claim(database, at, fleet.vehicle_id)
        assert refusal.value.facts == {"vehicle_id": fleet.vehicle_id}
        assert len(waiting(database)) == 1
        claim(database, at, fleet.vehicle_id, replace=True)
        with database.reading() as reader:
            assert queries.find_device(reader, device_uid=fleet.device_uid) is None
            entry = audit.list_entries(reader, viewer=ROOT)[0]
        assert entry["detail"]["replaced"] == fleet.device_uid

    def test_refuses_a_device_that_does_not_wait(self, database: Database, fleet: Fleet, at: datetime) -> None:
        with pytest.raises(NotFound, match="waits"):
            claim(database, at, fleet.other_vehicle_id)

    def test_refuses_a_vehicle_that_is_written_off_or_out_of_sight(
        self, database: Database, fleet: Fleet, at: datetime
    ) -> None:
        note(database, at)
        with pytest.raises(NotFound, match="no vehicle 4711"):
            claim(database, at, 4711)
        with database.transaction() as session:
            service.change_status(
                session,
                actor=ROOT,
                at=at,
                vehicle_id=fleet.other_vehicle_id,
                status=VehicleStatus.WRITTEN_OFF,
                reason="burnt",
            )
        with pytest.raises(Conflict, match="written off"):
            claim(database, at, fleet.other_vehicle_id)

    def test_is_for_administrators(self, database: Database, fleet: Fleet, at: datetime) -> None:
        note(database, at)
        operator = Actor("user", 2, "Operator", roles=frozenset({OPERATOR}), parks=None)
        with pytest.raises(Forbidden):
            claim(database, at, fleet.other_vehicle_id, actor=operator)
