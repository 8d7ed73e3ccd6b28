"""When a handover can begin, what it still lacks, and what exactly is signed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.drivers.models import HandoverKind, PhotoView

# A driver comes early; a vehicle comes back late.
EARLY = timedelta(hours=2)
LATE = timedelta(hours=48)
MOST_STROKES, MOST_POINTS = 60, 6000
PHOTO_WORDS: Mapping[PhotoView, str] = {
    PhotoView.FRONT: "the front",
    PhotoView.LEFT: "the left side",
    PhotoView.REAR: "the rear",
    PhotoView.RIGHT: "the right side",
    PhotoView.DASHBOARD: "the dashboard with the odometer",
}


def find_begin_problem(
    kind: HandoverKind, *, starts_at: datetime | None, ends_at: datetime | None, is_cancelled: bool, at: datetime
) -> str | None:
    """Why such a handover of an assignment cannot begin now; None when it can."""
    if is_cancelled or starts_at is None:
        return "The assignment was cancelled. Ask the office what you drive instead."
    if kind is HandoverKind.TAKING and at < starts_at - EARLY:
        return "It is too early: a vehicle is taken over at most 2 hours before its time begins."
    if kind is HandoverKind.RETURNING and at < starts_at:
        return "It has not begun. The office can cancel or move it."
    if ends_at is not None and at > ends_at + LATE:
        return "It ended more than 2 days ago. The office knows what to do."
    return None


def list_missing(*, odometer_m: int | None, fuel_pct: int | None, views: Collection[PhotoView]) -> list[str]:
    """What has to be there before anybody can sign, in words."""
    missing = [f"a photo of {words}" for view, words in PHOTO_WORDS.items() if view not in views]
    if odometer_m is None:
        missing.append("the mileage")
    if fuel_pct is None:
        missing.append("the fuel or charge")
    return missing


def find_stroke_problem(strokes: Sequence[Sequence[tuple[int, int]]]) -> str | None:
    """Why a drawn line is no signature; None when it may be one. Points are thousandths of the field, from the top
    left.
    """
    points = [point for stroke in strokes for point in stroke]
    if len(strokes) > MOST_STROKES or len(points) > MOST_POINTS:
        return "The signature is too long. Clear it and sign again."
    if any(not (0 <= x <= 1000 and 0 <= y <= 1000) for x, y in points):
        return "The signature leaves its field. Clear it and sign again."
    width = max((x for x, _ in points), default=0) - min((x for x, _ in points), default=0)
    height = max((y for _, y in points), default=0) - min((y for _, y in points), default=0)
    if len(points) < 5 or width + height < 50:
        return "Sign with your finger in the field, as on paper."
    return None


def hash_content(content: Mapping[str, Any]) -> bytes:
    """The SHA-256 of what is signed, written as JSON in one way only: keys in order, no spaces, UTF-8."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).digest()
