"""Amounts as people read them."""

from __future__ import annotations

from core.money import digits_of


def as_money(minor: int, currency: str) -> str:
    """An amount in the smallest unit of its currency, as people read it: 120.00 USD."""
    digits = digits_of(currency)
    return f"{minor / 10**digits:,.{digits}f}\u00a0{currency}"
