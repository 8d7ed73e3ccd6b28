"""Another driver by the key that was shown (kind `driver_change`): the subject is the new key."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from core.telemetry.rules.detector import Context, Detector, Finding, Found, Sample


class DriverKeys(Detector):
    """The key that was shown last. No key is no change, and neither is the first one."""

    name: ClassVar[str] = "driver_keys"

    key: str = ""

    def step(self, before: Sample | None, now: Sample, context: Context, say: Callable[[Found], None]) -> None:
        """Say it at the first point with the new key."""
        key = now.driver_key
        if not key or key == self.key:
            return
        if self.key:
            say(
                Finding(
                    kind="driver_change",
                    subject=key,
                    started_at=now.ts,
                    ended_at=now.ts,
                    lat=now.lat,
                    lon=now.lon,
                    detail={"before": self.key},
                )
            )
        self.key = key
