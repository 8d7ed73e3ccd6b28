import zlib

import pytest

from .conftest import record, signed

SHORT = "200524;140000;5544.6025;N;03739.6834;E;40;2;3;9"


def compressed(line):
    data = zlib.compress(line.encode())
    return b"\xff" + len(data).to_bytes(2, "little") + data


class TestAnswer:
    @pytest.mark.parametrize(
        ("line", "answer"),
        [
            (f"#D#{record()}", "#AD#1"),
            ("#D#1;2;3", "#AD#-1"),
            (f"#D#{record().replace('200524', '990024')}", "#AD#0"),
            (f"#D#{record().replace('200524', '200500')}", "#AD#0"),
            (f"#D#{record().replace('5544.6025', 'x')}", "#AD#10"),
            (f"#D#{record().replace('5544.6025', '9944.6025')}", "#AD#10"),
            (f"#D#{record(params='jumps:1:1')}", "#AD#10"),
            (f"#D#{record(speed='fast')}", "#AD#11"),
            (f"#D#{record(speed='300')}", "#AD#11"),
            (f"#D#{record().replace(';2;3;9;', ';400;3;9;')}", "#AD#11"),
            (f"#D#{record().replace(';9;0.9;', ';x;0.9;')}", "#AD#12"),
            (f"#D#{record().replace(';9;0.9;', ';2;0.9;')}", "#AD#12"),
            (f"#D#{record().replace(';0;0;;', ';x;0;;')}", "#AD#13"),
            (f"#D#{record().replace(';0;0;;', ';0;0;x;')}", "#AD#14"),
            (f"#D#{record(params='rpm')}", "#AD#15"),
            (f"#D#{record(params='rpm:1:20000')}", "#AD#15"),
            (f"#D#{record(params='fuel:1:101')}", "#AD#15"),
            (f"#SD#{SHORT}", "#ASD#1"),
            (f"#SD#{SHORT};1", "#ASD#-1"),
            (f"#SD#{SHORT.replace(';40;', ';300;')}", "#ASD#11"),
            (f"#B#{record(1)}|{record(2)}|{SHORT}", "#AB#3"),
            (f"#B#{record(1)}|junk|{record(2, speed='300')}|{record(3)}|", "#AB#2"),
            ("#B#junk", "#AB#0"),
            ("#B#", "#AB#0"),
            ("#M#the door is stuck", "#AM#1"),
            ("#M#", "#AM#0"),
            ("#P#", "#AP#"),
        ],
    )
    def test_says_what_became_of_the_packet(self, gateway, line, answer):
        device = gateway.device()
        device.say(line, "#P#")
        assert [device.hear(), device.hear()] == [answer, *["#AP#"]]

    @pytest.mark.parametrize(
        ("line", "answer"),
        [
            (signed("D", f"{record()};"), "#AD#1"),
            (f"#D#{record()};0000", "#AD#16"),
            (f"#SD#{SHORT};0000", "#ASD#13"),
            (f"#B#{record()}|0000", "#AB#"),
            ("#M#hello;0000", "#AM#01"),
            (signed("M", "hello;"), "#AM#1"),
            (signed("B", f"{record()}|{SHORT}|"), "#AB#2"),
        ],
    )
    def test_in_version_2_tells_a_wrong_checksum(self, gateway, line, answer):
        device = gateway.device(version="2.0")
        device.say(line)
        assert device.hear() == answer

    def test_to_a_compressed_packet_is_the_same(self, gateway, intake):
        device = gateway.device(3)
        device.send(compressed(f"#D#{record()}") + f"#D#{record(1)}\r\n".encode() + compressed("#P#\r\n"))
        assert [device.hear() for _ in range(3)] == ["#AD#1", "#AD#1", "#AP#"]
        assert len(intake.points(3)) == 2

    def test_to_a_record_sent_twice_is_yes_both_times(self, gateway, intake):
        device = gateway.device(3)
        device.say(f"#D#{record()}", f"#D#{record()}", f"#B#{record()}|{record(1)}")
        assert [device.hear() for _ in range(3)] == ["#AD#1", "#AD#1", "#AB#2"]
        assert len(intake.points(3)) == 2

    def test_comes_in_the_order_of_the_packets(self, gateway, intake):
        device = gateway.device(3)
        intake.gate.clear()
        device.say(f"#D#{record()}", "#P#", "#D#junk", f"#SD#{SHORT}", f"#B#{record(1)}|junk", "#M#hello", "#P#")
        assert device.hears_nothing()
        intake.gate.set()
        heard = [device.hear() for _ in range(7)]
        assert heard == ["#AD#1", "#AP#", "#AD#-1", "#ASD#1", "#AB#1", "#AM#1", "#AP#"]

    def test_to_records_of_a_vehicle_that_is_gone_is_none(self, gateway, intake):
        device = gateway.device(3)
        intake.gone.add(3)
        device.say(f"#D#{record()}")
        assert device.is_hung_up_on()


class TestRefusedRecord:
    def test_is_kept_with_its_text_and_what_was_wrong(self, gateway, intake):
        device = gateway.device(3)
        device.say(f"#B#{record()}|junk|{record(1, speed='300')}", f"#D#{record(2, params='rpm')}")
        assert [device.hear(), device.hear()] == ["#AB#1", "#AD#15"]
        kept = {(refusal.rule, refusal.raw) for refusal in intake.refused}
        assert kept == {
            ("malformed", "#B#junk"),
            ("malformed", f"#D#{record(2, params='rpm')}"),
            ("speed_impossible", f"#B#{record(1, speed='300')}"),
        }
        assert {refusal.vehicle_id for refusal in intake.refused} == {3}
