"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user

from core.errors import Unauthenticated
from core.identity import rules, service
from portals import limits
from portals.auth.known import known_people
from portals.auth.start import home_url, safe_next, start_session
from portals.doors import at, write

bp = Blueprint("auth", __name__)


@bp.get("/")
def home() -> ResponseReturnValue:
    """Send people where they belong."""
    return redirect(home_url() if current_user.is_authenticated else url_for("auth.show_sign_in"))


@bp.get("/sign-in")
def show_sign_in() -> ResponseReturnValue:
    """The sign-in page."""
    if current_user.is_authenticated:
        return redirect(home_url())
    return _page(next=request.args.get("next", ""))


@bp.post("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Sign a person in with e-mail and password."""
    email, password = request.form.get("email", "").replace("\0", ""), request.form.get("password", "")
    target = request.form.get("next", "")
    if wait_s := limits.find_wait(rules.SIGN_IN_LIMIT):
        return _page(email=email, problem=limits.words(wait_s), next=target), 429, {"Retry-After": str(wait_s)}
    result = service.sign_in(write(), at=at(), email=email, password=password, known=known_people())
    if isinstance(result, Unauthenticated):
        return _page(email=email, problem=result.detail, next=target), 422
    session = start_session(result, method="pwd")
    return redirect(safe_next(target) or home_url(session.actor))


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session."""
    if current_user.is_authenticated:
        service.end_session(write(), at=at(), session_id=current_user.person.session_id, why="signed out")
    logout_user()
    flash("You are signed out.")
    return redirect(url_for("auth.show_sign_in"))


def _page(*, next: str, email: str = "", problem: str | None = None) -> str:
    return render_template("sign_in.html", email=email, problem=problem, next=next)
