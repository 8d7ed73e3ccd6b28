"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user

from core.errors import Unauthenticated
from core.identity import queries, rules, service
from portals import limits
from portals.auth import half, passkeys
from portals.auth.known import known_people
from portals.auth.start import home_url, start_session
from portals.doors import at, read, write
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
    return sign_in_page(next=request.args.get("next", ""))


@bp.post("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Sign a person in with e-mail and password; who has a second factor is asked for that next."""
    email, password = request.form.get("email", "").replace("\0", ""), request.form.get("password", "")
    target = request.form.get("next", "")
    if wait_s := limits.find_wait(rules.SIGN_IN_LIMIT):
        page = sign_in_page(email=email, problem=limits.words(wait_s), next=target)
        return page, 429, {"Retry-After": str(wait_s)}
    result = service.sign_in(write(), at=at(), email=email, password=password, known=known_people())
    if isinstance(result, Unauthenticated):
        return sign_in_page(email=email, problem=result.detail, next=target), 422
    factors = queries.find_factors(read(), user_id=result)
    if factors is not None and factors.has_second_factor:
        half.keep(result, target=target)
        return redirect(url_for("auth.show_second_factor"))
    session = start_session(result, method="pwd")
    return redirect(own_path(target) or home_url(session.actor))


@bp.post("/sign-in/passkey/options")
def offer_passkey() -> ResponseReturnValue:
    """What the browser is to ask its passkeys; it does not say whose."""
    return passkeys.offer()


@bp.post("/sign-in/passkey")
def sign_in_with_passkey() -> ResponseReturnValue:
    """Sign a person in with a passkey alone: it is in their hand, and it asked for a finger, a face or a number."""
    target = request.form.get("next", "")
    answer = passkeys.take_answer(request.form.get("passkey", ""))
    result = service.sign_in_with_passkey(write(), at=at(), answer=answer) if answer else passkeys.TOO_LATE
    if isinstance(result, Unauthenticated):
        return sign_in_page(problem=result.detail, next=target), 422
    session = start_session(result, method="hwk user")
    return redirect(own_path(target) or home_url(session.actor))


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session."""
    if current_user.is_authenticated:
        service.end_session(write(), at=at(), session_id=current_user.person.session_id, why="signed out")
    logout_user()
    flash("You are signed out.")
    return redirect(url_for("auth.show_sign_in"))


def sign_in_page(*, email: str = "", problem: str | None = None, next: str = "") -> str:
    """The page where one signs in, and what went wrong, if something did."""
    obstacle = passkeys.find_obstacle()
    return render_template("sign_in.html", email=email, problem=problem, next=next, passkey_obstacle=obstacle)
