import zlib

import pytest

from .conftest import avl, eventually, record, signed
from .teltonika import real_frames

SHORT = "200524;140000;5544.6025;N;03739.6834;E;40;2;3;9"
UID = "860000000000003"


def channel(content, *, uid=UID, packet_id=0xCAFE, avl_packet_id=5):
    imei = uid.encode()
    rest = packet_id.to_bytes(2, "big") + bytes((1, avl_packet_id)) + len(imei).to_bytes(2, "big") + imei + content
    return len(rest).to_bytes(2, "big") + rest


def content(frame):
    return frame[8:-4]


@pytest.fixture
def wialon(gateway):
    return gateway.talker("wialon_ips")


@pytest.fixture
def teltonika(gateway):
    return gateway.talker("teltonika")


class TestWialonDatagram:
    @pytest.mark.parametrize(
        ("packet", "answer"),
        [
            (f"{UID}#SD#{SHORT}", b"#ASD#1\r\n"),
            (f"{UID}#SD#{SHORT}\r\n", b"#ASD#1\r\n"),
            (f"{UID}#D#{record()}", b"#AD#1\r\n"),
            (f"{UID}#D#{record(speed='300')}", b"#AD#11\r\n"),
            (f"{UID}#B#{record(1)}|junk|{record(2)}", b"#AB#2\r\n"),
            (f"{UID}#M#hello", b"#AM#1\r\n"),
            (f"{UID}#P#", b"#AP#\r\n"),
            (f"2.0;{UID}" + signed("D", f"{record()};"), b"#AD#1\r\n"),
            (f"2.0;{UID}#D#{record()};0000", b"#AD#16\r\n"),
            (f"2.0;{UID}#SD#270413;205601;5544.6025;N;03739.6834;E;1;2;3;4;1985", b"#ASD#1\r\n"),
        ],
    )
    def test_is_answered_by_one(self, wialon, packet, answer):
        assert wialon.ask(packet.encode()) == answer

    def test_is_durable_before_it_is_answered(self, wialon, intake):
        intake.gate.clear()
        wialon.socket.send(f"{UID}#SD#{SHORT}".encode())
        assert intake.asked.wait(2)
        assert wialon.hears_nothing()
        intake.gate.set()
        assert wialon.socket.recv(100) == b"#ASD#1\r\n"
        assert len(intake.points(3)) == 1

    def test_may_be_compressed(self, wialon):
        packed = zlib.compress(f"{UID}#SD#{SHORT}".encode())
        assert wialon.ask(b"\xff" + len(packed).to_bytes(2, "little") + packed) == b"#ASD#1\r\n"

    @pytest.mark.parametrize(
        "junk",
        [
            b"",
            b"\xff",
            b"\xff\x02\x00ab",
            b"hello",
            b"#P#",
            b"2.0;#P#",
            b"x" * 129 + b"#P#",
            UID.encode() + b"#Q#",
            UID.encode() + b"#L#a;b",
            UID.encode() + b"#P#\r\n#P#",
        ],
    )
    def test_that_is_none_is_not_answered(self, wialon, junk):
        wialon.socket.send(junk)
        assert wialon.ask(f"{UID}#P#".encode()) == b"#AP#\r\n"
        assert wialon.hears_nothing(0.05)


class TestTeltonikaDatagram:
    def test_is_answered_with_its_numbers(self, teltonika, intake):
        answer = teltonika.ask(channel(content(real_frames.TWO_RECORDS)))
        assert answer == bytes.fromhex("0005CAFE010502")
        assert len(intake.points(3)) == 2

    @pytest.mark.parametrize(
        "change",
        [
            lambda data: data[:4],
            lambda data: data[:-1],
            lambda data: data + b"\x00",
            lambda data: data[:4] + b"\x00" + data[5:],
            lambda data: data[:6] + b"\x00\xff" + data[8:],
            lambda data: channel(content(real_frames.RESPONSE_TO_GETIO)),
            lambda data: channel(content(real_frames.NO_FIX), uid="8600 0000"),
            lambda data: channel(content(real_frames.NO_FIX)[:-1] + b"\x02"),
        ],
    )
    def test_of_a_wrong_form_is_not_answered(self, teltonika, change):
        teltonika.socket.send(change(channel(content(avl()))))
        assert teltonika.ask(channel(content(avl()))) == bytes.fromhex("0005CAFE010501")
        assert teltonika.hears_nothing(0.05)


