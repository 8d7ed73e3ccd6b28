"""The grounds on which a driver stands as they do: one function for each kind of fact.

Each tells, at a moment, the reason it sees, if any, and when time alone makes it see something else. All words are for
the driver and the office alike; moments are not in them, as everybody reads those in their own zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from core.access.rules.standing.known import Debt, Hold
from core.access.schemas import (
    DocumentFact,
    DocumentState,
    HoldStatus,
    IncidentFact,
    RatingFact,
    Severity,
    name_document,
)
from core.config import StandingThresholds
from core.drivers.models import AccessStatus

ACTIVE, RESTRICTED = AccessStatus.ACTIVE, AccessStatus.RESTRICTED
SUSPENDED, LOCKED_OUT = AccessStatus.SUSPENDED, AccessStatus.LOCKED_OUT


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a driver stands as they do. `status` is what this reason alone asks for; an active one is a warning.

    `subject` is the key of the fact. `changes_at` is when it changes by itself, for better or worse.
    """

    rule: str
    subject: str
    status: AccessStatus
    words: str
    way_back: str
    since: datetime
    changes_at: datetime | None = None


def read_reasons(stored: object) -> tuple[Reason, ...]:
    """Reasons as they were written down."""
    return msgspec.convert(stored, tuple[Reason, ...])


@dataclass(frozen=True, slots=True)
class Ground:
    """What one fact says now, and when it says something else although nobody told anything."""

    reason: Reason | None = None
    next_at: datetime | None = None


def _because(reason: Reason) -> Ground:
    return Ground(reason, reason.changes_at)


def see_document(key: str, document: DocumentFact, at: datetime, thresholds: StandingThresholds) -> Ground:
    """Missing: restricted. Refused or expired: suspended. About to expire: a warning."""
    name = name_document(key)
    if document.state is DocumentState.MISSING:
        words, way_back = f"The {name} is missing.", f"Hand the {name} in at the park."
        return _because(_of("document_missing", key, RESTRICTED, words, way_back, document.as_of))
    if document.state is DocumentState.REFUSED:
        words, way_back = f"The {name} was not accepted.", f"Hand in a {name} that is valid and readable."
        return _because(_of("document_refused", key, SUSPENDED, words, way_back, document.as_of))
    if document.valid_until is None:
        return Ground()
    if at >= document.valid_until:
        words, way_back = f"The {name} has expired.", f"Renew the {name} and hand the new one in at the park."
        return _because(_of("document_expired", key, SUSPENDED, words, way_back, document.valid_until))
    warned_at = document.valid_until - timedelta(days=thresholds.document_warning_days)
    if at < warned_at:
        return Ground(next_at=warned_at)
    words = f"The {name} expires soon; without a new one, driving is suspended."
    way_back = f"Renew the {name} in time and hand the new one in at the park."
    return _because(_of("document_expiring", key, ACTIVE, words, way_back, warned_at, document.valid_until))


def see_debt(debt: Debt, at: datetime, thresholds: StandingThresholds) -> Ground:
    """Overdue: first a warning, then restricted, then suspended. A promise whose day has not come, and a dispute that
    is open, hold the suspension back.
    """
    if debt.owed_minor == 0 or debt.overdue_since is None:
        return Ground()
    if at < debt.overdue_since:
        return Ground(next_at=debt.overdue_since)
    restricted_at = debt.overdue_since + timedelta(days=thresholds.debt_restricted_days)
    suspended_at = debt.overdue_since + timedelta(days=thresholds.debt_suspended_days)
    if debt.promised_until is not None:
        suspended_at = max(suspended_at, debt.promised_until)
    if at >= suspended_at and debt.disputed_at is None:
        words = "A payment has been overdue for too long."
        way_back = "Pay what is owed, or agree on a day of payment with the park."
        return _because(_of("debt_overdue_long", "debt", SUSPENDED, words, way_back, suspended_at))
    worse_at = None if debt.disputed_at is not None else suspended_at
    if at >= restricted_at:
        words, way_back = "A payment is overdue.", "Pay what is owed, or agree on a day of payment with the park."
        return _because(_of("debt_overdue", "debt", RESTRICTED, words, way_back, restricted_at, worse_at))
    words, way_back = "A payment is due; if it stays open, driving is restricted.", "Pay what is owed."
    return _because(_of("debt_due", "debt", ACTIVE, words, way_back, debt.overdue_since, restricted_at))


