"""The history of orders, with its filters, and the lockout log as a file."""

from __future__ import annotations

from flask import Response, request, url_for

from core.access.schemas import REASONS
from core.errors import Invalid
from core.vehicles import queries as vehicles
from portals import hx
from portals.admin import bp
from portals.doors import actor, read
from portals.forms import parse_form
from portals.orders.export import Wanted, send_log
from portals.orders.history import Asked, Page, read_asked, read_page


@bp.get("/locks")
def list_locks() -> Response:
    """The orders, newest first: all, or of one vehicle, one driver, one park, some days."""
    problem = None
    try:
        asked = read_asked(request.args)
        page = read_page(read(), asked, viewer=actor(), before=request.args.get("before", ""))
    except Invalid as refusal:
        asked, page, problem = Asked({}, None, None, {}), Page([], None), refusal
    return hx.render(
        "admin/access/locks.html",
        "admin/access/_locks.html",
        status=problem.status if problem else 200,
        jobs=page.jobs,
        next_url=url_for(".list_locks", **asked.kept, before=page.next) if page.next else None,
        first_url=url_for(".list_locks", **asked.kept) if request.args.get("before") else None,
        vehicles=vehicles.list_vehicles(read(), viewer=actor()),
        parks=vehicles.list_parks(read(), viewer=actor()),
        kept=asked.kept,
        problem=problem.detail if problem else None,
        reasons=REASONS,
    )


@bp.post("/locks/export")
def export_locks() -> Response:
    """The same as the list, all of it, as a file: CSV or NDJSON. Who took it is audited."""
    return send_log(read_asked(request.args), parse_form(Wanted).format)
