"""What may be told of an event, and what makes two tellings the same event."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import msgspec

from core.events.schemas import (
    IncidentSeverity,
    IncidentType,
    NewFine,
    NewIncident,
    NewRecord,
    NewRepair,
    NewViolation,
)

# How far the clock of whoever tells it may be ahead, how old an event may be, and how wide the time it lies in.
AHEAD = timedelta(minutes=1)
OLDEST = timedelta(days=3653)
WIDEST = timedelta(days=3)
# What everybody writes differently.
_SPELLED = ("issuer", "number", "reference")


def find_problems(new: NewRecord, *, at: datetime) -> dict[str, str]:
    """What speaks against a record, by field; empty when nothing does."""
    problems: dict[str, str] = {}
    if new.happened_at > at + AHEAD:
        problems["happened_at"] = "That moment has not come yet."
    elif new.happened_at < at - OLDEST:
        problems["happened_at"] = "That is more than ten years ago. Check the year."
    if isinstance(new, NewIncident):
        return problems | _of_incident(new)
    if isinstance(new, NewFine):
        return problems | _of_fine(new, at)
    if (new.amount_minor is None) != (new.currency is None):
        problems["currency"] = "An amount and its currency go together."
    if isinstance(new, NewViolation) and new.vehicle_id is None and new.driver_id is None:
        problems["vehicle_id"] = "Name the vehicle or the driver."
    return problems


def _of_incident(new: NewIncident) -> dict[str, str]:
    problems = {}
    if (new.lat is None) != (new.lon is None):
        problems["lat"] = "A place has both lat and lon."
    if new.severity is IncidentSeverity.MINOR and new.injured_count:
        problems["severity"] = "Where somebody was hurt it is at least serious."
    elif new.severity is IncidentSeverity.MINOR and new.what is IncidentType.THEFT:
        problems["severity"] = "A theft is at least serious."
    return problems


def _of_fine(new: NewFine, at: datetime) -> dict[str, str]:
    problems = {}
    if not normal(new.number):
        problems["number"] = "It has neither letters nor digits."
    if not normal(new.issuer):
        problems["issuer"] = "It has neither letters nor digits."
    if new.happened_until is not None and not new.happened_at < new.happened_until <= new.happened_at + WIDEST:
        problems["happened_until"] = f"After happened_at, by at most {WIDEST.days} days."
    if new.due_on is not None and new.due_on < (new.happened_at - timedelta(days=1)).date():
        problems["due_on"] = "Before it happened."
    return problems


def identity_of(new: NewRecord, *, park_id: int) -> bytes:
    """What makes it this event and no other, as SHA-256.

    A fine: issuer and number of the notice. An incident: vehicle, what, the minute. A repair: vehicle and invoice, or
    without one vehicle, work and the minute. A violation: who or which vehicle, the rule, the minute.
    """
    return _hash("identity", [park_id, new.__struct_config__.tag, *_identity(new)])


def _identity(new: NewRecord) -> list[object]:
    minute = new.happened_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
    if isinstance(new, NewFine):
        return [normal(new.issuer), normal(new.number)]
    if isinstance(new, NewIncident):
        return [new.vehicle_id, new.what, minute]
    if isinstance(new, NewRepair):
        if new.reference is not None and normal(new.reference):
            return [new.vehicle_id, "reference", normal(new.reference)]
        return [new.vehicle_id, new.work, minute]
    return [new.vehicle_id, new.driver_id, new.rule, minute]


def content_of(new: NewRecord) -> bytes:
    """All that is told but the words, as SHA-256: the same identity with another content is another story.

    Names of authorities and numbers are taken without case, spaces and signs.
    """
    spelled = {name: normal(text) for name, text in told_of(new).items() if name in _SPELLED and isinstance(text, str)}
    return _hash("content", told_of(new) | spelled)


def told_of(new: NewRecord) -> dict[str, object]:
    """What is told in plain values, moments in UTC, without the words about people."""
    told = msgspec.to_builtins(new)
    for name in ("happened_at", "happened_until"):
        moment = getattr(new, name, None)
        if moment is not None:
            told[name] = moment.astimezone(UTC).isoformat()
    told.pop("words", None)
    return told  # type: ignore[no-any-return]


def normal(text: str) -> str:
    """A reference without case, spaces and signs, which everybody writes differently."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def amount_of(new: NewRecord) -> tuple[int | None, str | None]:
    """What it costs, where the record says so itself."""
    return (None, None) if isinstance(new, NewIncident) else (new.amount_minor, new.currency)


def is_charged(new: NewRecord) -> bool:
    """Whether its driver owes the amount: fines and violations. A repair is nobody's fault by itself."""
    return isinstance(new, NewFine | NewViolation)


def _hash(what: str, value: object) -> bytes:
    return hashlib.sha256(what.encode() + msgspec.json.encode(value, order="sorted")).digest()
