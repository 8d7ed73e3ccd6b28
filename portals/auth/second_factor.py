"""The second half of signing in: a code, or a passkey."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Unauthenticated
from core.identity import queries, service
from core.identity.queries import Factors
from core.identity.service import Code
from portals.auth import half, passkeys
from portals.auth.half import Half
from portals.auth.known import known_people
from portals.auth.sign_in import bp
from portals.auth.start import home_url, start_session
from portals.doors import at, erp, read, write
from portals.security import own_path

PAGE = "auth/second_factor.html"


@bp.get("/sign-in/second-factor")
def show_second_factor() -> ResponseReturnValue:
    """The page that asks for it."""
    waiting = _find_waiting()
    return _start_again() if waiting is None else _page(waiting[1])


@bp.post("/sign-in/second-factor/options")
def offer_second_factor() -> ResponseReturnValue:
    """What the browser is to ask its passkeys: for one of this person."""
    waiting = _find_waiting()
    if waiting is None:
        raise Unauthenticated("Your password was typed too long ago. Sign in again.")
    return passkeys.offer(waiting[1].passkeys)


@bp.post("/sign-in/second-factor")
def show_factor() -> ResponseReturnValue:
    """Take what was shown, and begin the session."""
    waiting = _find_waiting()
    if waiting is None:
        return _start_again()
    person, factors = waiting
    answered = request.form.get("passkey", "")
    proof = passkeys.take_answer(answered) if answered else Code(request.form.get("code", ""))
    proved = passkeys.TOO_LATE if proof is None else _prove(person, proof)
    if isinstance(proved, Unauthenticated):
        return _page(factors, problem=proved.detail), 422
    session = start_session(person.user_id, method=f"pwd {proved}")
    return redirect(own_path(person.target) or home_url(session.actor))


def _prove(person: Half, proof: Code | service.PasskeyAnswer) -> str | Unauthenticated:
    return service.prove_second_factor(
        write(),
        at=at(),
        user_id=person.user_id,
        proof=proof,
        key=erp().factor_key,
        post=service.open_post(erp().settings),
        known=known_people(),
    )


def _find_waiting() -> tuple[Half, Factors] | None:
    person = half.find()
    factors = None if person is None else queries.find_factors(read(), user_id=person.user_id)
    return None if person is None or factors is None else (person, factors)


def _start_again() -> ResponseReturnValue:
    half.forget()
    return redirect(url_for("auth.show_sign_in"))


def _page(factors: Factors, *, problem: str | None = None) -> str:
    obstacle = passkeys.find_obstacle()
    return render_template(PAGE, factors=factors, problem=problem, passkey_obstacle=obstacle)
