"""My shift: which vehicle is mine now and next, and where it is handed over."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from core.drivers import queries, service
from core.drivers.rules.handovers import EARLY
from core.errors import Conflict
from portals import hx
from portals.doors import actor, at, read, write
from portals.driver import bp
from portals.filters import describe_span
from portals.handovers import parse_kind

# What has just ended may still have to be given back on paper.
BEHIND = timedelta(hours=24)


@bp.get("/shift")
def show_shift() -> Response:
    """What the driver has now, what comes, and the handovers of both."""
    mine = queries.list_own_assignments(read(), viewer=actor(), since=at() - BEHIND)
    states = {one.id: one.state(at()).value for one in mine}
    handovers = queries.list_handovers(read(), viewer=actor(), assignment_ids=[one.id for one in mine])
    return hx.render(
        "driver/shift.html",
        "driver/_shift.html",
        own=queries.find_own_driver(read(), viewer=actor(), at=at()),
        mine=mine,
        states=states,
        times={one.id: describe_span(one.starts_at, one.ends_at, one.time_zone) for one in mine},
        handovers={(line.assignment_id, line.kind.value): line for line in handovers},
        may_take={one.id for one in mine if states[one.id] == "begun" or at() >= one.starts_at - EARLY},
    )


@bp.post("/shift/<int:assignment_id>/handover")
def begin_handover(assignment_id: int) -> ResponseReturnValue:
    """Begin to take over or give back, or go on where it was left."""
    try:
        handover_id = service.begin_handover(
            write(), actor=actor(), at=at(), assignment_id=assignment_id, kind=parse_kind()
        )
    except Conflict as refusal:
        flash(refusal.detail, "warn")
        return redirect(url_for("driver.show_shift"), 303)
    return redirect(url_for("driver.show_handover", handover_id=handover_id), 303)
