"""The apps that one lets act for oneself, and taking that back."""

from __future__ import annotations

from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from core.identity import queries, service
from core.permissions import DANGEROUS, GRANTABLE, PERSONAL_SCOPES
from portals import hx
from portals.account import bp
from portals.doors import actor, at, read, write


@bp.get("/apps")
def list_apps() -> Response:
    """Every app that one has allowed something."""
    apps = queries.list_own_apps(read(), viewer=actor())
    meanings = {**GRANTABLE, **PERSONAL_SCOPES}
    return hx.render("account/apps.html", apps=apps, meanings=meanings, dangerous=DANGEROUS)


@bp.post("/apps/<client_id>/withdrawal")
def withdraw_app(client_id: str) -> ResponseReturnValue:
    """Take back what an app may do."""
    service.withdraw_app(write(), actor=actor(), at=at(), client_id=client_id.replace("\0", ""))
    flash("The app can no longer act for you. It is cut off within seconds, and must ask you again.", "ok")
    return redirect(url_for(".list_apps"), 303)
