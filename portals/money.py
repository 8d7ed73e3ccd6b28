"""Amounts as people read them."""

from __future__ import annotations

# Digits after the point by ISO 4217, where there are not two.
_DIGITS = dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"), 0) | dict.fromkeys(
    ("BHD", "IQD", "JOD", "KWD", "OMR", "TND"), 3
)


def as_money(minor: int, currency: str) -> str:
    """An amount in the smallest unit of its currency, as people read it: 120.00 USD."""
    digits = _DIGITS.get(currency, 2)
    return f"{minor / 10**digits:,.{digits}f}\u00a0{currency}"
