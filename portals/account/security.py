"""Second factors of whoever is signed in: an authenticator app, passkeys, recovery codes."""

from __future__ import annotations

import segno
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from core.errors import Conflict, Invalid, NotFound, Refusal, Unauthenticated
from core.identity import queries, service
from core.identity.queries import Factors
from portals import hx
from portals.account import bp
from portals.auth import confirmed, passkeys
from portals.doors import actor, at, erp, read, write

PAGE = "account/security.html"
CHANGING = "Changing how you sign in"


@bp.get("/security")
def show_security() -> Response:
    """What the person has, and how to add or remove it."""
    return _show()


@bp.post("/security/totp")
@confirmed(CHANGING)
def begin_totp() -> ResponseReturnValue:
    """Make a secret for an app, and go on to show it."""
    try:
        service.begin_totp(write(), actor=actor(), at=at(), key=erp().factor_key)
    except Conflict as refusal:
        return _show(refusal)
    return redirect(url_for(".show_totp"), 303)


@bp.get("/security/totp")
@confirmed("Showing the secret for an authenticator app")
def show_totp() -> ResponseReturnValue:
    """The secret to be taken over by an app, as a picture and as text."""
    return _show_totp()


@bp.post("/security/totp/confirmation")
def confirm_totp() -> ResponseReturnValue:
    """Make the app count, when it shows the right code."""
    code = request.form.get("code", "")
    codes = service.confirm_totp(write(), actor=actor(), at=at(), code=code, key=erp().factor_key, post=_post())
    if isinstance(codes, Unauthenticated):
        return _show_totp(codes.detail)
    return _go_on(codes, "Your authenticator app is asked for from now on.")


@bp.post("/security/totp/removal")
@confirmed(CHANGING)
def remove_totp() -> ResponseReturnValue:
    """Switch the app off."""
    service.remove_totp(write(), actor=actor(), at=at(), post=_post())
    flash("The authenticator app is switched off. Its codes are good no longer.", "ok")
    return redirect(url_for(".show_security"), 303)


@bp.post("/security/recovery-codes")
@confirmed("Making new recovery codes")
def renew_recovery_codes() -> ResponseReturnValue:
    """Make new codes, and show them this once."""
    try:
        codes = service.renew_recovery_codes(write(), actor=actor(), at=at(), post=_post())
    except Conflict as refusal:
        return _show(refusal)
    return _go_on(codes, "The codes you had before are good no longer.")


@bp.post("/security/passkeys/options")
def offer_new_passkey() -> Response:
    """What the browser needs to make a passkey."""
    return passkeys.offer_new(_factors())


@bp.post("/security/passkeys")
@confirmed(CHANGING)
def add_passkey() -> ResponseReturnValue:
    """Keep the passkey that the browser made."""
    answer = passkeys.take_answer(request.form.get("passkey", ""))
    name = request.form.get("name", "").replace("\0", "")
    try:
        if answer is None:
            raise Invalid(passkeys.TOO_LATE.detail)
        codes = service.add_passkey(write(), actor=actor(), at=at(), answer=answer, name=name, post=_post())
    except (Invalid, Conflict) as refusal:
        return _show(refusal, typed_name=name)
    return _go_on(codes, f"The passkey “{name.strip()}” was added. You can sign in with it.")


@bp.get("/security/passkeys/<int:passkey_id>")
def show_passkey(passkey_id: int) -> Response:
    """One passkey: its name, and its removal."""
    return _show_passkey(passkey_id)


@bp.post("/security/passkeys/<int:passkey_id>/name")
def rename_passkey(passkey_id: int) -> ResponseReturnValue:
    """Call it something else."""
    name = request.form.get("name", "").replace("\0", "")
    try:
        service.rename_passkey(write(), actor=actor(), at=at(), passkey_id=passkey_id, name=name)
    except Invalid as refusal:
        return _show_passkey(passkey_id, refusal)
    flash("The passkey has its new name.", "ok")
    return redirect(url_for(".show_security"), 303)


@bp.post("/security/passkeys/<int:passkey_id>/removal")
@confirmed(CHANGING)
def remove_passkey(passkey_id: int) -> ResponseReturnValue:
    """Forget it."""
    name = service.remove_passkey(write(), actor=actor(), at=at(), passkey_id=passkey_id, post=_post())
    flash(f"The passkey “{name}” is removed: it opens nothing here any more. Delete it on its device too.", "ok")
    return redirect(url_for(".show_security"), 303)


def _go_on(codes: list[str], words: str) -> ResponseReturnValue:
    """To the recovery codes that were just made, which are shown this once; else back to the page."""
    if codes:
        return hx.render("account/security/recovery_codes.html", status=201, codes=codes, words=words)
    flash(words, "ok")
    return redirect(url_for(".show_security"), 303)


def _show(refusal: Refusal | None = None, *, typed_name: str = "") -> Response:
    return hx.render(
        PAGE,
        status=refusal.status if refusal else 200,
        factors=_factors(),
        problem=refusal.detail if refusal else None,
        errors=refusal.fields if refusal else {},
        typed_name=typed_name,
        passkey_obstacle=passkeys.find_obstacle(),
    )


def _show_totp(problem: str | None = None) -> Response:
    setup = queries.get_totp_setup(read(), viewer=actor(), key=erp().factor_key)
    return hx.render(
        "account/security/totp.html",
        status=422 if problem else 200,
        setup=setup,
        picture=_draw(setup.uri),
        problem=problem,
    )


def _show_passkey(passkey_id: int, refusal: Refusal | None = None) -> Response:
    found = next((passkey for passkey in _factors().passkeys if passkey.id == passkey_id), None)
    if found is None:
        raise NotFound("There is no such passkey of yours. It may be removed already.")
    return hx.render(
        "account/security/passkey.html",
        status=refusal.status if refusal else 200,
        passkey=found,
        errors=refusal.fields if refusal else {},
    )


def _draw(uri: str) -> Markup:
    """A QR code as SVG in the page: dark on light whatever the theme, since cameras want it so."""
    code = segno.make(uri, error="m", micro=False)
    svg = code.svg_inline(dark="#000", light="#fff", border=4, omitsize=True, svgclass="qr-code", lineclass=None)
    return Markup(svg)  # noqa: S704 - made of squares by segno, none of it is text of anybody's


def _factors() -> Factors:
    return queries.get_factors(read(), viewer=actor(), user_id=_own_id())


def _own_id() -> int:
    own = actor().id
    assert own is not None
    return own


def _post() -> service.Post:
    return service.open_post(erp().settings)
