"""Where one is signed in, and ending that elsewhere."""

from __future__ import annotations

from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from core.identity import queries, service
from portals import hx
from portals.account import bp
from portals.doors import actor, at, read, write


@bp.get("/sessions")
def list_sessions() -> Response:
    """Every browser in which one is signed in."""
    sessions = queries.list_sessions(read(), viewer=actor(), user_id=actor().id, at=at())
    return hx.render("account/sessions.html", sessions=sessions, this_id=current_user.person.session_id)


@bp.post("/sessions/<int:session_id>/end")
def end_session(session_id: int) -> ResponseReturnValue:
    """Sign out in another browser."""
    service.end_own_session(write(), actor=actor(), at=at(), session_id=session_id)
    flash("That browser is signed out. Whoever uses it has to sign in again.", "ok")
    return redirect(url_for(".list_sessions"), 303)


@bp.post("/sessions/others/end")
def end_other_sessions() -> ResponseReturnValue:
    """Sign out everywhere else."""
    ended = service.end_own_other_sessions(write(), actor=actor(), at=at(), keep_id=current_user.person.session_id)
    words = {0: "You were signed in nowhere else.", 1: "One other browser is signed out."}
    flash(words.get(ended, f"{ended} other browsers are signed out."), "ok")
    return redirect(url_for(".list_sessions"), 303)
