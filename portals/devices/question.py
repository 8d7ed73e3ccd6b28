"""The one command that a device has not answered yet."""

from __future__ import annotations

import asyncio

from portals.devices.connections import Busy, Unanswered


class Question:
    """At most one is open, because an answer does not say to what."""

    __slots__ = ("_asked",)

    def __init__(self) -> None:
        self._asked: asyncio.Future[str] | None = None

    def open(self, device_uid: str) -> asyncio.Future[str]:
        """Begin to wait. Raises Busy."""
        if self._asked is not None:
            raise Busy(f"Device {device_uid} has not answered its last command yet.")
        self._asked = asyncio.get_running_loop().create_future()
        return self._asked

    def close(self) -> None:
        """Wait no longer."""
        self._asked = None

    def answer(self, text: str) -> bool:
        """The device says something; whether that was what was waited for."""
        if self._asked is None or self._asked.done():
            return False
        self._asked.set_result(text)
        return True

    def lose(self, device_uid: str) -> None:
        """No answer will come."""
        if self._asked is not None and not self._asked.done():
            self._asked.set_exception(Unanswered(f"Device {device_uid} was lost before it answered."))
