"""Taking somebody's second factors away: for a lost phone."""

from __future__ import annotations

from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from core.identity import queries, service
from portals import hx
from portals.admin import bp
from portals.auth import confirmed
from portals.doors import actor, at, erp, read, write


@bp.get("/users/<int:user_id>/second-factors")
def show_factors(user_id: int) -> Response:
    """What somebody can prove themselves with, and the way to take it from whoever found it."""
    factors = queries.get_factors(read(), viewer=actor(), user_id=user_id)
    return hx.render("admin/identity/factors.html", factors=factors)


@bp.post("/users/<int:user_id>/second-factors/reset")
@confirmed("Resetting somebody's second factors")
def reset_factors(user_id: int) -> ResponseReturnValue:
    """Take them all away, and end the person's sessions."""
    person = queries.get_factors(read(), viewer=actor(), user_id=user_id)
    service.reset_factors(write(), actor=actor(), at=at(), user_id=user_id, post=_post())
    flash(f"{person.name} has no second factor now and is signed out everywhere.", "ok")
    return redirect(url_for(".show_factors", user_id=user_id), 303)


def _post() -> service.Post:
    return service.open_post(erp().settings)
