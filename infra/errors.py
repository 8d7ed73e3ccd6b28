"""What stops the product from starting."""

from __future__ import annotations


class CannotStart(Exception):
    """Something in the surroundings is in the way; the text says what it is and what to do next."""
