import socket
import time

import pytest

from .conftest import eventually, record


class TestSilentDevice:
    def test_that_never_logs_in_is_hung_up_on(self, start_gateway):
        device = start_gateway(login_s=0.2).connect()
        assert device.is_hung_up_on()

    def test_that_dribbles_its_login_is_hung_up_on(self, start_gateway):
        device = start_gateway(login_s=0.3, close_s=0.1).connect()
        started = time.monotonic()
        with pytest.raises(OSError):
            for _ in range(100):
                device.send(b"#")
                time.sleep(0.03)
        assert time.monotonic() - started < 8

    def test_that_leaves_a_frame_unfinished_is_hung_up_on(self, start_gateway, intake):
        device = start_gateway(frame_s=0.2).device(5)
        device.send(f"#D#{record()}\r\n#D#{record(1)}".encode())
        assert device.hear() == "#AD#1"
        assert device.is_hung_up_on()
        assert len(intake.points(5)) == 1

    def test_that_dribbles_a_frame_is_hung_up_on(self, start_gateway):
        device = start_gateway(frame_s=0.3, close_s=0.1).device()
        with pytest.raises(OSError):
            for _ in range(100):
                device.send(b"#")
                time.sleep(0.03)

    def test_that_says_nothing_for_long_is_hung_up_on(self, start_gateway):
        assert start_gateway(idle_s=0.2).device().is_hung_up_on()

    def test_that_pings_stays(self, start_gateway):
        device = start_gateway(idle_s=0.4).device()
        for _ in range(6):
            time.sleep(0.15)
            device.say("#P#")
            assert device.hear() == "#AP#"

    def test_that_waits_for_a_slow_answer_has_not_left_a_frame_unfinished(self, start_gateway, intake):
        device = start_gateway(frame_s=0.2, frames_in_flight=1).device()
        intake.gate.clear()
        device.send(f"#D#{record()}\r\n#D#{record(1)}\r\n#D#".encode())
        time.sleep(0.5)
        intake.gate.set()
        assert [device.hear(), device.hear()] == ["#AD#1", "#AD#1"]
        assert device.is_hung_up_on()


class TestGreedyDevice:
    @pytest.mark.parametrize(
        ("start", "answer"), [("#B#", "#AB#0"), ("#D#", "#AD#-1"), ("#SD#", "#ASD#-1"), ("#M#", "#AM#0")]
    )
    def test_that_sends_an_oversize_frame_is_told_and_hung_up_on(self, gateway, start, answer):
        device = gateway.device()
        device.send(start.encode() + b"1" * 200_000)
        assert device.hear() == answer
        assert device.hear() == ""

    def test_that_sends_a_full_black_box_is_served(self, gateway, intake):
        device = gateway.device(5)
        records = [record(n) for n in range(1_000)]
        box = "#B#" + "|".join(records)
        assert 60_000 < len(box) < 65_536
        device.say(box)
        assert device.hear() == "#AB#1000"

    def test_that_does_not_read_its_answers_is_cut_off(self, start_gateway):
        gateway = start_gateway(unread_answer_bytes=1_000)
        device = gateway.connect(receive_bytes=2_048)
        device.say("#L#860000000000001;NA")
        with pytest.raises(OSError):
            for _ in range(5_000):
                device.send(b"#P#\r\n" * 1_000)

    def test_is_read_no_faster_than_its_readings_are_stored(self, start_gateway, intake):
        gateway = start_gateway(frames_in_flight=4, readings_in_flight=3, batch_readings=2)
        device = gateway.device(5)
        intake.gate.clear()
        device.say(*(f"#D#{record(n)}" for n in range(50)))
        time.sleep(0.3)
        intake.gate.set()
        assert {device.hear() for _ in range(50)} == {"#AD#1"}
        assert len(intake.points(5)) == 50

    def test_that_pings_without_pause_gets_every_answer(self, start_gateway):
        device = start_gateway(frames_in_flight=4).device()
        device.say(*["#P#"] * 1_000)
        assert {device.hear() for _ in range(1_000)} == {"#AP#"}

    def test_is_turned_away_when_all_connections_are_taken(self, start_gateway):
        gateway = start_gateway(connections=2)
        first, second = gateway.device(1), gateway.device(2)
        assert gateway.connect().is_hung_up_on()
        first.socket.close()
        eventually(lambda: gateway.connect().hears_nothing(0.05))
        second.say("#P#")
        assert second.hear() == "#AP#"


class TestFullGateway:
    def test_stops_reading_and_goes_on_with_everyone_once_there_is_room(self, start_gateway, intake):
        gateway = start_gateway(waiting_readings=20, batch_readings=5)
        devices = [gateway.device(number) for number in range(1, 11)]
        intake.gate.clear()
        for device in devices:
            device.say(*(f"#D#{record(n)}" for n in range(30)))
        latecomer = gateway.connect()
        latecomer.say("#L#860000000000050;NA")
        assert latecomer.hears_nothing()
        intake.gate.set()
        for device in devices:
            assert [device.hear() for _ in range(30)] == ["#AD#1"] * 30
        assert latecomer.hear() == "#AL#1"
        assert len(intake.stored) == 300


class TestHalfClosedConnection:
    def test_still_gets_its_answers(self, gateway, intake):
        device = gateway.connect()
        device.say("#L#860000000000001;NA", f"#D#{record()}", "#P#")
        device.socket.shutdown(socket.SHUT_WR)
        assert [device.hear() for _ in range(4)] == ["#AL#1", "#AD#1", "#AP#", ""]
