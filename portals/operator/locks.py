"""All locks on one page: what holds all of them, how near the limits are, what was ordered; and its export."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.access import queries, service
from core.access.schemas import REASONS, Why
from core.errors import Invalid
from core.vehicles import queries as vehicles
from portals import hx
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_form
from portals.operator import bp
from portals.orders.export import Wanted, send_log
from portals.orders.history import Asked, Page, read_asked, read_page


@bp.get("/locks")
def list_locks() -> Response:
    """The orders, newest first: all, or of one vehicle, one driver, one park, some days."""
    return _show()


@bp.post("/locks/hold")
def hold_locks() -> ResponseReturnValue:
    """Stop all locks until an administrator lifts that. Asks for no proof: to stop is always safe."""
    try:
        service.hold(write(), actor=actor(), at=at(), why=parse_form(Why).why)
    except Invalid as refusal:
        return _show(refusal)
    return redirect(url_for(".list_locks"), 303)


@bp.post("/locks/export")
def export_locks() -> Response:
    """The same as the list, all of it, as a file: CSV or NDJSON. Who took it is audited."""
    return send_log(read_asked(request.args), parse_form(Wanted).format)


def _show(refusal: Invalid | None = None) -> Response:
    asked, page, problem = _read()
    status = next((wrong.status for wrong in (refusal, problem) if wrong is not None), 200)
    return hx.render(
        "operator/locks/list.html",
        "operator/locks/_locks.html",
        status=status,
        brakes=queries.list_brakes(read(), viewer=actor()),
        counts=queries.count_locks(read(), viewer=actor(), at=at(), limits=erp().settings.access_limits),
        jobs=page.jobs,
        next_url=url_for(".list_locks", **asked.kept, before=page.next) if page.next else None,
        first_url=url_for(".list_locks", **asked.kept) if request.args.get("before") else None,
        vehicles=vehicles.list_vehicles(read(), viewer=actor()),
        parks=vehicles.list_parks(read(), viewer=actor()),
        kept=asked.kept,
        problem=problem.detail if problem else None,
        reasons=REASONS,
        errors=refusal.fields if refusal else {},
        may_hold=actor().may("access:brake"),
    )


def _read() -> tuple[Asked, Page, Invalid | None]:
    try:
        asked = read_asked(request.args)
    except Invalid as problem:
        return Asked({}, None, None, {}), Page([], None), problem
    return asked, read_page(read(), asked, viewer=actor(), before=request.args.get("before", "")), None
