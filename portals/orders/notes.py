"""The note of an order, which a person who gives it from a page must write."""

from __future__ import annotations

from core.errors import Invalid

LEAST_CHARACTERS = 4


def check_note(note: str) -> None:
    """Raise Invalid unless the note says something: whoever approves, reviews or reads later goes by it."""
    if len(note.strip()) < LEAST_CHARACTERS:
        words = f"Say in a few words why, at least {LEAST_CHARACTERS} characters. The second person decides by it."
        raise Invalid("The order was not given: its note is missing.", fields={"note": words})
