"""Any bytes at all: the decoder reads them or refuses in its own words, and never raises otherwise."""

import contextlib

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from portals.devices.conversation import Fitted, Login, Reply, Unreadable
from portals.devices.teltonika.conversation import TeltonikaConversation
from portals.devices.teltonika.datagrams import open_datagram
from portals.devices.teltonika.frames import frame
from portals.devices.teltonika.records import EXTRA_COUNT

from ..wialon_ips.test_fuzz import ARRIVED
from . import real_frames

contents = st.sampled_from([whole[8:-4] for whole in real_frames.DATA])
codecs = st.sampled_from([b"\x08\x01", b"\x8e\x01", b"\x10\x01", b"\x0c\x01\x06", b"\x0d\x01\x06", b"\x0e\x01\x11"])


def read(*chunks):
    conversation = TeltonikaConversation()
    conversation.welcome(Fitted(1))
    try:
        for chunk in chunks:
            conversation.feed(chunk)
            while (packet := conversation.next_packet(lambda: ARRIVED)) is not None:
                if not isinstance(packet, Login):
                    check(packet.unasked if isinstance(packet, Reply) else packet)
            assert conversation.waiting < 5_000
    except Unreadable:
        return


def check(records):
    for point, raw in records.good:
        assert len(raw) <= 4_096
        assert len(point.extra) <= EXTRA_COUNT + 5
        assert (point.lat is None) == (point.lon is None)
        texts = "".join(map(str, [point.driver_key, *point.extra, *point.extra.values()]))
        assert "\0" not in texts.encode().decode()
        assert msgspec.json.encode(point)
    assert all(bad.detail for bad in records.bad)


class TestAnyBytes:
    @settings(max_examples=150, deadline=None)
    @given(chunks=st.lists(st.binary(max_size=60), max_size=5))
    def test_are_split_or_refused(self, chunks):
        read(*chunks)

    @settings(max_examples=200, deadline=None)
    @given(codec=codecs, body=st.binary(max_size=120))
    def test_in_a_right_frame_are_read_or_refused(self, codec, body):
        read(frame(codec + body + codec[1:2]))

    @settings(max_examples=200, deadline=None)
    @given(content=contents, place=st.integers(0, 170), junk=st.binary(max_size=6), cut=st.integers(0, 6))
    def test_in_the_middle_of_real_records_are_read_or_refused(self, content, place, junk, cut):
        read(frame(content[:place] + junk + content[place + cut :]))

    @settings(max_examples=150, deadline=None)
    @given(data=st.binary(max_size=60))
    def test_in_a_datagram_are_read_or_refused(self, data):
        head = b"\xca\xfe\x01\x05\x00\x0f860000000000001"
        for datagram in (data, (len(head) + len(data)).to_bytes(2, "big") + head + data):
            with contextlib.suppress(Unreadable):
                check(open_datagram(datagram).read(Fitted(1), ARRIVED))
