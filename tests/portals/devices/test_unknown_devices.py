import pytest

from core import clock
from core.health import Beat
from core.telemetry.schemas import Point, Reading
from core.vehicles.models import UnknownDevice
from portals.devices.database_intake import DatabaseIntake
from portals.devices.recent import Recent

from .conftest import eventually


class TestUnknownDevice:
    def test_is_noted_with_its_source_and_address_and_refused(self, gateway, intake):
        device, tracker = gateway.connect(), gateway.connect_teltonika()
        device.say("#L#stranger;NA")
        assert device.hear() == "#AL#0"
        assert tracker.announce("123456789012345") == b"\x00"
        assert intake.unknown == [
            ("stranger", "wialon_ips", "127.0.0.1"),
            ("123456789012345", "teltonika", "127.0.0.1"),
        ]
        eventually(lambda: intake.turned_away("unknown device") == 2)

    def test_that_knocks_again_and_again_is_noted_once(self, gateway, intake):
        for _ in range(3):
            device = gateway.connect()
            device.say("#L#stranger;NA")
            assert device.hear() == "#AL#0"
        assert len(intake.unknown) == 1

    def test_is_noted_again_after_a_while(self, start_gateway, intake):
        gateway = start_gateway(note_again_s=0.0)
        for _ in range(2):
            device = gateway.connect()
            device.say("#L#stranger;NA")
            assert device.hear() == "#AL#0"
        assert len(intake.unknown) == 2

    def test_with_a_name_longer_than_the_registry_holds_is_not_noted(self, gateway, intake):
        device = gateway.connect()
        device.say(f"#L#{'x' * 65};NA")
        assert device.hear() == "#AL#0"
        assert not intake.unknown

    def test_is_refused_even_when_it_cannot_be_noted(self, gateway, intake):
        def fails(uid, *, source, address):
            raise ConnectionError("the database is away")

        intake.note_unknown = fails
        device = gateway.connect()
        device.say("#L#stranger;NA")
        assert device.hear() == "#AL#0"

    def test_is_a_known_device_with_a_wrong_key_never(self, gateway, intake):
        device = gateway.connect()
        device.say("#L#locked;wrong")
        assert device.hear() == "#AL#01"
        assert not intake.unknown


class TestDatabaseIntake:
    def test_keeps_an_unknown_device_and_counts_how_often(self, config, database):
        intake = DatabaseIntake(config, database)
        intake.note_unknown("stranger", source="teltonika", address="10.0.0.7")
        intake.note_unknown("stranger", source="teltonika", address="10.0.0.8")
        with database.transaction() as session:
            [device] = session.query(UnknownDevice)
            assert (device.device_uid, device.source, device.address, device.seen_count) == (
                "stranger", "teltonika", "10.0.0.8", 2
            )  # fmt: skip
            assert device.first_seen_at < device.last_seen_at <= clock.now()

    def test_says_in_which_vehicle_a_device_is(self, config, database, fleet):
        intake = DatabaseIntake(config, database)
        assert intake.identify(fleet.device_uid, fleet.device_key) == (fleet.vehicle_id, None)
        assert intake.identify(fleet.device_uid, None) == "wrong_key"
        assert intake.identify("stranger", None) is None

    def test_keeps_the_bytes_of_a_refused_record_as_digits(self, config, database, fleet):
        point = Point(ts=clock.now(), speed_kmh=999)
        reading = Reading(index=0, point=point, vehicle_id=fleet.vehicle_id, raw=b"\x08\x01\xff\x01")
        report = DatabaseIntake(config, database).ingest([reading], source="teltonika", refused=())
        assert [(refusal.rule, refusal.raw) for refusal in report.refused] == [("speed_impossible", "0801ff01")]

    def test_says_in_the_heartbeat_what_was_turned_away(self, config, database):
        DatabaseIntake(config, database).beat(12.0, 3, {"wrong checksum": 2, "unknown device": 1})
        with database.transaction() as session:
            [beat] = session.query(Beat)
            assert beat.words == "3 devices connected; turned away since the start: 1 unknown device, 2 wrong checksum"


class TestRecent:
    @pytest.fixture
    def recent(self):
        return Recent(most=2, for_s=10)

    def test_remembers_for_a_while(self, recent):
        recent.put("a", None, 0)
        assert recent.get("a", 9) == (None,)
        assert recent.get("a", 10) is None
        assert recent.get("b", 0) is None

    def test_forgets_the_oldest_when_there_are_too_many(self, recent):
        for now, key in enumerate("abac"):
            recent.put(key, now, now)
        assert len(recent) == 2
        assert (recent.get("a", 3), recent.get("b", 3), recent.get("c", 3)) == ((2,), None, (3,))
