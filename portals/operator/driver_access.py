"""Whether a driver may drive: how they stand, why, and what the office knows and puts on by hand."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from msgspec import Meta

from core.access import queries, service
from core.access.schemas import DOCUMENTS, FactKind, HoldStatus, NewHold, name_document
from core.errors import Conflict, Invalid, Refusal
from portals import hx
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_form
from portals.operator import bp
from portals.operator.driver_facts import NOT_TAKEN, FactForm, parse_local, read_fact

STATES = {"held": "Held", "missing": "Missing", "refused": "Not accepted"}
SEVERITIES = {"minor": "Minor", "serious": "Serious", "severe": "Severe"}
HOLDS = {"suspended": "Suspend", "locked_out": "Lock out"}
KINDS = {FactKind.DOCUMENT: "document", FactKind.RATING: "rating", FactKind.INCIDENT: "incident"}
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
        key, fact = read_fact(parse_form(FactForm), driver_id)
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
        until = parse_local(form.until, "until") if form.until else None
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
        document_names=[(key, name.capitalize()) for key, name in DOCUMENTS.items()],
        name_document=name_document,
        states=STATES,
        severities=SEVERITIES,
        holds=list(HOLDS.items()),
        refusal=refusal,
        errors=refusal.fields if refusal else {},
        typed=request.form,
    )


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
