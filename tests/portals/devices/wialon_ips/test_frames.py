import tracemalloc
import zlib

import pytest

from portals.devices.conversation import Unreadable
from portals.devices.wialon_ips.frames import FrameSplitter

# A real compressed login: mark, length 24 low byte first, zlib stream.
COMPRESSED_LOGIN = bytes.fromhex("FF180078DA53F651CECC4DCDB42E482C2E2ECF2F4A01002D1C05E5")


def packets(*chunks, max_bytes=1_000):
    splitter = FrameSplitter(max_bytes)
    found = []
    for chunk in chunks:
        splitter.feed(chunk)
        while (packet := splitter.next_packet()) is not None:
            found.append(packet)
    return found


def compressed(packet):
    data = zlib.compress(packet)
    return b"\xff" + len(data).to_bytes(2, "little") + data


class TestFrameSplitter:
    def test_gives_back_packets_without_their_line_ends(self):
        assert packets(b"#P#\r\n#M#a\r\n") == [b"#P#", b"#M#a"]

    def test_waits_for_the_other_half_of_a_frame(self):
        assert packets(b"#M#ab") == []
        assert packets(b"#M#ab", b"c\r", b"\n#P") == [b"#M#abc"]

    def test_gives_the_same_packets_however_the_bytes_are_cut(self):
        stream = b"#P#\r\n" + COMPRESSED_LOGIN + b"#M#\xd0\x91\r\n" + COMPRESSED_LOGIN
        whole = packets(stream)
        assert whole == [b"#P#", b"#L#imei;password", b"#M#\xd0\x91", b"#L#imei;password"]
        assert packets(*(bytes([byte]) for byte in stream)) == whole

    def test_skips_blank_lines(self):
        assert packets(b"\r\n\r\n#P#\r\n\n#P#\n") == [b"#P#", b"#P#"]

    def test_takes_a_compressed_packet_with_or_without_its_line_end(self):
        assert packets(compressed(b"#P#\r\n") + compressed(b"#P#")) == [b"#P#", b"#P#"]

    def test_takes_a_frame_of_the_allowed_size_and_not_one_byte_more(self):
        assert packets(b"#M#" + b"a" * 96 + b"\r\n", max_bytes=100) == [b"#M#" + b"a" * 96]
        with pytest.raises(Unreadable):
            packets(b"#M#" + b"a" * 97 + b"\r\n", max_bytes=99)

    @pytest.mark.parametrize(
        ("start", "answer"),
        [
            (b"#B#", b"#AB#0\r\n"),
            (b"#D#", b"#AD#-1\r\n"),
            (b"#SD#", b"#ASD#-1\r\n"),
            (b"#M#", b"#AM#0\r\n"),
            (b"#L#", b"#AL#0\r\n"),
            (b"GET / ", b""),
        ],
    )
    def test_answers_an_oversize_frame_in_the_words_of_its_type(self, start, answer):
        for frame in (start + b"1" * 200, compressed(start + b"1" * 200)):
            with pytest.raises(Unreadable) as refusal:
                packets(frame, max_bytes=100)
            assert refusal.value.answer == answer

    def test_does_not_unpack_a_bomb(self):
        bomb = compressed(b"#M#" + b"0" * 30_000_000)
        tracemalloc.start()
        with pytest.raises(Unreadable, match="larger than 65536"):
            packets(bomb, max_bytes=65_536)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1_000_000

    @pytest.mark.parametrize(
        "frame",
        [
            b"\xff\x00\x00",
            b"\xff\x04\x00abcd",
            compressed(b""),
            compressed(b"#P#\r\n#P#\r\n"),
            b"\xff\x1c\x00" + COMPRESSED_LOGIN[3:] + b"junk",
            b"\xff\x10\x00" + COMPRESSED_LOGIN[3:19],
        ],
    )
    def test_refuses_a_compressed_frame_that_is_not_exactly_one_packet(self, frame):
        with pytest.raises(Unreadable):
            packets(frame)
