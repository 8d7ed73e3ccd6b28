"""The event log in words: what happened, how it stands, and what was decided. For the pages of office and driver."""

from __future__ import annotations

from typing import Any

from core.events.queries import LogLine
from core.events.rules.catalog import KINDS as DETECTED
from portals.filters import kilometres, words

KINDS = {
    "incident": "Incident",
    "fine": "Fine",
    "repair": "Repair",
    "violation": "Violation",
    "trip": "Trip",
    "detection": "Detected",
}
RECORD_KINDS = {kind: title for kind, title in KINDS.items() if kind not in {"trip", "detection"}}
# Their colours: what has to be looked at, and what is plain news.
TONES = {"incident": "act", "fine": "warn", "violation": "warn"} | dict.fromkeys(
    ("repair", "trip", "detection"), "plain"
)
MATCHES = {
    "matched": "Had the vehicle at that moment",
    "named": "Named by whoever told it",
    "decided": "Decided by the office",
    "nobody": "Nobody had the vehicle then",
    "ambiguous": "Several had the vehicle in that time",
}
REASONS = {
    "typing_error": "Typing error",
    "other_facts": "The facts are other",
    "wrong_vehicle": "Wrong vehicle",
    "duplicate": "It is in the log twice",
    "withdrawn_by_issuer": "Withdrawn by whoever issued it",
    "dispute": "A dispute showed it",
}
GROUNDS = {
    "not_me": "I did not drive",
    "not_so": "It did not happen like this",
    "amount": "The amount is wrong",
    "paid": "It is paid already",
    "other": "Something else",
}
DISPUTES = {
    "open": ("Disputed, waits for the office", "warn"),
    "under_review": ("Disputed, being looked into", "warn"),
    "accepted": ("Dispute accepted", "ok"),
    "partly_accepted": ("Dispute accepted in part", "ok"),
    "rejected": ("Dispute rejected", "plain"),
    "taken_back": ("Dispute taken back", "plain"),
}
EFFECTS = {
    "charge_stands": "The charge stands",
    "charge_reduced": "The charge is reduced",
    "charge_dropped": "Nothing is charged",
}
INCIDENT_STATES = {
    "reported": ("Reported", "warn"),
    "under_review": ("Under review", "warn"),
    "decided": ("Decided", "ok"),
    "closed": ("Closed", "plain"),
}
STEPS = {
    "reported": "Reported",
    "moved": "Moved on",
    "photo_added": "Photo added",
    "cost_added": "Cost added",
    "cost_struck": "Cost struck",
    "shares_set": "Responsibility set",
    "party_added": "Third party added",
    "references_set": "Numbers entered",
}


def say(kind: str, told: dict[str, Any]) -> str:
    """What happened, in a few words."""
    if kind == "fine":
        return f"{words(told['offence'])}, {told['issuer']} {told['number']}"
    if kind == "incident":
        return f"{words(told['what'])}, {told['severity']}"
    if kind == "repair":
        return " ".join(part for part in (words(told["work"]), told.get("reference")) if part)
    if kind == "violation":
        return words(told["rule"])
    if kind == "trip":
        return kilometres(told["distance_m"])
    known = DETECTED.get(told["what"])
    return known.title if known else words(told["what"])


def say_line(line: LogLine) -> str:
    """The same of a line of the log."""
    return say(line.kind, line.detail)