class TestSenderOfDatagrams:
    def test_is_asked_for_once_in_a_while(self, wialon, intake):
        asked = []
        identify = intake.identify
        intake.identify = lambda uid, key: asked.append((uid, key)) or identify(uid, key)
        for second in range(5):
            assert wialon.ask(f"{UID}#D#{record(second)}".encode()) == b"#AD#1\r\n"
        assert asked == [(UID, None)]

    def test_that_nobody_knows_is_not_answered_and_noted_once(self, gateway, intake):
        talker = gateway.talker("wialon_ips")
        for _ in range(3):
            talker.socket.send(f"stranger#SD#{SHORT}".encode())
        assert talker.ask(f"{UID}#P#".encode()) == b"#AP#\r\n"
        assert talker.hears_nothing(0.05)
        eventually(lambda: intake.turned_away("unknown device") == 3)
        assert intake.unknown == [("stranger", "wialon_ips", "127.0.0.1")]

    def test_that_should_show_a_key_is_not_served(self, gateway, intake):
        talker = gateway.talker("wialon_ips")
        talker.socket.send(f"locked#SD#{SHORT}".encode())
        assert talker.hears_nothing()
        assert not intake.stored
        eventually(lambda: intake.turned_away("key not shown") == 1)

    def test_that_cannot_be_identified_now_is_served_later(self, wialon, intake):
        intake.outage = True
        wialon.socket.send(f"{UID}#SD#{SHORT}".encode())
        assert wialon.hears_nothing()
        intake.outage = False
        assert wialon.ask(f"{UID}#SD#{SHORT}".encode()) == b"#ASD#1\r\n"

    def test_of_readings_that_could_not_be_stored_is_not_answered(self, start_gateway, intake):
        talker = start_gateway(retry_after_s=()).talker("wialon_ips")
        assert talker.ask(f"{UID}#P#".encode()) == b"#AP#\r\n"
        intake.outage = True
        talker.socket.send(f"{UID}#SD#{SHORT}".encode())
        assert talker.hears_nothing()
        intake.outage = False
        assert talker.ask(f"{UID}#SD#{SHORT}".encode()) == b"#ASD#1\r\n"

    def test_whose_vehicle_is_gone_is_not_answered(self, wialon, intake):
        intake.gone.add(3)
        wialon.socket.send(f"{UID}#SD#{SHORT}".encode())
        assert wialon.hears_nothing()

    def test_cannot_fill_the_gateway_alone(self, start_gateway, intake):
        gateway = start_gateway(readings_in_flight=3)
        greedy, modest = gateway.talker("wialon_ips"), gateway.talker("wialon_ips")
        assert greedy.ask(f"{UID}#P#".encode()) == b"#AP#\r\n"
        intake.gate.clear()
        for second in range(20):
            greedy.socket.send(f"{UID}#D#{record(second)}".encode())
        modest.socket.send(f"860000000000004#D#{record()}".encode())
        eventually(lambda: intake.turned_away("too many datagrams") == 17)
        intake.gate.set()
        assert modest.socket.recv(100) == b"#AD#1\r\n"
        assert len(intake.points(3)) == 3

    def test_may_go_on_once_it_was_answered(self, start_gateway):
        talker = start_gateway(readings_in_flight=2).talker("wialon_ips")
        answers = [talker.ask(f"{UID}#D#{record(second)}".encode()) for second in range(5)]
        assert answers == [b"#AD#1\r\n"] * 5

    def test_who_makes_up_names_is_forgotten(self, start_gateway, intake):
        gateway = start_gateway(remembered_devices=5, notes_a_minute=7, identifying=50)
        talker = gateway.talker("wialon_ips")
        for number in range(40):
            talker.socket.send(f"stranger{number}#P#".encode())
        eventually(lambda: intake.turned_away("unknown device") == 40)
        assert len(intake.unknown) <= 14
        assert talker.ask(f"{UID}#P#".encode()) == b"#AP#\r\n"


class TestStop:
    def test_answers_the_datagrams_that_were_taken_in(self, gateway, intake):
        talker = gateway.talker("wialon_ips")
        assert talker.ask(f"{UID}#P#".encode()) == b"#AP#\r\n"
        intake.gate.clear()
        talker.socket.send(f"{UID}#SD#{SHORT}".encode())
        assert intake.asked.wait(2)
        gateway.begin_stop()
        intake.gate.set()
        assert talker.socket.recv(100) == b"#ASD#1\r\n"
