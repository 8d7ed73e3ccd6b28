"""A signed-in person's own pages, whatever their role: who they are, how they sign in, where they are signed in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from portals import policy
from portals.doors import actor, erp

bp = Blueprint("account", __name__, url_prefix="/account")

NAV = [
    ("account.show_profile", "Profile", "user-circle"),
    ("account.list_sessions", "Sessions", "device-desktop"),
    ("account.list_apps", "Connected apps", "key"),
    ("account.show_security", "Second factors", "shield-check"),
    ("account.list_external_logins", "Linked accounts", "key"),
]


@bp.context_processor
def offer_navigation() -> dict[str, Any]:
    """The entries beside the page."""
    shown = [entry for entry in NAV if entry[0] != "account.list_external_logins" or erp().settings.oidc]
    return {"nav": policy.offered(shown, actor())}


@bp.get("/")
def home() -> ResponseReturnValue:
    """The first of these pages."""
    return redirect(url_for(NAV[0][0]))


from portals.account import (  # noqa: E402 - they hang their views on bp
    apps,  # noqa: F401
    external,  # noqa: F401
    profile,  # noqa: F401
    security,  # noqa: F401
    sessions,  # noqa: F401
)
