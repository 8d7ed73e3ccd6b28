import time

import pytest

from portals.devices.teltonika.frames import frame

from .conftest import accepted, avl, eventually
from .teltonika import real_frames


class TestLogin:
    def test_of_a_known_imei_is_accepted_with_a_byte(self, gateway):
        gateway.teltonika(1)

    @pytest.mark.parametrize("imei", ["123456789012345", "locked"])
    def test_of_a_device_that_is_unknown_or_should_show_a_key_is_refused(self, gateway, intake, imei):
        tracker = gateway.connect_teltonika()
        assert tracker.announce(imei) == b"\x00"
        assert tracker.is_hung_up_on()
        assert not intake.stored

    def test_may_be_followed_by_records_without_waiting(self, gateway, intake):
        tracker = gateway.connect_teltonika()
        tracker.send(b"\x00\x0f860000000000007" + avl())
        assert tracker.hear(5) == b"\x01" + accepted(1)
        assert len(intake.points(7)) == 1

    def test_must_come_before_records(self, gateway, intake):
        tracker = gateway.connect_teltonika()
        tracker.send(avl())
        assert tracker.is_hung_up_on()
        assert not intake.stored

    def test_of_a_browser_is_refused(self, gateway):
        tracker = gateway.connect_teltonika()
        tracker.send(b"GET / HTTP/1.1\r\n\r\n")
        assert tracker.hear(1) == b"\x00"
        assert tracker.is_hung_up_on()

    def test_says_by_which_family_the_values_are_read(self, gateway, intake):
        intake.families["860000000000003"] = "fm36"
        tracker = gateway.teltonika(3)
        tracker.send(real_frames.WITH_OBD)
        assert tracker.hear() == accepted(1)
        assert intake.points(3)[0].rpm is None


class TestAnswer:
    @pytest.mark.parametrize(
        ("whole", "number"), list(zip(real_frames.DATA, (1, 2, 1, 1, 1, 2), strict=True)), ids=range(6)
    )
    def test_to_a_real_frame_is_the_number_of_its_records(self, gateway, intake, whole, number):
        tracker = gateway.teltonika(4)
        tracker.send(whole)
        assert tracker.hear() == accepted(number)
        assert len(intake.points(4)) == number

    def test_waits_until_the_records_are_durable(self, gateway, intake):
        tracker = gateway.teltonika()
        intake.gate.clear()
        tracker.send(avl())
        assert intake.asked.wait(2)
        assert tracker.hears_nothing()
        intake.gate.set()
        assert tracker.hear() == accepted(1)

    def test_never_comes_when_they_could_not_be_stored(self, gateway, intake):
        tracker = gateway.teltonika()
        intake.outage = True
        tracker.send(avl())
        assert tracker.is_hung_up_on()

    def test_counts_what_a_quality_rule_refused_because_it_was_kept(self, gateway, intake):
        tracker = gateway.teltonika(3)
        tracker.send(avl(speed=300, records=3))
        assert tracker.hear() == accepted(3)
        assert [refusal.rule for refusal in intake.refused] == ["speed_impossible"] * 3
        assert all(refusal.raw.startswith("0801") for refusal in intake.refused)

    def test_to_a_frame_that_is_sent_again_is_the_same(self, gateway, intake):
        tracker = gateway.teltonika(3)
        tracker.send(avl(records=2) * 2)
        assert tracker.hear(8) == accepted(2) * 2
        assert len(intake.points(3)) == 2

    def test_to_a_frame_whose_parts_do_not_fit_is_its_number_after_it_was_kept(self, gateway, intake):
        tracker = gateway.teltonika(3)
        tracker.send(frame(b"\x08\x02" + bytes(20) + b"\x02"))
        assert tracker.hear() == accepted(2)
        assert [(refusal.rule, refusal.raw[:4]) for refusal in intake.refused] == [("malformed", "0802")]

    def test_comes_in_the_order_of_the_frames(self, gateway, intake):
        tracker = gateway.teltonika(3)
        intake.gate.clear()
        tracker.send(b"".join(avl(second * 10, records=second) for second in range(1, 6)))
        assert tracker.hears_nothing()
        intake.gate.set()
        assert tracker.hear(20) == b"".join(map(accepted, range(1, 6)))

    @pytest.mark.parametrize("place", [12, -1])
    def test_to_a_frame_with_a_wrong_checksum_is_none(self, gateway, intake, place):
        tracker = gateway.teltonika(3)
        broken = bytearray(avl(1))
        broken[place] ^= 1
        tracker.send(avl() + broken + avl(2))
        assert tracker.hear() == accepted(1)
        assert tracker.is_hung_up_on()
        assert len(intake.points(3)) == 1
        eventually(lambda: intake.turned_away("wrong checksum") == 1)


class TestKeepAlive:
    def test_keeps_a_silent_device_connected(self, start_gateway):
        tracker = start_gateway(idle_s=0.4).teltonika()
        for _ in range(5):
            time.sleep(0.15)
            tracker.send(b"\xff")
        tracker.send(b"\xff" + avl())
        assert tracker.hear() == accepted(1)


class TestText:
    def test_that_nobody_asked_for_is_kept_as_a_point(self, gateway, intake):
        tracker = gateway.teltonika(3)
        tracker.send(real_frames.CODEC_13 + real_frames.RESPONSE_TO_GETIO + avl())
        assert tracker.hear() == accepted(1)
        first, second, _ = intake.points(3)
        assert first.ts.isoformat() == "2023-04-03T20:45:05+00:00"
        assert first.extra == {"text": "GTSL|6|1|0|12749884|1|"}
        assert second.extra["text"].startswith("DI1:1")


class TestDevicesOfTwoProtocols:
    def test_are_served_side_by_side(self, gateway, intake):
        tracker, device = gateway.teltonika(1), gateway.device(2)
        tracker.send(avl())
        device.say("#SD#200524;140000;5544.6025;N;03739.6834;E;40;2;3;9")
        assert tracker.hear() == accepted(1)
        assert device.hear() == "#ASD#1"
        assert len(intake.points(1)) == len(intake.points(2)) == 1
