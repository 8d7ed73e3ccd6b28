"""Whether a driver may drive: how they stand, why, and what the office knows and puts on by hand."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from msgspec import Meta

from core.access import queries, service
from core.access.schemas import (
    DOCUMENTS,
    DocumentFact,
    DocumentState,
    FactKind,
    HoldStatus,
    IncidentFact,
    NewHold,
    NotedFact,
    RatingFact,
    Severity,
    name_document,
)
from core.errors import Conflict, Invalid, Refusal
from portals import hx
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_form
from portals.operator import bp

STATES = {"held": "Held", "missing": "Missing", "refused": "Not accepted"}
SEVERITIES = {"minor": "Minor", "serious": "Serious", "severe": "Severe"}
HOLDS = {"suspended": "Suspend", "locked_out": "Lock out"}
KINDS = {FactKind.DOCUMENT: "document", FactKind.RATING: "rating", FactKind.INCIDENT: "incident"}
NOT_TAKEN = "This was not taken."
WANTED = {
    "document.key": "Choose a document.",
    "document.state": "Choose one of the list.",
    "document.valid_until": "Enter a date.",
    "rating.key": "Enter whose rating it is, in small letters: own, uber.",
    "rating.value": "Enter a number from 0 to 5, such as 4.71.",
    "rating.trips": "Enter a whole number.",
    "incident.key": "Enter the number of the incident: small letters, digits, dots and hyphens.",
    "incident.severity": "Choose one of the list.",
    "incident.happened_at": "Enter a date and a time that has passed.",
    "status": "Choose one of the list.",
    "why": "Enter why, 3 to 300 characters. The driver reads it.",
    "until": "Enter a date and a time to come, or leave it empty.",
    "review": "Enter what you found, 3 to 300 characters.",
}
# Where a refusal of the verb has its field in the form.
FIELDS = {"key": "key", "as_of": "key", "at": "happened_at", "resolved_at": "resolved"}


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


class WithdrawalForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which fact counts no more."""

    kind: FactKind
    key: str


class HoldForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is put on by hand. `until` is local time as a browser writes it."""

    status: HoldStatus
    why: Annotated[str, Meta(min_length=3, max_length=300)]
    until: str = ""


class LiftForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What whoever lifts it has found."""

    review: Annotated[str, Meta(min_length=3, max_length=300)]


@bp.get("/drivers/<int:driver_id>/access")
def show_driver_access(driver_id: int) -> Response:
    """How a driver stands, why, and how that changed."""
    return _show(driver_id)


@bp.post("/drivers/<int:driver_id>/access/facts")
def note_driver_fact(driver_id: int) -> ResponseReturnValue:
    """Take a fact that the office knows, and judge the driver by it."""
    try:
        key, fact = _read_fact(parse_form(FactForm), driver_id)
        is_new = service.note_driver_fact(
            write(),
            actor=actor(),
            at=at(),
            driver_id=driver_id,
            key=key,
            fact=fact,
            thresholds=erp().settings.standing,
        )
    except (Invalid, Conflict) as refusal:
        return _show(driver_id, _in_words(refusal))
    if is_new:
        flash("Noted. The driver was judged anew.", "ok")
    else:
        flash("Something younger is known of this already, so nothing was changed.", "warn")
    return _back(driver_id)


@bp.post("/drivers/<int:driver_id>/access/facts/withdraw")
def withdraw_driver_fact(driver_id: int) -> ResponseReturnValue:
    """Let a fact count no more."""
    try:
        form = parse_form(WithdrawalForm)
        service.withdraw_driver_fact(
            write(),
            actor=actor(),
            at=at(),
            driver_id=driver_id,
            kind=form.kind,
            key=form.key,
            as_of=at(),
            thresholds=erp().settings.standing,
        )
    except (Invalid, Conflict) as refusal:
        return _show(driver_id, refusal)
    flash("It counts no more. The driver was judged anew.", "ok")
    return _back(driver_id)


@bp.post("/drivers/<int:driver_id>/access/hold")
def hold_driver(driver_id: int) -> ResponseReturnValue:
    """Suspend the driver or lock them out by hand. No vehicle is locked by it."""
    try:
        form = parse_form(HoldForm)
        until = _parse_local(form.until, "until") if form.until else None
        service.hold_driver(
            write(),
            actor=actor(),
            at=at(),
            driver_id=driver_id,
            new=NewHold(status=form.status, why=form.why, until=until),
            thresholds=erp().settings.standing,
        )
    except (Invalid, Conflict) as refusal:
        return _show(driver_id, _in_words(refusal))
    flash("Put on. The driver reads why, and what to do.", "ok")
    return _back(driver_id)


@bp.post("/drivers/<int:driver_id>/access/hold/lift")
def lift_hold(driver_id: int) -> ResponseReturnValue:
    """Lift what was put on by hand, or a lock-out that waits for a review."""
    try:
        form = parse_form(LiftForm)
        service.lift_hold(
            write(), actor=actor(), at=at(), driver_id=driver_id, why=form.review, thresholds=erp().settings.standing
        )
    except (Invalid, Conflict) as refusal:
        return _show(driver_id, _in_words(refusal))
    flash("Lifted. The driver was judged anew.", "ok")
    return _back(driver_id)


def _back(driver_id: int) -> ResponseReturnValue:
    return redirect(url_for("operator.show_driver_access", driver_id=driver_id), 303)


def _show(driver_id: int, refusal: Refusal | None = None) -> Response:
    standing = queries.get_standing(read(), viewer=actor(), at=at(), driver_id=driver_id)
    rules = [reason.rule for reason in standing.reasons]
    may_judge = actor().may("access:judge", park_id=standing.park_id)
    return hx.render(
        "operator/driver_access/show.html",
        status=refusal.status if refusal else 200,
        standing=standing,
        facts=queries.list_driver_facts(read(), viewer=actor(), driver_id=driver_id),
        changes=queries.list_standing_changes(read(), viewer=actor(), driver_id=driver_id),
        may_judge=may_judge,
        may_lift=may_judge and not {"manual_suspension", "manual_lock_out", "review_pending"}.isdisjoint(rules),
        document_names=list(DOCUMENTS.items()),
        name_document=name_document,
        states=STATES,
        severities=SEVERITIES,
        holds=list(HOLDS.items()),
        refusal=refusal,
        errors=refusal.fields if refusal else {},
        typed=request.form,
    )


def _read_fact(form: FactForm, driver_id: int) -> tuple[str, NotedFact]:
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
        at=_parse_local(incident.happened_at, "incident.happened_at"),
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


def _parse_local(text: str, field: str) -> datetime:
    """A moment as typed, in the zone of whoever typed it unless it says its own."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(NOT_TAKEN, fields={field: ""}) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(current_user.time_zone))


def _in_words(refusal: Refusal) -> Refusal:
    """With the fields as the form has them, and what each wants."""
    if not isinstance(refusal, Invalid):
        return refusal
    kind = next((kind for kind in KINDS.values() if any(name.startswith(f"{kind}.") for name in request.form)), "")
    named = {
        name if name in WANTED or "." in name else f"{kind}.{FIELDS.get(name, name)}": text
        for name, text in refusal.fields.items()
    }
    return Invalid(NOT_TAKEN, fields={name: WANTED.get(name, text) for name, text in named.items()})
