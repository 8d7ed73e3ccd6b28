"""One open board, and what waits to be sent to it."""

from __future__ import annotations

import threading
from collections import deque

from core.outbox import Offset
from portals.live.messages import Message
from portals.live.table import Sight

QUEUE_MESSAGES = 64
QUEUE_BYTES = 1 << 20


class Client:
    """A board's queue: bounded, and emptied when it overflows. The board then starts over from a snapshot.

    `place` is that of the last message taken for sending: whoever took it sends it or ends the connection.
    """

    def __init__(self, sight: Sight) -> None:
        self.sight = sight
        self.place: Offset | None = None
        self.is_lost = False
        self._waiting: deque[Message] = deque()
        self._bytes = 0
        self._news = threading.Condition()

    def offer(self, message: Message) -> None:
        """Queue a message; never waits. A single one is taken whatever its size."""
        with self._news:
            if self.is_lost:
                return
            is_full = len(self._waiting) >= QUEUE_MESSAGES or self._bytes + len(message) > QUEUE_BYTES
            if self._waiting and is_full:
                self._lose()
            else:
                self._waiting.append(message)
                self._bytes += len(message)
            self._news.notify()

    def take(self, timeout_s: float) -> Message | None:
        """The next message; None when none came in time, or when the board is lost."""
        with self._news:
            if not self._waiting and not self.is_lost:
                self._news.wait(timeout_s)
            if not self._waiting:
                return None
            message = self._waiting.popleft()
            self._bytes -= len(message)
            self.place = message.offset
            return message

    def start_over(self) -> None:
        """Nothing that this board was told holds any longer."""
        with self._news:
            self.place = None
            self._lose()
            self._news.notify()

    @property
    def has_news(self) -> bool:
        """Whether a message waits."""
        return bool(self._waiting)

    def _lose(self) -> None:
        self.is_lost = True
        self._waiting.clear()
        self._bytes = 0
