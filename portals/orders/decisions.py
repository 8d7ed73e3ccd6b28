"""Why a lock was allowed, in words: what the policy said, by which version, and everything that it looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.access.rules import Warning
from core.access.schemas import REASONS
from portals.filters import when, words
from portals.money import as_money
from portals.orders.laws import say_warnings

Kept = Mapping[str, Any]

_NOT_KNOWN = "Not known"
_ASKED_WITHOUT = "Not looked at then"
_ENGINES = {"ice": "Combustion engine", "hybrid": "Hybrid", "electric": "Electric"}
_VERDICTS = {
    "now": "The command may leave: {words}",
    "wait": "It had to wait for {words}.",
    "refuse": "It was refused: {words}",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of the policy: its version, when it was made, what it said, and each input as (name, value)."""

    version: int
    at: str
    said: str
    inputs: tuple[tuple[str, str], ...]


def say_decision(decision: Kept | None) -> Decided | None:
    """The kept decision of an order, or of one of its attempts, in words. None: none was kept."""
    if not decision:
        return None
    said = _VERDICTS.get(decision["verdict"], "{words}").format(words=decision["words"])
    inputs = decision["inputs"]
    lines = [(label, say(inputs.get(name))) for name, label, say in _INPUTS]
    lines += [(label, say(inputs["vehicle"].get(name))) for name, label, say in _VEHICLE]
    lines += [(label, say(inputs["fairness"].get(name))) for name, label, say in _FAIRNESS]
    return Decided(decision["version"], _moment(decision["at"]), said, tuple(lines))


def _moment(text: str | None) -> str:
    return when(datetime.fromisoformat(text)) if text else "None"


def _heard(text: str | None) -> str:
    return _moment(text) if text else _NOT_KNOWN


def _yes_no(yes: str, no: str) -> Callable[[bool | None], str]:
    return lambda value: _NOT_KNOWN if value is None else yes if value else no


def _speed(kmh: float | None) -> str:
    return _NOT_KNOWN if kmh is None else f"{kmh:g} km/h"


def _reason(code: str | None) -> str:
    return next((label for reason, label in REASONS.items() if reason == code), words(code))


def _driver(driver_id: int | None) -> str:
    return "Nobody" if driver_id is None else f"Driver {driver_id}"


def _zone(name: str | None) -> str:
    return name or "In none"


def _brakes(kinds: Sequence[str] | None) -> str:
    return ", ".join(words(kind) for kind in kinds or ()) or "None on"


def _traffic(counted: Sequence[int] | None) -> str:
    if counted is None:
        return _ASKED_WITHOUT
    minute, hour, fleet = counted
    return f"{minute} within a minute, {hour} vehicles within an hour, of {fleet} that can be locked"


def _debt(debt: Kept | None) -> str:
    if debt is None:
        return "None told"
    parts = [f"{as_money(debt['owed_minor'], debt['currency'])}, {_PLANS.get(debt['plan'], debt['plan'])}"]
    for name, label in _DEBT_MOMENTS:
        if debt.get(name):
            parts.append(f"{label} {_moment(debt[name])}")
    if debt.get("consented_device"):
        parts.append(f"names the device {debt['consented_device']}")
    return "; ".join(parts)


def _warnings(asked: Sequence[Kept] | None) -> str:
    return say_warnings(Warning(one["hours_before"], one["channels"]) for one in asked or ())


def _told(told: Mapping[str, str] | None) -> str:
    return "; ".join(f"warning {number} {_moment(at)}" for number, at in sorted((told or {}).items())) or "None yet"


_PLANS = {"weekly": "paid weekly", "other": "not paid weekly"}
_DEBT_MOMENTS = (
    ("overdue_since", "overdue since"),
    ("promised_until", "promised until"),
    ("disputed_at", "disputed since"),
    ("consented_at", "consented in writing"),
)
_INPUTS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("reason", "Reason", _reason),
    ("is_break_glass", "Break-glass", _yes_no("Yes: no second person before", "No")),
    ("is_approved", "Approved by a second person", _yes_no("Yes", "Not yet")),
    ("expires_at", "Good until", _moment),
    ("powertrain", "Engine", lambda code: _ENGINES.get(code or "", _NOT_KNOWN)),
    ("passenger_on_board", "Passenger on board", _yes_no("Yes", "No")),
    ("no_lock_zone", "Place where nothing is locked", _zone),
    ("brakes", "Brakes on all locks", _brakes),
    ("traffic", "Locks that had left", _traffic),
)
_VEHICLE: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("ts", "Report measured", _heard),
    ("received_at", "Report received", _heard),
    ("speed_kmh", "Speed", _speed),
    ("ignition", "Ignition", _yes_no("On", "Off")),
    ("standing_since", "Standing since", _heard),
    ("relay_on", "Relay", _yes_no("On", "Off")),
    ("relay_ts", "Relay measured", _heard),
    ("relay_received_at", "Relay received", _heard),
)
_FAIRNESS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("debtor_id", "Driver it is about", _driver),
    ("driver_now_id", "Driver who had it", _driver),
    ("device_uid", "Device", lambda uid: uid or _NOT_KNOWN),
    ("debt", "Debt", _debt),
    ("warnings", "Warnings that the law asks for", _warnings),
    ("told", "Warnings told", _told),
    ("free_until", "Emergency start holds until", _moment),
)
