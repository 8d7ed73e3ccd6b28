"""Commands over the connection of a device, to a simulated tracker that answers, delays, doubles, lies and dies."""

import pytest

from portals.devices.connections import Busy, NotConnected, Unanswered
from portals.devices.conversation import CannotCommand

from .conftest import accepted, avl, eventually

UID = "860000000000003"


class TestCommand:
    def test_reaches_the_device_and_brings_back_its_answer(self, gateway):
        tracker = gateway.teltonika(3)
        said = gateway.command(UID, "setdigout 1")
        assert tracker.hear_command() == "setdigout 1"
        tracker.reply("DOUT1:1 Timeout:INFINITY")
        assert said.result(5) == "DOUT1:1 Timeout:INFINITY"

    def test_may_follow_another_that_was_answered(self, gateway):
        tracker = gateway.teltonika(3)
        for number in range(3):
            said = gateway.command(UID, f"getio {number}")
            assert tracker.hear_command() == f"getio {number}"
            tracker.reply(f"answer {number}")
            assert said.result(5) == f"answer {number}"

    def test_does_not_disturb_records(self, gateway, intake):
        tracker = gateway.teltonika(3)
        said = gateway.command(UID, "getver")
        assert tracker.hear_command() == "getver"
        tracker.send(avl())
        tracker.reply("Ver:03.27")
        tracker.send(avl(1))
        assert tracker.hear(8) == accepted(1) * 2
        assert said.result(5) == "Ver:03.27"
        assert len(intake.points(3)) == 2

    def test_is_answered_even_while_records_wait_for_the_store(self, gateway, intake):
        tracker = gateway.teltonika(3)
        intake.gate.clear()
        tracker.send(avl())
        assert intake.asked.wait(2)
        said = gateway.command(UID, "getver")
        assert tracker.hear_command() == "getver"
        tracker.reply("Ver:03.27")
        assert said.result(5) == "Ver:03.27"

    def test_to_a_device_that_is_not_connected_is_not_sent(self, gateway):
        with pytest.raises(NotConnected):
            gateway.command(UID, "getver").result(5)

    def test_to_a_device_that_still_owes_an_answer_is_not_sent(self, gateway):
        tracker = gateway.teltonika(3)
        first = gateway.command(UID, "getver")
        assert tracker.hear_command() == "getver"
        with pytest.raises(Busy):
            gateway.command(UID, "setdigout 1").result(5)
        tracker.reply("Ver:03.27")
        assert first.result(5) == "Ver:03.27"
        assert tracker.hears_nothing()

    def test_that_no_device_could_read_is_not_sent(self, gateway):
        tracker = gateway.teltonika(3)
        with pytest.raises(CannotCommand):
            gateway.command(UID, "двери").result(5)
        assert tracker.hears_nothing()

    def test_cannot_be_given_by_a_protocol_without_answers(self, gateway):
        gateway.device(3)
        with pytest.raises(CannotCommand):
            gateway.command(UID, "getver").result(5)

    def test_goes_to_the_newest_connection_of_a_device(self, gateway):
        old, new = gateway.teltonika(3), gateway.teltonika(3)
        said = gateway.command(UID, "getver")
        assert new.hear_command() == "getver"
        assert old.hears_nothing()
        old.socket.close()
        new.reply("Ver:03.27")
        assert said.result(5) == "Ver:03.27"
        again = gateway.command(UID, "getio")
        assert new.hear_command() == "getio"
        new.reply("DI1:1")
        assert again.result(5) == "DI1:1"


class TestSilentDevice:
    def test_is_cut_off_so_that_neither_its_answer_nor_the_command_comes_late(self, gateway, intake):
        tracker = gateway.teltonika(3)
        said = gateway.command(UID, "setdigout 1", timeout_s=0.2)
        assert tracker.hear_command() == "setdigout 1"
        with pytest.raises(Unanswered):
            said.result(5)
        with pytest.raises(ConnectionResetError):  # by an orderly end, what is unsent would still be delivered
            tracker.hear(1)
        with pytest.raises(NotConnected):
            gateway.command(UID, "setdigout 0").result(5)
        assert not intake.stored


class TestDyingDevice:
    def test_leaves_its_command_unanswered_at_once(self, gateway):
        tracker = gateway.teltonika(3)
        said = gateway.command(UID, "setdigout 1", timeout_s=60)
        assert tracker.hear_command() == "setdigout 1"
        tracker.socket.close()
        with pytest.raises(Unanswered):
            said.result(5)

    def test_is_no_longer_connected(self, gateway, intake):
        gateway.teltonika(3).socket.close()
        eventually(lambda: intake.beats and intake.beats[-1][1] == 0)
        with pytest.raises(NotConnected):
            gateway.command(UID, "getver").result(5)


class TestLyingDevice:
    def test_that_answers_twice_is_heard_once_and_the_rest_is_kept_as_text(self, gateway, intake):
        tracker = gateway.teltonika(3)
        said = gateway.command(UID, "setdigout 1")
        assert tracker.hear_command() == "setdigout 1"
        tracker.reply("DOUT1:1 Timeout:INFINITY")
        tracker.reply("DOUT1:0 Timeout:INFINITY")
        assert said.result(5) == "DOUT1:1 Timeout:INFINITY"
        eventually(lambda: intake.points(3))
        assert [point.extra for point in intake.points(3)] == [{"text": "DOUT1:0 Timeout:INFINITY"}]

    def test_that_answers_with_a_command_is_hung_up_on(self, gateway):
        tracker = gateway.teltonika(3)
        said = gateway.command(UID, "setdigout 1")
        heard = tracker.hear(8)
        whole = heard + tracker.hear(int.from_bytes(heard[4:], "big") + 4)
        tracker.send(whole)
        with pytest.raises(Unanswered):
            said.result(5)
        assert tracker.is_hung_up_on()

    def test_that_answers_with_a_wrong_checksum_is_hung_up_on(self, gateway):
        tracker = gateway.teltonika(3)
        said = gateway.command(UID, "setdigout 1")
        assert tracker.hear_command() == "setdigout 1"
        tracker.send(bytes.fromhex("000000000000000A0C010600000002") + b"ok\x01" + bytes(4))
        with pytest.raises(Unanswered):
            said.result(5)
        assert tracker.is_hung_up_on()
