"""What boards are sent: encoded once, framed once, whoever gets it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import orjson

from core import clock
from core.outbox import Offset
from portals.live.frames import deflated_frame, plain_frame


class Message:
    """One message, and the place in the stream to which it brings a board."""

    def __init__(self, kind: str, epoch: str, offset: Offset, **members: Any) -> None:
        self.offset = offset
        self.text = orjson.dumps(
            {
                "type": kind,
                "epoch": epoch,
                "offset": str(offset),
                "now": round(clock.now().timestamp() * 1000),
                **members,
            }
        )

    def __len__(self) -> int:
        return len(self.text)

    @cached_property
    def plain(self) -> bytes:
        """Its frame for a websocket that does not compress."""
        return plain_frame(self.text)

    @cached_property
    def deflated(self) -> bytes:
        """Its frame for one that does."""
        return deflated_frame(self.text)
