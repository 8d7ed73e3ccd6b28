"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user

from core.errors import Unauthenticated
from core.identity import service
from portals.auth.start import home_url, start_session
from portals.doors import at, write
from portals.security import own_path

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
    return render_template("sign_in.html", email="", problem=None, next=request.args.get("next", ""))


@bp.post("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Sign a person in with e-mail and password."""
    email, password = request.form.get("email", ""), request.form.get("password", "")
    result = service.sign_in(write(), at=at(), email=email, password=password)
    if isinstance(result, Unauthenticated):
        page = render_template("sign_in.html", email=email, problem=result.detail, next=request.form.get("next", ""))
        return page, 422
    session = start_session(result, method="pwd")
    return redirect(own_path(request.form.get("next", "")) or home_url(session.actor))


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session."""
    if current_user.is_authenticated:
        service.end_session(write(), at=at(), session_id=current_user.person.session_id, why="signed out")
    logout_user()
    flash("You are signed out.")
    return redirect(url_for("auth.show_sign_in"))
