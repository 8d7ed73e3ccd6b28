"""Views of the fleet table that people keep: under a name, for themselves or for all operators."""

from __future__ import annotations

from urllib.parse import parse_qsl

import msgspec
from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from core.errors import Invalid
from core.identity import service
from portals.doors import actor, at, write
from portals.forms import parse_form
from portals.operator import bp
from portals.operator.vehicles_asked import Asked, read_asked
from portals.operator.vehicles_fleet import PAGE, show_fleet


class ViewForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A view to keep. `query` is the state of the table."""

    query: str = ""
    view_name: str = ""
    is_shared: bool = False


@bp.post("/vehicles/views")
def save_vehicles_view() -> ResponseReturnValue:
    """Keep what the table shows under a name."""
    asked = read_query(request.form.get("query", ""))
    try:
        form = parse_form(ViewForm)
        service.save_view(
            write(),
            actor=actor(),
            at=at(),
            page=PAGE,
            name=form.view_name,
            query=asked.as_text,
            is_shared=form.is_shared,
        )
    except Invalid as refusal:
        words = " ".join((refusal.detail, *refusal.fields.values()))
        return show_fleet(words, asked=asked, status=refusal.status)
    flash(f"“{form.view_name}” is kept among the views{', for all operators' if form.is_shared else ''}.", "ok")
    return redirect(url_for("operator.list_vehicles", **asked.args), 303)


@bp.post("/vehicles/views/<int:view_id>/removal")
def remove_vehicles_view(view_id: int) -> ResponseReturnValue:
    """Remove a view of one's own."""
    service.remove_view(write(), actor=actor(), at=at(), view_id=view_id)
    flash("The view was removed.", "ok")
    return redirect(url_for("operator.list_vehicles", **read_query(request.form.get("query", "")).args), 303)


def read_query(text: str) -> Asked:
    """The state of the table that a form carries."""
    return read_asked(MultiDict(parse_qsl(text, max_num_fields=1000)))
