"""How a rating is explained: the same words for the driver and the office."""

from __future__ import annotations

from typing import Any

from core.access.schemas import name_document
from core.ratings.rules.computing import PRIOR, WINDOW_DAYS, Line
from core.ratings.schemas import AppealKind, Component

TITLES: dict[str, str] = {
    Component.HARSH: "Harsh driving",
    Component.OVERSPEED: "Too fast",
    Component.IDLING: "Engine running while standing",
    Component.INCIDENTS: "Incidents",
    Component.DOCUMENTS: "Documents in order",
    Component.FEEDBACK: "Feedback of colleagues",
}
STATES = {
    "open": "Waits for an answer",
    "escalated": "Answer overdue",
    "granted": "Granted",
    "refused": "Refused",
    "withdrawn": "Taken back",
}
STANDINGS = {
    "manual_suspension": "Suspended by hand",
    "manual_lock_out": "Locked out by hand",
    "debt_due": "A payment is due",
    "debt_overdue": "An overdue payment",
    "debt_overdue_long": "A payment overdue for long",
    "incidents_minor": "Many minor incidents",
    "review_pending": "A review that waits",
}


def say_counted(line: Line) -> str:
    """What a component counted, as a sentence without its end."""
    measure, count = line.measure, line.measure.counted
    if line.component is Component.IDLING:
        return f"{_many(count, 'time')}, {measure.rate * 100:.0f} % of the time with the engine on"
    if line.component is Component.INCIDENTS:
        return _many(count, "incident")
    if line.component is Component.DOCUMENTS:
        return "All in order" if not count else f"{_many(count, 'document')} not in order"
    if line.component is Component.FEEDBACK:
        if not count:
            return "None released in these days"
        return f"{5 - 4 * measure.rate:.1f} of 5, by {count} colleagues"
    return f"{_many(count, 'time')}, {measure.rate:.1f} per 100 km"


def say_confidence(line: Line) -> str:
    """How much the component rests on."""
    if line.is_excluded:
        return "Not counted: an appeal was granted"
    percent = round(line.measure.confidence * 100)
    if percent == 0:
        return "Nothing is known yet: it moves nothing"
    return f"Counts at {percent} %" + (": little is known yet" if percent < 50 else "")


def say_subject(kind: AppealKind, subject: str) -> str:
    """What an appeal is against."""
    if kind is AppealKind.COMPONENT:
        return f"Rating: {TITLES[subject]}"
    if kind is AppealKind.DOCUMENT:
        return f"Document not accepted: {name_document(subject)}"
    if kind is AppealKind.INCIDENT:
        return f"Incident {subject}: that it counts against the driver"
    return f"Access: {STANDINGS.get(subject, subject.replace('_', ' '))}"


def words_of_ratings() -> dict[str, Any]:
    """What every page about ratings and appeals needs."""
    return {
        "titles": TITLES,
        "appeal_states": STATES,
        "say_counted": say_counted,
        "say_confidence": say_confidence,
        "say_subject": say_subject,
        "name_document": name_document,
        "prior": PRIOR,
        "window_days": WINDOW_DAYS,
    }


def parse_component(text: str) -> Component | None:
    """The component of an address, None for none."""
    return Component(text) if text in set(Component) else None


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
