"""What the dates of a document mean on a day, and which documents a vehicle has to have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Literal

Validity = Literal["expired", "soon", "fine"]

# So long before its end a document is said to expire soon: the first reminder goes out then.
SOON = timedelta(days=30)
# Without these a vehicle is not ready for the road.
NEEDED_KINDS = ("registration", "insurance")


def name_validity(valid_until: date | None, *, today: date) -> Validity:
    """How a document stands on a day: it is good through its last day. One without an end is fine."""
    if valid_until is None or valid_until - today > SOON:
        return "fine"
    return "soon" if valid_until >= today else "expired"


def list_missing_kinds(kinds: Iterable[str]) -> list[str]:
    """The documents that a vehicle needs and does not have among these."""
    had = set(kinds)
    return [kind for kind in NEEDED_KINDS if kind not in had]
