"""“Confirm it's you”: dangerous acts need a proof that is not older than five minutes.

Signing in is one. When it is older, the page that is asked for, or the form that was sent, waits behind a page that
asks for the password, a code or a passkey; nothing that was typed is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import ImmutableMultiDict

from core.errors import Unauthenticated
from core.identity import queries, rules, service
from core.identity.queries import Factors
from core.identity.service import Code, Password, Proof
from portals.auth import passkeys
from portals.auth.sign_in import bp
from portals.auth.start import home_url
from portals.doors import at, erp, read
from portals.security import own_path

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]

PAGE = "auth/confirm.html"
# What a proof is posted under, beside the fields of the form that waits for it.
PREFIX = "confirm."
# Of a form that waits, what is not written into the page: a token that is made anew, and what nobody may read there.
NOT_CARRIED = ("csrf_token", "password", "secret")
NOTHING_SHOWN = Unauthenticated("Type your password or a code, or use a passkey.")


def confirmed(act: str) -> Callable[[View[P]], View[P]]:
    """Let a view run only within five minutes of a proof; `act` says what it does, like “Immobilizing a vehicle”."""

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if not rules.is_confirmed(confirmed_at=current_user.person.confirmed_at, at=at()):
                asked = _ask(act)
                if asked is not None:
                    return asked
            _drop_proof()
            return view(*args, **kwargs)

        return guarded

    return guard


def ask_for_proof(act: str, *, next: str) -> ResponseReturnValue:
    """The page that asks for a fresh proof, however old the last one is, and leads on to `next`, a path of ours."""
    return _page(act, next=next), 403


@bp.post("/confirm")
def confirm() -> ResponseReturnValue:
    """Take the proof, and go back to the page that waited for it."""
    target = request.form.get("next", "")
    refusal = _take_proof()
    if refusal is not None:
        return _page(None, next=target, problem=refusal.detail), 422
    return redirect(own_path(target) or home_url(), 303)


@bp.post("/confirm/passkey/options")
def offer_confirmation() -> ResponseReturnValue:
    """What the browser is to ask its passkeys: for one of whoever is signed in."""
    return passkeys.offer(_factors().passkeys)


def _ask(act: str) -> ResponseReturnValue | None:
    """The page that asks, or None when what was posted proves enough."""
    if "HX-Request" in request.headers:
        return _leave_htmx()
    if request.method == "GET":
        return ask_for_proof(act, next=request.full_path.rstrip("?"))
    if not any(name.startswith(PREFIX) for name in request.form):
        return _page(act, held=_held()), 403
    refusal = _take_proof()
    return None if refusal is None else (_page(act, held=_held(), problem=refusal.detail), 422)


def _leave_htmx() -> ResponseReturnValue:
    """Have the browser ask once more without htmx, so that the whole page is answered: by address for a page, and a
    form by being sent as it stands (static/js/page.js).
    """
    if request.method == "GET":
        return "", 403, {"HX-Redirect": request.full_path.rstrip("?")}
    return "", 403, {"X-Send-Form": "whole"}


def _take_proof() -> Unauthenticated | None:
    proof = _read_proof()
    if isinstance(proof, Unauthenticated):
        return proof
    person = current_user.person
    # In a transaction of its own: what was proved stays proved when the act itself is refused, and a code stays used.
    with erp().database.transaction() as session:
        return service.confirm_session(
            session,
            at=at(),
            user_id=person.user_id,
            session_id=person.session_id,
            proof=proof,
            key=erp().factor_key,
            post=service.open_post(erp().settings),
        )


def _read_proof() -> Proof | Unauthenticated:
    shown = {name: request.form.get(f"{PREFIX}{name}", "") for name in ("passkey", "code", "password")}
    if shown["passkey"]:
        return passkeys.take_answer(shown["passkey"]) or passkeys.TOO_LATE
    if shown["code"]:
        return Code(shown["code"])
    return Password(shown["password"]) if shown["password"] else NOTHING_SHOWN


def _drop_proof() -> None:
    """The view sees the form as it was first sent."""
    if request.method == "POST":
        kept = [(name, text) for name, text in request.form.items(multi=True) if not name.startswith(PREFIX)]
        request.form = ImmutableMultiDict(kept)


def _held() -> list[tuple[str, str]]:
    return [
        (name, text)
        for name, text in request.form.items(multi=True)
        if not name.startswith(PREFIX) and not any(word in name for word in NOT_CARRIED)
    ]


def _page(
    act: str | None,
    *,
    held: list[tuple[str, str]] | None = None,
    next: str | None = None,
    problem: str | None = None,
) -> str:
    context: Mapping[str, object] = {
        "act": act,
        "held": held,
        "next": next,
        "problem": problem,
        "factors": _factors(),
        "passkey_obstacle": passkeys.find_obstacle(),
    }
    return render_template(PAGE, **context)


def _factors() -> Factors:
    return queries.get_factors(read(), viewer=current_user.actor, user_id=current_user.person.user_id)
