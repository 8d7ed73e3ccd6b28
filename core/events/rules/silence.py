"""Nothing was heard for too long (kind `silence`): from the last point to the next; the value is its seconds.

A silence that has not ended cannot be seen by a point. The sweep that opens it says the same kind with the same key,
subject "" and started_at the moment of the last point, so that the next point closes it here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from core.telemetry.rules.detector import Context, Detector, Finding, Found, Sample


class Silence(Detector):
    """Remembers nothing: the point before tells."""

    name: ClassVar[str] = "silence"

    def step(self, before: Sample | None, now: Sample, context: Context, say: Callable[[Found], None]) -> None:
        """Say the silence that this point ends."""
        if before is None:
            return
        seconds = now.ts - before.ts
        if seconds > context.thresholds.silence_after_s:
            say(
                Finding(
                    kind="silence",
                    started_at=before.ts,
                    ended_at=now.ts,
                    lat=before.lat,
                    lon=before.lon,
                    value=seconds,
                )
            )
