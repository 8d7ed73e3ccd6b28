"""Fields that the office defines: what a value of each kind must be, and how it is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

TEXT, NUMBER, DATE, CHOICE, YES_NO = "text", "number", "date", "choice", "yes_no"
_LONGEST_TEXT = 500
_LARGEST_NUMBER = 1e12
_MOST_CHOICES, _LONGEST_CHOICE = 50, 60


def find_field_problems(kind: str, *, unit: str | None, choices: Sequence[str]) -> dict[str, str]:
    """What is wrong with a definition, by its part; nothing when it can be one."""
    problems = {}
    if unit is not None and kind != NUMBER:
        problems["unit"] = "Only a number has a unit. Leave it out."
    if kind != CHOICE and choices:
        problems["choices"] = "Only a field of the kind choice has choices. Leave them out."
    if kind == CHOICE and (problem := _choices_problem(choices)):
        problems["choices"] = problem
    return problems


def _choices_problem(choices: Sequence[str]) -> str | None:
    if not 2 <= len(choices) <= _MOST_CHOICES:
        return f"Name 2 to {_MOST_CHOICES} choices."
    if any(not 1 <= len(choice) <= _LONGEST_CHOICE or choice != choice.strip() for choice in choices):
        return f"A choice has 1 to {_LONGEST_CHOICE} characters, and no space at either end."
    if len({choice.lower() for choice in choices}) < len(choices):
        return "One choice is there twice. Name each once."
    return None


def find_value_problem(kind: str, value: Any, *, choices: Sequence[str] = ()) -> str | None:
    """Why this is no value of a field of the kind, in words, or None. Values are as in JSON: a date is its text."""
    if kind == YES_NO:
        return None if isinstance(value, bool) else "Say true or false."
    if kind == NUMBER:
        return _number_problem(value)
    if not isinstance(value, str) or "\0" in value or not value.strip():
        return "Enter some text."
    if kind == DATE:
        return None if _is_day(value) else "Enter a day as 2026-11-25."
    if kind == CHOICE:
        return None if value in choices else f"Choose one of: {', '.join(choices)}."
    return None if len(value) <= _LONGEST_TEXT else f"At most {_LONGEST_TEXT} characters."


def _number_problem(value: Any) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or abs(value) > _LARGEST_NUMBER:
        return "Enter a number between minus and plus 1,000,000,000,000."
    return None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
