"""What the office does about an event: withdraws it, says whose it is, disputes it for its driver, decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from msgspec import Meta

from core.errors import Conflict, Forbidden, Invalid
from core.events import queries, service
from core.events.schemas import DisputeEffect, DisputeGround, EventSource, RecordReason
from core.money import parse_amount
from portals.doors import actor, at, read, write
from portals.evidence import read_uploads
from portals.forms import parse_form
from portals.operator import bp
from portals.operator.records import show


class WithdrawalForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why it counts no more."""

    reason: RecordReason


class DriverForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose it is; empty: no driver's."""

    driver_id: Annotated[int, Meta(ge=1, le=10**18 - 1)] | None = None


class DisputeForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said against it."""

    ground: DisputeGround
    words: str = ""


class DecisionForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of the charge, and why."""

    effect: DisputeEffect
    reasons: str = ""
    amount: str = ""


def do(event_id: int, act: Callable[[], str]) -> ResponseReturnValue:
    """Do it and show the event again, with what was done or why it was not."""
    try:
        told = act()
    except (Invalid, Conflict, Forbidden) as refusal:
        return show(event_id, refusal)
    flash(told, "ok")
    return redirect(url_for("operator.show_record", event_id=event_id), 303)


@bp.post("/records/<int:event_id>/withdrawal")
def withdraw_record(event_id: int) -> ResponseReturnValue:
    """Let it count no more."""

    def act() -> str:
        reason = parse_form(WithdrawalForm).reason
        service.withdraw_event(
            write(), actor=actor(), at=at(), event_id=event_id, reason=reason, source=EventSource.OFFICE
        )
        return "Withdrawn. It stays in the log and counts no more."

    return do(event_id, act)


@bp.post("/records/<int:event_id>/driver")
def decide_record_driver(event_id: int) -> ResponseReturnValue:
    """Say whose it is."""

    def act() -> str:
        driver_id = parse_form(DriverForm).driver_id
        service.decide_driver(write(), actor=actor(), at=at(), event_id=event_id, driver_id=driver_id)
        return "Noted whose it is. It stays so, whatever becomes of assignments."

    return do(event_id, act)


@bp.post("/records/<int:event_id>/dispute")
def dispute_record(event_id: int) -> ResponseReturnValue:
    """Dispute it for its driver."""

    def act() -> str:
        form = parse_form(DisputeForm)
        service.dispute_event(
            write(),
            actor=actor(),
            at=at(),
            event_id=event_id,
            ground=form.ground,
            words=form.words,
            uploads=read_uploads("files"),
        )
        return "Disputed. Nothing is deducted until somebody else has decided."

    return do(event_id, act)


@bp.post("/records/<int:event_id>/disputes/<int:dispute_id>/review")
def review_record_dispute(event_id: int, dispute_id: int) -> ResponseReturnValue:
    """Say that somebody looks into it."""

    def act() -> str:
        service.review_dispute(write(), actor=actor(), at=at(), dispute_id=dispute_id)
        return "The driver sees that it is being looked into."

    return do(event_id, act)


@bp.post("/records/<int:event_id>/disputes/<int:dispute_id>/decision")
def decide_record_dispute(event_id: int, dispute_id: int) -> ResponseReturnValue:
    """Decide it."""
    currency = queries.get_event(read(), viewer=actor(), event_id=event_id).line.currency

    def act() -> str:
        form = parse_form(DecisionForm)
        service.decide_dispute(
            write(),
            actor=actor(),
            at=at(),
            dispute_id=dispute_id,
            effect=form.effect,
            reasons=form.reasons,
            charge_minor=parse_amount(form.amount, currency or ""),
        )
        return "Decided. The driver reads your reasons."

    return do(event_id, act)
