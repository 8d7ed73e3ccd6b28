"""Handovers as the office sees them: those that wait for its signature, and what was signed."""

from __future__ import annotations

from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from core.drivers import queries, service
from core.errors import Conflict
from portals import hx
from portals.doors import actor, at, read, write
from portals.handovers import parse_kind, serve_handovers
from portals.operator import bp

serve_handovers(bp, "operator/handovers/show.html", prefix="/handovers")


@bp.get("/handovers")
def list_handovers() -> Response:
    """The open ones first, then what was signed lately."""
    drafts = queries.list_handovers(read(), viewer=actor(), is_open=True)
    signed = queries.list_handovers(read(), viewer=actor(), is_open=False)
    names = queries.name_drivers(read(), [line.driver_id for line in (*drafts, *signed)])
    return hx.render("operator/handovers/list.html", drafts=drafts, signed=signed, names=names)


@bp.post("/timetable/assignments/<int:assignment_id>/handover")
def begin_handover(assignment_id: int) -> ResponseReturnValue:
    """Begin one for a driver who has no phone at hand, or go on where it was left."""
    try:
        handover_id = service.begin_handover(
            write(), actor=actor(), at=at(), assignment_id=assignment_id, kind=parse_kind()
        )
    except Conflict as refusal:
        flash(refusal.detail, "warn")
        return redirect(url_for("operator.show_assignment", assignment_id=assignment_id), 303)
    return redirect(url_for("operator.show_handover", handover_id=handover_id), 303)


@bp.post("/handovers/<int:handover_id>/reopening")
def reopen_handover(handover_id: int) -> ResponseReturnValue:
    """Let the driver correct it: what they signed counts no more."""
    try:
        service.reopen_handover(write(), actor=actor(), at=at(), handover_id=handover_id)
    except Conflict as refusal:
        flash(refusal.detail, "warn")
    else:
        flash("It is open again. The driver's signature is gone; they sign anew.", "ok")
    return redirect(url_for("operator.show_handover", handover_id=handover_id), 303)


@bp.post("/handovers/<int:handover_id>/damages/<int:damage_id>/mending")
def mend_damage(handover_id: int, damage_id: int) -> ResponseReturnValue:
    """Note that damage was mended."""
    service.mend_damage(write(), actor=actor(), at=at(), damage_id=damage_id)
    flash("It is off the map of the vehicle. The handover keeps it.", "ok")
    return redirect(url_for("operator.show_handover", handover_id=handover_id, _anchor="damage"), 303)
