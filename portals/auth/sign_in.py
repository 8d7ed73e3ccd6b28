"""Signing in and out, and where each role is at home."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user

from core.errors import Forbidden, Unauthenticated
from core.identity import queries, service
from core.permissions import ADMIN, DRIVER, INVESTOR, OPERATOR, STAFF, Actor
from portals.auth.gates import Session
from portals.doors import at, write
from portals.security import own_path

bp = Blueprint("auth", __name__)

# Where each role is at home, in the order in which a person with several roles is sent.
HOMES = {
    OPERATOR: "operator.board",
    STAFF: "operator.board",
    ADMIN: "admin.health",
    DRIVER: "driver.today",
    INVESTOR: "investor.assets",
}


@bp.get("/")
def home() -> ResponseReturnValue:
    """Send people where they belong."""
    return redirect(_home_url() if current_user.is_authenticated else url_for("auth.show_sign_in"))


@bp.get("/sign-in")
def show_sign_in() -> ResponseReturnValue:
    """The sign-in page."""
    if current_user.is_authenticated:
        return redirect(_home_url())
    return render_template("sign_in.html", email="", problem=None, next=request.args.get("next", ""))


@bp.post("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Sign a person in with e-mail and password."""
    email, password = request.form.get("email", ""), request.form.get("password", "")
    result = service.sign_in(write(), at=at(), email=email, password=password)
    if isinstance(result, Unauthenticated):
        page = render_template("sign_in.html", email=email, problem=result.detail, next=request.form.get("next", ""))
        return page, 422
    session = _start_session(result, method="pwd")
    return redirect(own_path(request.form.get("next", "")) or _home_url(session.actor))


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session."""
    if current_user.is_authenticated:
        service.end_session(write(), at=at(), session_id=current_user.person.session_id, why="signed out")
    logout_user()
    flash("You are signed out.")
    return redirect(url_for("auth.show_sign_in"))


def _start_session(user_id: int, *, method: str) -> Session:
    cookie = service.start_session(
        write(),
        at=at(),
        user_id=user_id,
        method=method,
        address=request.remote_addr or "",
        agent=request.user_agent.string,
    )
    person = queries.find_signed_in(write().connection(), cookie=cookie, at=at())
    assert person is not None
    session = Session(person, cookie)
    login_user(session)
    return session


def _home_url(person: Actor | None = None) -> str:
    roles = (person or current_user.actor).roles
    for role, endpoint in HOMES.items():
        if role in roles:
            return url_for(endpoint)
    raise Forbidden("Your account has no role yet. Ask an administrator to give you one.")
