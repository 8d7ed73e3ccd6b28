"""The rules of a jurisdiction in words: for reading, for telling two versions apart, and for typing."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from core.access.rules import JurisdictionRules, Warning
from core.access.schemas import REASONS, Reason
from core.errors import Invalid

# Reasons that rules may ask a notice for.
NOTICED = (Reason.CONTRACT_ENDED, Reason.CONTRACT_VIOLATED, Reason.MAINTENANCE, Reason.SAFETY_LOCKDOWN)
NUMBERS = {
    "default_days_weekly": "Days in default, weekly plans",
    "default_days_other": "Days in default, other plans",
    "emergency_start_hours": "Hours of an emergency start",
    "emergency_starts": "Emergency starts for one debt or lock",
    "records_years": "Years that records are kept",
}
YES_NO = {
    "written_consent": "Written consent of the driver",
    "device_in_consent": "Device named in the consent",
}
WARNINGS = {"warnings_weekly": "Warnings, weekly plans", "warnings_other": "Warnings, other plans"}
NEVER = ("While the vehicle is driven", "never, whatever is written here")
_LINE = re.compile(r"\D*(\d{1,4})\D+(\d{1,2})\D*")


def describe(rules: JurisdictionRules) -> list[tuple[str, str]]:
    """Every rule with its label."""
    debt = rules.debt
    said = [(label, str(getattr(debt, name))) for name, label in NUMBERS.items()]
    said += [(label, "asked for" if getattr(debt, name) else "not asked for") for name, label in YES_NO.items()]
    said += [(label, _list(getattr(debt, name))) for name, label in WARNINGS.items()]
    said += [(f"Notice: {REASONS[reason]}", _list(rules.notices.get(reason, ()))) for reason in NOTICED]
    return said


def compare(before: JurisdictionRules, after: JurisdictionRules) -> list[tuple[str, str, str]]:
    """What one version says differently from another: label, before, after."""
    return [
        (label, old, new)
        for (label, old), (_, new) in zip(describe(before), describe(after), strict=True)
        if old != new
    ]


def as_typed(rules: JurisdictionRules) -> dict[str, str]:
    """The rules as the fields of the form hold them."""
    debt = rules.debt
    typed = {name: str(getattr(debt, name)) for name in NUMBERS}
    typed |= {name: "1" for name in YES_NO if getattr(debt, name)}
    typed |= {name: _lines(getattr(debt, name)) for name in WARNINGS}
    return typed | {reason.value: _lines(rules.notices.get(reason, ())) for reason in NOTICED}


def read_typed(typed: Mapping[str, str]) -> JurisdictionRules:
    """The rules that the fields of the form say. Raises Invalid with every field that cannot be read."""
    faults: dict[str, str] = {}
    debt: dict[str, object] = {name: bool(typed.get(name)) for name in YES_NO}
    for name in NUMBERS:
        text = typed.get(name, "").strip()
        if text.isascii() and text.isdecimal() and len(text) < 5:
            debt[name] = int(text)
        else:
            faults[name] = "Type a whole number."
    lists = {name: _read_lines(name, typed, faults) for name in [*WARNINGS, *(reason.value for reason in NOTICED)]}
    debt |= {name: lists[name] for name in WARNINGS}
    notices = {reason.value: lists[reason.value] for reason in NOTICED if lists[reason.value]}
    if faults:
        raise Invalid("The rules cannot be read.", fields=faults)
    return _convert(debt, notices)


def _convert(debt: dict[str, object], notices: dict[str, list[dict[str, int]]]) -> JurisdictionRules:
    try:
        return msgspec.convert({"debt": debt, "notices": notices}, JurisdictionRules)
    except msgspec.ValidationError as error:
        told, _, place = str(error).partition(" - at ")
        found = re.search(r"\.(?:debt|notices)\.(\w+)|\[\.\.\.\]", place)
        name = found.group(1) if found is not None and found.group(1) else "why"
        raise Invalid("The rules are out of bounds.", fields={name: f"{told}."}) from error


def _read_lines(name: str, typed: Mapping[str, str], faults: dict[str, str]) -> list[dict[str, int]]:
    found = []
    for line in typed.get(name, "").splitlines():
        if not line.strip():
            continue
        said = _LINE.fullmatch(line.strip())
        if said is None:
            faults[name] = f"“{line.strip()[:40]}” is no warning. Write hours and channels, like: 72 hours, 2 channels"
            return []
        hours, channels = int(said[1]), int(said[2])
        if hours > 2160 or not 1 <= channels <= 3:
            faults[name] = "At most 2160 hours before, and 1 to 3 channels: the page, a letter, a call."
            return []
        found.append({"hours_before": hours, "channels": channels})
    return found


def _lines(warnings: tuple[Warning, ...]) -> str:
    return "\n".join(_words(warning) for warning in warnings)


def _list(warnings: tuple[Warning, ...]) -> str:
    return "; ".join(_words(warning) for warning in warnings) or "none"


def _words(warning: Warning) -> str:
    return f"{warning.hours_before} hours, {warning.channels} channel{'' if warning.channels == 1 else 's'}"
