"""Any bytes at all: the decoder reads them or refuses in its own words, and never raises otherwise."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from portals.devices.conversation import Unreadable
from portals.devices.crc16 import crc16
from portals.devices.wialon_ips.frames import FrameSplitter
from portals.devices.wialon_ips.packets import RAW_LENGTH, Records, decode

ARRIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAX_BYTES = 2_000
GOOD = b"270413;205601;5544.6025;N;03739.6834;E;1;2;3;4;0.9;0;0;1.5;NA;ign:1:1,hw:3:V4.5"

pieces = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"#", b";", b"|", b":", b",", b"NA", b"\r\n", b"\n", b"\xff", b"\x00", b"nan", b"-", b"9" * 30]),
    st.sampled_from([b"#D#", b"#SD#", b"#B#", b"#M#", b"#L#", b"#P#", GOOD, GOOD + b"|"]),
)
streams = st.lists(pieces, max_size=30).map(b"".join)
kinds = st.sampled_from([b"D", b"SD", b"B", b"M", b"L"])


def read(packet, *, checksummed):
    try:
        result = decode(packet, checksummed=checksummed, received_at=ARRIVED)
    except Unreadable:
        return
    if isinstance(result, Records):
        for point, raw in result.good:
            texts = "".join(map(str, [raw, point.driver_key, *point.extra, *point.extra.values()]))
            assert "\0" not in texts.encode().decode()
            assert len(raw) <= RAW_LENGTH
            numbers = [*msgspec.structs.asdict(point).values(), *point.extra.values()]
            assert all(abs(number) < 1e18 for number in numbers if isinstance(number, int | float))
        assert all(bad.detail and len(bad.detail) < 400 and len(bad.raw) <= RAW_LENGTH for bad in result.bad)


class TestAnyBytes:
    @settings(max_examples=300, deadline=None)
    @given(chunks=st.lists(streams, max_size=5), checksummed=st.booleans())
    def test_are_split_and_read_or_refused(self, chunks, checksummed):
        splitter = FrameSplitter(MAX_BYTES)
        try:
            for chunk in chunks:
                splitter.feed(chunk)
                while (packet := splitter.next_packet()) is not None:
                    read(packet, checksummed=checksummed)
                assert splitter.waiting <= max(MAX_BYTES, 65_538)
        except Unreadable:
            return

    @settings(max_examples=300, deadline=None)
    @given(kind=kinds, body=streams)
    def test_with_a_right_checksum_are_read_or_refused(self, kind, body):
        body += b"|" if kind == b"B" else b";"
        read(b"#%b#%b%04X" % (kind, body, crc16(body)), checksummed=True)

    @settings(max_examples=300, deadline=None)
    @given(place=st.integers(0, len(GOOD)), junk=pieces, cut=st.integers(0, 6))
    def test_in_the_middle_of_a_good_record_are_read_or_refused(self, place, junk, cut):
        read(b"#D#" + GOOD[:place] + junk + GOOD[place + cut :], checksummed=False)
