"""Who one is: name, time zone, password."""

from __future__ import annotations

from zoneinfo import available_timezones

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from core.errors import Invalid, Unauthenticated
from core.identity import service
from portals import hx
from portals.account import bp
from portals.doors import actor, at, erp, write

# Of the names that the tz database keeps for old systems, none is offered.
ZONES = sorted(
    zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/", "US/"))
)


@bp.get("/profile")
def show_profile() -> Response:
    """One's name, zone and password."""
    return _show({})


@bp.post("/profile")
def change_profile() -> ResponseReturnValue:
    """Change one's name and time zone."""
    name, time_zone = request.form.get("name", "").replace("\0", ""), request.form.get("time_zone", "")
    try:
        service.change_own_profile(write(), actor=actor(), at=at(), name=name, time_zone=time_zone)
    except Invalid as refusal:
        return _show(refusal.fields, name=name, time_zone=time_zone)
    flash("Saved.", "ok")
    return redirect(url_for(".show_profile"), 303)


@bp.post("/password")
def change_password() -> ResponseReturnValue:
    """Change one's password; every other browser is signed out."""
    try:
        refused = service.change_own_password(
            write(),
            actor=actor(),
            at=at(),
            old=request.form.get("old", ""),
            new=request.form.get("new", ""),
            keep_id=current_user.person.session_id,
            post=service.open_post(erp().settings),
        )
    except Invalid as refusal:
        return _show(refusal.fields)
    if isinstance(refused, Unauthenticated):
        return _show({"old": refused.detail})
    flash("Your password is changed. Everywhere else you are signed out.", "ok")
    return redirect(url_for(".show_profile"), 303)


def _show(problems: dict[str, str], *, name: str | None = None, time_zone: str | None = None) -> Response:
    person = current_user.person
    zone = person.time_zone if time_zone is None else time_zone
    return hx.render(
        "account/profile.html",
        status=422 if problems else 200,
        problems=problems,
        name=person.name if name is None else name,
        time_zone=zone,
        zones=[(one, one.replace("_", " ")) for one in sorted({*ZONES, "UTC", person.time_zone})],
        person=person,
    )
