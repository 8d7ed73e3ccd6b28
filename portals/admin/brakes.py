"""What stops all locks: to be put on, and to be lifted by an administrator."""

from __future__ import annotations

import msgspec
from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from core.access import queries, service
from core.access.schemas import BrakeKind, Why
from core.errors import Conflict, Invalid
from portals import hx
from portals.admin import bp
from portals.auth import confirmed
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_form

LIFTING = "Letting locks go on"


class Lifting(msgspec.Struct, frozen=True, kw_only=True):
    """Which brake is lifted, and why."""

    kind: BrakeKind
    why: str = ""


@bp.get("/brakes")
def show_brakes() -> Response:
    """What is on, how near the limits are, and what was lifted."""
    return _show()


@bp.post("/brakes/hold")
def hold_locks() -> ResponseReturnValue:
    """Stop all locks."""
    try:
        service.hold(write(), actor=actor(), at=at(), why=parse_form(Why).why)
    except Invalid as refusal:
        return _show(refusal)
    return redirect(url_for(".show_brakes"), 303)


@bp.post("/brakes/lifting")
@confirmed(LIFTING)
def lift_brake() -> ResponseReturnValue:
    """Lift the hold, or reset the breaker."""
    said = parse_form(Lifting)
    try:
        service.lift(write(), actor=actor(), at=at(), kind=said.kind, why=said.why)
    except Invalid as refusal:
        return _show(refusal)
    except Conflict as refusal:
        flash(refusal.detail, "warn")
    return redirect(url_for(".show_brakes"), 303)


def _show(refusal: Invalid | None = None) -> Response:
    limits = erp().settings.access_limits
    return hx.render(
        "admin/access/brakes.html",
        "admin/access/_brakes.html",
        status=refusal.status if refusal else 200,
        brakes=queries.list_brakes(read(), viewer=actor()),
        past=queries.list_past_brakes(read(), viewer=actor()),
        counts=queries.count_locks(read(), viewer=actor(), at=at(), limits=limits),
        limits=limits,
        errors=refusal.fields if refusal else {},
    )
