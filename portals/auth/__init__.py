"""Who is asking: people by their session, machines by their token; and the pages where people sign in."""

from __future__ import annotations

from flask_login import LoginManager

from portals.auth import external, requirement, second_factor, tickets
from portals.auth.confirmation import confirmed
from portals.auth.gates import load_session
from portals.auth.sign_in import bp
from portals.doors import ErpApp

__all__ = ["confirmed", "install", "second_factor", "tickets"]


def install(app: ErpApp) -> None:
    """Give the application its sessions and its sign-in pages."""
    manager = LoginManager(app)
    manager.user_loader(load_session)
    manager.session_protection = None  # a phone changes its address; the cookie is signed and bound to a key
    external.install(app)
    app.register_blueprint(bp)
    requirement.install(app)
