"""One report, whichever way it was written."""

from __future__ import annotations

from typing import NamedTuple

from core.telemetry.schemas import Point

KNOT_KMH = 1.852


class Report(NamedTuple):
    """A point, and what the sender says it was told to call itself and to show."""

    device_uid: str
    key: str | None
    point: Point
