"""Cells of a file for spreadsheets, which reckon with what begins like a formula (OWASP, CSV injection)."""

from __future__ import annotations

# The wide forms are formulas to spreadsheets in East Asian languages.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def as_cell(text: str) -> str:
    """`text` as a spreadsheet shows it, never as one it reckons with: an apostrophe makes it a text. Numbers stay."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def from_cell(text: str) -> str:
    """What a cell that `as_cell` or a person has guarded so was before."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
