"""The live connections: what is open, and over which one a device can be told something."""

from __future__ import annotations

from typing import Protocol

from portals.devices.conversation import CannotCommand


class NotConnected(Exception):
    """The device has no connection now, so it was told nothing."""


class Busy(Exception):
    """The device has not answered its last command yet, so it was told nothing."""


class Unanswered(Exception):
    """The command was sent, and no answer will come: it may or may not have been carried out."""


class Line(Protocol):
    """A connection over which a device can be told something."""

    async def command(self, text: str, timeout_s: float) -> str:
        """Say `text` to the device; returns its answer."""
        ...

    def end_if_overdue(self, now: float) -> None:
        """Close when it has kept the gateway waiting too long."""
        ...

    def stop_reading(self) -> None:
        """Take nothing more in; what was taken in is still answered."""
        ...

    def hang_up(self) -> None:
        """Say what is ready and close."""
        ...

    def work(self) -> None:
        """Go on, now that there is room."""
        ...


class Connections:
    """All open connections, and of each device that is logged in the newest."""

    def __init__(self) -> None:
        self.open: set[Line] = set()
        self._of_device: dict[str, Line] = {}

    @property
    def devices(self) -> int:
        """How many devices are logged in."""
        return len(self._of_device)

    def reaches(self, device_uid: str) -> bool:
        """Whether the device is logged in. May be asked from any thread."""
        return device_uid in self._of_device

    def logged_in(self, device_uid: str, line: Line) -> None:
        """From now on the device is reached over `line`. A device that comes again has lost its older connection."""
        self._of_device[device_uid] = line

    def gone(self, device_uid: str, line: Line) -> None:
        """The device is no longer reached over `line`."""
        if self._of_device.get(device_uid) is line:
            del self._of_device[device_uid]

    async def send_command(self, device_uid: str, text: str, *, timeout_s: float) -> str:
        """Tell a device something; returns the text it answers.

        One command at a time, because an answer does not say to what. Told nothing: raises NotConnected, Busy or
        CannotCommand. Told, and no answer within `timeout_s` or before the connection ended: raises Unanswered.
        """
        line = self._of_device.get(device_uid)
        if line is None:
            raise NotConnected(f"Device {device_uid} is not connected; try again when it is.")
        return await line.command(text, timeout_s)


__all__ = ["Busy", "CannotCommand", "Connections", "Line", "NotConnected", "Unanswered"]
