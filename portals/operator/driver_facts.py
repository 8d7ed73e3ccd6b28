"""What the office types about a driver, as the facts that it means."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from flask_login import current_user
from msgspec import Meta

from core.access import queries
from core.access.schemas import DocumentFact, DocumentState, IncidentFact, NotedFact, RatingFact, Severity
from core.errors import Invalid
from portals.doors import actor, at, read

NOT_TAKEN = "This was not taken."


class DocumentForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document. `valid_until` is its last day, in the park."""

    key: str
    state: DocumentState
    valid_until: str = ""


class RatingForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rating."""

    key: str
    value: Annotated[float, Meta(ge=0, le=5)]
    trips: Annotated[int, Meta(ge=0, le=10_000_000)]


class IncidentForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An incident. `happened_at` is local time as a browser writes it, or a moment with its offset."""

    key: str
    severity: Severity
    happened_at: str
    is_theft: bool = False
    resolved: bool = False


class FactForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of them."""

    document: DocumentForm | None = None
    rating: RatingForm | None = None
    incident: IncidentForm | None = None


def read_fact(form: FactForm, driver_id: int) -> tuple[str, NotedFact]:
    """The fact that was typed, as of now."""
    if form.document is not None:
        until = _end_of_day(form.document.valid_until, driver_id)
        return form.document.key, DocumentFact(as_of=at(), state=form.document.state, valid_until=until)
    if form.rating is not None:
        return form.rating.key, RatingFact(as_of=at(), value=form.rating.value, trips=form.rating.trips)
    if form.incident is None:
        raise Invalid(NOT_TAKEN, fields={})
    incident = form.incident
    return incident.key, IncidentFact(
        as_of=at(),
        severity=incident.severity,
        at=parse_local(incident.happened_at, "incident.happened_at"),
        is_theft=incident.is_theft,
        resolved_at=at() if incident.resolved else None,
    )


def _end_of_day(text: str, driver_id: int) -> datetime | None:
    """The first moment after that day in the park of the driver."""
    if not text:
        return None
    standing = queries.get_standing(read(), viewer=actor(), at=at(), driver_id=driver_id)
    try:
        day = date.fromisoformat(text) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise Invalid(NOT_TAKEN, fields={"document.valid_until": ""}) from None
    return datetime.combine(day, time(), ZoneInfo(standing.time_zone))


def parse_local(text: str, field: str) -> datetime:
    """A moment as typed, in the zone of whoever typed it unless it says its own."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(NOT_TAKEN, fields={field: ""}) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(current_user.time_zone))
