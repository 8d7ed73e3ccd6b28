"""Amounts of money: how many digits a currency has, and what people and files write."""

from __future__ import annotations

import re

# Digits after the point by ISO 4217, where there are not two.
_DIGITS = dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"), 0) | dict.fromkeys(
    ("BHD", "IQD", "JOD", "KWD", "OMR", "TND"), 3
)
_AMOUNT = re.compile(r"(\d{1,3}(?:[ '\u202f\u00a0.,]\d{3})+|\d{1,12})(?:([.,])(\d{1,3}))?")


def digits_of(currency: str) -> int:
    """How many digits an amount of this currency has after the point (ISO 4217)."""
    return _DIGITS.get(currency, 2)


def parse_amount(text: str, currency: str) -> int | None:
    """An amount as people write it, in minor units: 1,250.00 and 1.250,00 USD are 125000. None for what is none.

    What has three digits after its only sign is thousands, where the currency has fewer.
    """
    plain = re.sub(rf"^(?:{re.escape(currency)}|[€$£])\s*|\s*(?:{re.escape(currency)}|[€$£])$", "", text.strip())
    found = _AMOUNT.fullmatch(plain)
    digits = digits_of(currency)
    rest = (found[3] or "") if found else ""
    if found is None or len(rest) > digits:
        return None
    return int(re.sub(r"\D", "", found[1]) + rest.ljust(digits, "0"))
