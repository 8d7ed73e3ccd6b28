"""The accounts elsewhere by which one signs in: seen, and unlinked."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict
from core.identity import queries, service
from portals import hx
from portals.account import bp
from portals.doors import actor, at, read, write


@bp.get("/external")
def list_external_logins() -> Response:
    """The accounts elsewhere that are linked with one's own."""
    logins = queries.list_external_logins(read(), viewer=actor(), user_id=actor().id)
    return hx.render("account/external.html", logins=logins)


@bp.post("/external/unlink")
def unlink_external_login() -> ResponseReturnValue:
    """Sign in by that account no more."""
    issuer, subject = request.form.get("issuer", ""), request.form.get("subject", "")
    try:
        service.unlink_external_login(write(), actor=actor(), at=at(), issuer=issuer, subject=subject)
    except Conflict as refusal:
        flash(refusal.detail, "act")
    else:
        flash("The account is unlinked. You are still signed in here.", "ok")
    return redirect(url_for(".list_external_logins"), 303)
