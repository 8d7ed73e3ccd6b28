"""Who must have a second factor, and who only should: roles by configuration, and whoever holds a dangerous right."""

from __future__ import annotations

from flask import abort, redirect, request, url_for
from flask_login import current_user

from core.errors import ConfigurationError
from core.permissions import PEOPLE
from portals.doors import ErpApp, erp

# What somebody reaches who must set up a second factor first: that page with what it needs, and the way out.
OPEN_BLUEPRINTS = {"auth", "health"}
SECURITY = "account.show_security"
OPEN_ENDPOINTS = {
    "static",
    SECURITY,
    "account.begin_totp",
    "account.show_totp",
    "account.confirm_totp",
    "account.offer_new_passkey",
    "account.add_passkey",
}


def install(app: ErpApp) -> None:
    """Look at every request of a person, whatever it asks for; raises ConfigurationError for a role that is none."""
    required = app.settings.require_second_factor
    if unknown := required - frozenset(PEOPLE):
        words = f"{', '.join(sorted(unknown))}; it is a list of these roles: {', '.join(sorted(PEOPLE))}"
        raise ConfigurationError(f"ERP_REQUIRE_SECOND_FACTOR names {words}.")
    app.jinja_env.globals["second_factor_advice"] = find_advice
    if required:
        app.before_request(_send_to_set_up)


def find_advice() -> str | None:
    """Why who is signed in should, or must, set up a second factor; None when they have one or need none."""
    if not current_user.is_authenticated or current_user.person.has_second_factor:
        return None
    if request.endpoint in OPEN_ENDPOINTS - {SECURITY}:
        return None  # it is being done
    if _is_required():
        return "Your role needs a second factor, an app or a passkey. The rest opens as soon as you have one."
    if current_user.actor.may("access:immobilize"):
        return "You can stop vehicles with a password alone. Protect your account with a second factor."
    return None


def _is_required() -> bool:
    required: frozenset[str] = erp().settings.require_second_factor
    return not required.isdisjoint(current_user.actor.roles)


def _send_to_set_up() -> None:
    if _is_open() or not current_user.is_authenticated:
        return
    if _is_required() and not current_user.person.has_second_factor:
        where = url_for(SECURITY)
        answer = ("", 403, {"HX-Redirect": where}) if "HX-Request" in request.headers else redirect(where)
        abort(erp().make_response(answer))


def _is_open() -> bool:
    endpoint = request.endpoint or ""
    return request.blueprint in OPEN_BLUEPRINTS or endpoint in OPEN_ENDPOINTS
