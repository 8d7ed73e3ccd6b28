"""Telling of an event by hand, and correcting one: the same form, in the shape of its kind."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from core.drivers import queries as drivers
from core.errors import Conflict, Invalid, NotFound, Refusal
from core.events import queries, service
from core.events.queries import EventDetail
from core.events.schemas import (
    Correction,
    EventSource,
    FineOffence,
    IncidentSeverity,
    IncidentType,
    NewFine,
    NewIncident,
    NewRecord,
    NewRepair,
    NewViolation,
    RecordReason,
    RepairWork,
    ViolationRule,
)
from core.money import digits_of, parse_amount
from core.vehicles import queries as vehicles
from portals import hx, log_words
from portals.doors import actor, at, read, write
from portals.filters import words
from portals.forms import explain
from portals.operator import bp

SHAPES: dict[str, type[Any]] = {
    "incident": NewIncident,
    "fine": NewFine,
    "repair": NewRepair,
    "violation": NewViolation,
}
CHOICES = {
    "what": IncidentType,
    "severity": IncidentSeverity,
    "offence": FineOffence,
    "work": RepairWork,
    "rule": ViolationRule,
}
WANTED = {
    "vehicle_id": "Choose a vehicle.",
    "happened_at": "Enter a date and a time that has passed.",
    "happened_until": "Enter a date and a time, or leave it empty.",
    "what": "Choose one of the list.",
    "severity": "Choose one of the list.",
    "offence": "Choose one of the list.",
    "work": "Choose one of the list.",
    "rule": "Choose one of the list.",
    "issuer": "Enter the authority.",
    "number": "Enter the number of the notice.",
    "amount_minor": "Enter an amount, such as 238.00.",
    "currency": "Enter three letters, such as USD.",
    "injured_count": "Enter a whole number.",
    "due_on": "Enter a date, or leave it empty.",
}
NOT_TAKEN = "The event was not recorded."


@bp.get("/records/new")
def new_record() -> Response:
    """The empty form of one kind."""
    return _show(_kind(), {"happened_at": "", "currency": _currency()})


@bp.post("/records/new")
def add_record() -> ResponseReturnValue:
    """Record the event."""
    try:
        new = _read_form()
        told = service.record_event(write(), actor=actor(), at=at(), new=new, source=EventSource.OFFICE)
    except (Invalid, Conflict, NotFound) as refusal:
        return _show(_kind(), request.form, refusal=refusal)
    if told.is_new:
        flash("Recorded.", "ok")
    else:
        flash("This was in the log already. Nothing was recorded twice.", "warn")
    return redirect(url_for("operator.show_record", event_id=told.event_id), 303)


@bp.get("/records/<int:event_id>/correct")
def edit_record(event_id: int) -> Response:
    """The form, filled with what was told."""
    found = queries.get_event(read(), viewer=actor(), event_id=event_id)
    return _show(found.line.kind, _typed(found), event_id=event_id)


@bp.post("/records/<int:event_id>/correct")
def correct_record(event_id: int) -> ResponseReturnValue:
    """Say what it really was."""
    found = queries.get_event(read(), viewer=actor(), event_id=event_id)
    try:
        reason = msgspec.convert(request.form.get("reason", ""), RecordReason)
        correction = Correction(reason=reason, record=_read_form())
        service.correct_event(
            write(), actor=actor(), at=at(), event_id=event_id, correction=correction, source=EventSource.OFFICE
        )
    except msgspec.ValidationError:
        refusal: Refusal = Invalid("The event was not corrected.", fields={"reason": "Choose why."})
        return _show(found.line.kind, request.form, event_id=event_id, refusal=refusal)
    except (Invalid, Conflict, NotFound) as refused:
        return _show(found.line.kind, request.form, event_id=event_id, refusal=refused)
    flash("Corrected. What was told before stays in the history.", "ok")
    return redirect(url_for("operator.show_record", event_id=event_id), 303)


def _show(kind: str, typed: Any, *, event_id: int | None = None, refusal: Refusal | None = None) -> Response:
    people = drivers.list_drivers(read(), viewer=actor(), at=at())
    fleet = vehicles.list_vehicles(read(), viewer=actor())
    return hx.render(
        "operator/records/form.html",
        status=refusal.status if refusal else 200,
        kind=kind,
        kinds=log_words.RECORD_KINDS,
        event_id=event_id,
        typed=typed,
        refusal=refusal,
        errors=_in_words(refusal) if refusal else {},
        vehicles=[(vehicle.id, f"{vehicle.name} {vehicle.plate or ''}".strip()) for vehicle in fleet],
        people=[(person["id"], person["name"]) for person in people],
        choices={name: [(one.value, words(one)) for one in of] for name, of in CHOICES.items()},
        reasons=list(log_words.REASONS.items()),
    )


def _in_words(refusal: Refusal) -> dict[str, str]:
    """The errors beside their fields, in our words where a shape speaks as a machine does."""
    is_of_shape = refusal.detail != NOT_TAKEN
    return {
        name: (WANTED.get(name, text) if is_of_shape and isinstance(refusal, Invalid) else text)
        for name, text in refusal.fields.items()
    }


def _kind() -> str:
    kind = request.values.get("kind", "")
    return kind if kind in SHAPES else "incident"


def _currency() -> str:
    """The currency of the park, when the viewer sees but one."""
    found = {park["currency"] for park in vehicles.list_parks(read(), viewer=actor())}
    return found.pop() if len(found) == 1 else ""


def _read_form() -> NewRecord:
    """The form in the shape of its kind. Raises Invalid, naming the field."""
    kind = _kind()
    shape = SHAPES[kind]
    known = set(shape.__struct_fields__)
    typed = {name: text.replace("\0", "").strip() for name, text in request.form.items()}
    fields: dict[str, Any] = {name: text for name, text in typed.items() if text and name in known}
    for name in ("happened_at", "happened_until"):
        if name in fields:
            fields[name] = _local(fields[name], name)
    amount = typed.get("amount", "")
    if amount and "amount_minor" in known:
        currency = fields["currency"] = fields.get("currency", "").upper()
        minor = parse_amount(amount, currency)
        if minor is None:
            raise Invalid(NOT_TAKEN, fields={"amount_minor": WANTED["amount_minor"]})
        fields["amount_minor"] = minor
    elif kind != "fine":
        fields.pop("currency", None)
    try:
        return msgspec.convert({"kind": kind, **fields}, shape, strict=False)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        raise explain(error) from error


def _local(text: str, field: str) -> datetime:
    """A moment as typed, in the zone of whoever typed it."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(current_user.time_zone))
        if not 1970 <= moment.year <= 9000:
            raise ValueError(text)
    except ValueError:
        raise Invalid(NOT_TAKEN, fields={field: WANTED[field]}) from None
    return moment


def _typed(found: EventDetail) -> dict[str, Any]:
    """What was told, as it would have been typed."""
    told = dict(found.line.told)
    zone = ZoneInfo(current_user.time_zone)
    for name in ("happened_at", "happened_until"):
        if told.get(name):
            told[name] = f"{datetime.fromisoformat(told[name]).astimezone(zone):%Y-%m-%dT%H:%M:%S}"
    if told.get("amount_minor") is not None:
        digits = digits_of(told["currency"])
        told["amount"] = f"{told['amount_minor'] / 10**digits:.{digits}f}"
    return told | {"words": found.words or ""}
