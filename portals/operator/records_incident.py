"""The file of an incident as the office keeps it: photos, costs, who answers for it, third parties, how far it is."""

from __future__ import annotations

import msgspec
from flask import request
from flask.typing import ResponseReturnValue

from core.errors import Invalid
from core.events import service
from core.events.schemas import CostKind, IncidentState, NewCost, NewParty, NewShare, NewShares
from core.money import parse_amount
from portals.doors import actor, at, write
from portals.evidence import read_uploads
from portals.forms import parse_form, record_id
from portals.operator import bp
from portals.operator.records_acts import do


class MoveForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it goes on to."""

    to: IncidentState


class CostForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of the costs, as typed."""

    cost: CostKind
    cost_amount: str = ""
    cost_currency: str = ""
    reference: str = ""


class ReferencesForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By which numbers others know it."""

    police_number: str = ""
    claim_number: str = ""


@bp.post("/records/<int:event_id>/incident/state")
def move_incident(event_id: int) -> ResponseReturnValue:
    """Let it go on."""

    def act() -> str:
        to = parse_form(MoveForm).to
        service.move_incident(write(), actor=actor(), at=at(), event_id=event_id, to=to)
        return f"The incident is {to.replace('_', ' ')}."

    return do(event_id, act)


@bp.post("/records/<int:event_id>/incident/photos")
def add_incident_photos(event_id: int) -> ResponseReturnValue:
    """Add photos and documents."""

    def act() -> str:
        uploads = read_uploads("photos")
        if not uploads:
            raise Invalid("No photo was added.", fields={"photos": "Choose one or more."})
        for upload in uploads:
            service.add_photo(
                write(), actor=actor(), at=at(), event_id=event_id, name=upload.name, content=upload.content
            )
        return "Added."

    return do(event_id, act)


@bp.post("/records/<int:event_id>/incident/costs")
def add_incident_cost(event_id: int) -> ResponseReturnValue:
    """Add a line of what it costs."""

    def act() -> str:
        form = parse_form(CostForm)
        currency = form.cost_currency.upper()
        minor = parse_amount(form.cost_amount, currency)
        if not minor:
            raise Invalid("The cost was not added.", fields={"cost_amount": "Enter an amount, such as 238.00."})
        fields = {"kind": form.cost, "amount_minor": minor, "currency": currency, "reference": form.reference or None}
        try:
            new = msgspec.convert(fields, NewCost)
        except msgspec.ValidationError as error:
            told = {"cost_currency": "Three letters, such as USD; a reference has at most 60 characters."}
            raise Invalid("The cost was not added.", fields=told) from error
        service.add_cost(write(), actor=actor(), at=at(), event_id=event_id, new=new)
        return "Added."

    return do(event_id, act)


@bp.post("/records/<int:event_id>/incident/costs/<int:cost_id>/strike")
def strike_incident_cost(event_id: int, cost_id: int) -> ResponseReturnValue:
    """Let a line count no more."""

    def act() -> str:
        service.strike_cost(write(), actor=actor(), at=at(), event_id=event_id, cost_id=cost_id)
        return "Struck. The line stays in the file."

    return do(event_id, act)


@bp.post("/records/<int:event_id>/incident/shares")
def set_incident_shares(event_id: int) -> ResponseReturnValue:
    """Say who answers for it; a row without a driver says nothing."""

    def act() -> str:
        rows = zip(request.form.getlist("share_driver"), request.form.getlist("share_pct"), strict=False)
        try:
            told = [NewShare(driver_id=record_id(who), fault_pct=int(pct or 0)) for who, pct in rows if who]
            new = msgspec.convert({"shares": msgspec.to_builtins(told)}, NewShares)
        except (ValueError, msgspec.ValidationError) as error:
            told_why = {"shares": "Enter whole numbers from 0 to 100."}
            raise Invalid("The shares were not taken.", fields=told_why) from error
        service.set_shares(write(), actor=actor(), at=at(), event_id=event_id, new=new)
        return "Noted who answers for it."

    return do(event_id, act)


@bp.post("/records/<int:event_id>/incident/parties")
def add_incident_party(event_id: int) -> ResponseReturnValue:
    """Add a third party."""

    def act() -> str:
        service.add_party(write(), actor=actor(), at=at(), event_id=event_id, new=parse_form(NewParty))
        return "Added, sealed."

    return do(event_id, act)


@bp.post("/records/<int:event_id>/incident/references")
def set_incident_references(event_id: int) -> ResponseReturnValue:
    """Enter the numbers of police and insurance."""

    def act() -> str:
        form = parse_form(ReferencesForm)
        service.set_references(
            write(),
            actor=actor(),
            at=at(),
            event_id=event_id,
            police_number=form.police_number,
            claim_number=form.claim_number,
        )
        return "Entered, sealed."

    return do(event_id, act)