def see_rating(key: str, rating: RatingFact, at: datetime, thresholds: StandingThresholds) -> Ground:
    """Below the least that is asked, over enough trips to say something: restricted."""
    least = thresholds.rating_restricted_below
    if rating.trips < thresholds.rating_least_trips or rating.value >= least:
        return Ground()
    words = f"The rating is {rating.value:.2f}, below {least:.2f}."
    told = "“My rating” tells line by line" if key == "computed" else "The park tells"
    way_back = f"Bring the rating to {least:.2f} or more. {told} what lowered it."
    return _because(_of("rating_low", key, RESTRICTED, words, way_back, rating.as_of))


def see_incident(key: str, incident: IncidentFact, at: datetime, thresholds: StandingThresholds) -> Ground:
    """Severe, or a theft, while open: locked out. Serious: suspended while open, and for some days in any case."""
    is_open = incident.resolved_at is None
    if incident.is_theft and is_open:
        words = "A theft is under investigation."
        way_back = "Clear it up with the park; then a person there reviews it."
        return _because(_of("incident_theft", key, LOCKED_OUT, words, way_back, incident.at))
    if incident.severity is Severity.SEVERE and is_open:
        words = "A severe incident is under investigation."
        way_back = "Clear it up with the park; then a person there reviews it."
        return _because(_of("incident_severe", key, LOCKED_OUT, words, way_back, incident.at))
    if incident.severity is not Severity.SERIOUS:
        return Ground()
    if is_open:
        words, way_back = "A serious incident is under investigation.", "Tell the park what happened, and clear it up."
        return _because(_of("incident_serious", key, SUSPENDED, words, way_back, incident.at))
    free_at = incident.at + timedelta(days=thresholds.serious_days)
    if at >= free_at:
        return Ground()
    words = "A serious incident was cleared up; the suspension for it still runs."
    way_back = "Nothing to do: it ends by itself."
    return _because(_of("incident_suspension", key, SUSPENDED, words, way_back, incident.at, free_at))


def see_minors(moments: list[datetime], at: datetime, thresholds: StandingThresholds) -> Ground:
    """More minor incidents than allowed within the window: restricted until enough of them are old."""
    window = timedelta(days=thresholds.minor_window_days)
    recent = sorted(moment for moment in moments if at < moment + window)
    if len(recent) <= thresholds.minor_allowed:
        return Ground()
    free_at = recent[len(recent) - thresholds.minor_allowed - 1] + window
    since = recent[thresholds.minor_allowed]
    words = f"{len(recent)} minor incidents in {thresholds.minor_window_days} days."
    way_back = "Drive without further incidents: it ends by itself."
    return _because(_of("incidents_minor", "minor", RESTRICTED, words, way_back, since, free_at))


def see_hold(hold: Hold, at: datetime) -> Ground:
    """What a person put on by hand: until they lift it or, of a suspension that has an end, until then."""
    if hold.until is not None and at >= hold.until:
        return Ground()
    way_back = "Talk to the park: a person there lifts it."
    if hold.until is not None:
        way_back = "It ends by itself. The park can lift it earlier."
    rule = "manual_lock_out" if hold.status is HoldStatus.LOCKED_OUT else "manual_suspension"
    return _because(_of(rule, "hold", AccessStatus(hold.status), hold.why, way_back, hold.as_of, hold.until))


def wait_for_review(since: datetime) -> Reason:
    """The cause of a lock-out is gone, and nobody has looked yet."""
    words = "The cause of the lock-out is gone; a person at the park has yet to review it."
    return _of("review_pending", "review", LOCKED_OUT, words, "Ask the park to review the lock-out.", since)


def _of(
    rule: str,
    subject: str,
    status: AccessStatus,
    words: str,
    way_back: str,
    since: datetime,
    changes_at: datetime | None = None,
) -> Reason:
    return Reason(
        rule=rule, subject=subject, status=status, words=words, way_back=way_back, since=since, changes_at=changes_at
    )
