"""Links that let one in: an invitation taken up, a forgotten password replaced."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Invalid, NotFound
from core.identity import queries, rules, service
from core.identity.queries import TicketKind
from portals import limits
from portals.auth.sign_in import bp
from portals.auth.start import home_url, start_session
from portals.doors import at, erp, read, write


@bp.get("/forgotten")
def show_forgotten() -> str:
    """Where one asks for a link to a new password; without a mail server, whom to ask instead."""
    return render_template("auth/forgotten.html", sends=erp().settings.mail is not None, email="", problem=None)


@bp.post("/forgotten")
def ask_for_reset() -> ResponseReturnValue:
    """Ask for a link. The answer tells nobody whether there is such a person."""
    email = request.form.get("email", "").replace("\0", "").strip()
    sends = erp().settings.mail is not None
    if wait_s := limits.find_wait(rules.RESET_LIMIT):
        page = render_template("auth/forgotten.html", sends=sends, email=email, problem=limits.words(wait_s))
        return page, 429, {"Retry-After": str(wait_s)}
    if "@" not in email[1:]:
        problem = "Enter the e-mail address you sign in with."
        return render_template("auth/forgotten.html", sends=sends, email=email, problem=problem), 422
    if sends:
        service.ask_for_reset(write(), at=at(), email=email)
    return render_template("auth/asked.html", email=email, sends=sends, minutes=rules.RESET_FOR.seconds // 60)


@bp.get("/invitation/<token>")
def show_invitation(token: str) -> ResponseReturnValue:
    """Where somebody who was invited chooses a password."""
    return _show(token, TicketKind.INVITATION)


@bp.post("/invitation/<token>")
def accept_invitation(token: str) -> ResponseReturnValue:
    """Set the password and sign in."""
    return _redeem(token, TicketKind.INVITATION)


@bp.get("/reset/<token>")
def show_reset(token: str) -> ResponseReturnValue:
    """Where one chooses a new password."""
    return _show(token, TicketKind.RESET)


@bp.post("/reset/<token>")
def reset_password(token: str) -> ResponseReturnValue:
    """Set the new password; everybody who is signed in with this account is signed out."""
    return _redeem(token, TicketKind.RESET)


def _show(token: str, kind: TicketKind, problem: str | None = None) -> ResponseReturnValue:
    holder = queries.find_ticket_holder(read(), at=at(), token=token, kind=kind)
    if holder is None:
        return render_template("auth/dead_link.html", kind=kind, sends=erp().settings.mail is not None), 404
    page = render_template("auth/choose_password.html", kind=kind, holder=holder, problem=problem)
    return page, 422 if problem else 200


def _redeem(token: str, kind: TicketKind) -> ResponseReturnValue:
    if wait_s := limits.find_wait(rules.TICKET_LIMIT):
        return _show(token, kind, limits.words(wait_s))
    try:
        redeemed = service.redeem_ticket(
            write(),
            at=at(),
            token=token,
            kind=kind,
            password=request.form.get("password", ""),
            post=service.open_post(erp().settings),
        )
    except (Invalid, NotFound) as refusal:
        return _show(token, kind, refusal.fields.get("password"))
    if redeemed.kind is TicketKind.RESET:
        flash("Your new password is set, and you are signed out everywhere. Sign in with it.", "ok")
        return redirect(url_for("auth.show_sign_in"), 303)
    return redirect(home_url(start_session(redeemed.user_id, method="pwd").actor), 303)
