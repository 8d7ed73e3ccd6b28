"""What the gateway needs from the rest of the product, in three calls that may block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from core.telemetry.schemas import IngestReport, Reading, RefusedReading

Identity = int | Literal["wrong_key"] | None
"""A vehicle id; "wrong_key" for a known device with another key; None for a device nobody knows."""


class Intake(Protocol):
    """Called from threads, never from the event loop. Any exception means: not done, may be tried again."""

    def identify(self, device_uid: str, key: str | None) -> Identity:
        """Whose vehicle the device is fitted to."""
        ...

    def ingest(self, readings: Sequence[Reading], *, source: str, refused: Sequence[RefusedReading]) -> IngestReport:
        """Store in one transaction and return after it is durable. Duplicates are not an error.

        `refused` are records that never became points; they are kept with their raw text.
        """
        ...

    def beat(self, lag_ms: float, sessions: int) -> None:
        """Say that the gateway lives: the longest a reading waited to become durable, devices logged in."""
        ...
