"""What the gateway needs from the rest of the product, in four calls that may block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from core.telemetry.schemas import IngestReport, Reading, RefusedReading
from portals.devices.conversation import Fitted

Identity = Fitted | Literal["wrong_key"] | None
"""The vehicle; "wrong_key" for a known device with another key; None for a device nobody knows."""


class Intake(Protocol):
    """Called from threads, never from the event loop. Any exception means: not done, may be tried again."""

    def identify(self, device_uid: str, key: str | None) -> Identity:
        """Whose vehicle the device is fitted to. A device that has a key must show it; None is no key."""
        ...

    def note_unknown(self, device_uid: str, *, source: str, address: str) -> None:
        """Keep that a device nobody knows has reported, so that it can be put into a vehicle."""
        ...

    def ingest(self, readings: Sequence[Reading], *, source: str, refused: Sequence[RefusedReading]) -> IngestReport:
        """Store in one transaction and return after it is durable. Duplicates are not an error.

        `refused` are records that never became points; they are kept with what they came from.
        """
        ...

    def beat(self, lag_ms: float, sessions: int, turned_away: Mapping[str, int]) -> None:
        """Say that the gateway lives.

        `lag_ms` is the longest a reading waited to become durable, `sessions` the devices logged in, `turned_away`
        how much was not taken since the start, by reason.
        """
        ...
