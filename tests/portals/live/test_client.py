"""A board's queue, and the frames it is sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage
from wsproto.extensions import PerMessageDeflate

from core.outbox import Offset
from portals.live.client import QUEUE_BYTES, QUEUE_MESSAGES, Client
from portals.live.frames import deflated_frame, may_deflate, plain_frame
from portals.live.messages import Message


def message(number: int, size: int = 10) -> Message:
    return Message("delta", "e", Offset(number, 0), text="x" * size)


class TestAQueue:
    def test_keeps_order_and_place(self) -> None:
        client = Client(None)
        client.offer(message(1))
        client.offer(message(2))
        first = client.take(0)
        assert first is not None
        assert first.offset == client.place == Offset(1, 0)

    def test_that_holds_too_many_messages_is_emptied_and_its_board_lost(self) -> None:
        client = Client(None)
        for n in range(QUEUE_MESSAGES + 1):
            client.offer(message(n))
        assert client.is_lost
        assert client.take(0) is None

    def test_counts_bytes_too(self) -> None:
        client = Client(None)
        client.offer(message(1, QUEUE_BYTES // 2))
        client.offer(message(2, QUEUE_BYTES // 2))
        assert client.is_lost
        client.offer(message(3))
        assert not client.has_news

    def test_takes_one_message_of_any_size(self) -> None:
        client = Client(None)
        client.offer(message(1, 2 * QUEUE_BYTES))
        assert not client.is_lost


class TestAFrame:
    @given(st.lists(st.text(max_size=100_000), min_size=1, max_size=4), st.booleans())
    def test_is_understood_by_a_websocket_that_keeps_its_window(self, texts: list[str], deflates: bool) -> None:
        extension = PerMessageDeflate()
        extension.finalize("permessage-deflate")
        browser = Connection(ConnectionType.CLIENT, [extension] if deflates else [])
        for text in texts:
            browser.receive_data((deflated_frame if deflates else plain_frame)(text.encode()))
            heard = "".join(event.data for event in browser.events() if isinstance(event, TextMessage))
            assert heard == text

    def test_is_a_fraction_when_compressed(self) -> None:
        text = b'{"vehicle_id":1,"speed_kmh":30.1},' * 100
        assert len(deflated_frame(text)) < len(text) / 10

    def test_is_compressed_only_for_who_can_read_it(self) -> None:
        assert may_deflate("permessage-deflate; client_max_window_bits")
        assert not may_deflate("")
        assert not may_deflate("permessage-deflate; server_max_window_bits=10")
