"""Where an app sends a person: they sign in, are asked, and are sent back with a code or a refusal.

RFC 6749 section 3.1, OpenID Connect Core section 3.1.2.

An error goes back to the app only when the app and its address are known to be good; else it is shown here, because
whoever made up the request chose the address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oidc.core.errors import ConsentRequiredError, LoginRequiredError
from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user

from core.identity import queries, service
from core.identity.queries import SignedIn
from core.permissions import DANGEROUS
from portals import security
from portals.auth.confirmation import ask_for_proof, confirmed
from portals.doors import at, read, write
from portals.oauth.blueprint import bp
from portals.oauth.grants import Allowed
from portals.oauth.issuing import held_by
from portals.oauth.server import SCOPES, add_issuer, server

_PROMPTS = {"none", "login", "consent", "select_account"}
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Wish:
    """What an app wants of a person, found to be well formed."""

    grant: AuthorizationCodeGrant
    prompts: frozenset[str]
    max_age_s: int | None

    @property
    def app(self) -> Any:
        """The app."""
        return self.grant.request.client.own

    @property
    def scopes(self) -> frozenset[str]:
        """What it asks for and may ask for."""
        return frozenset(self.grant.request.scope.split())

    @property
    def is_silent(self) -> bool:
        """Whether the person must not notice: what cannot be had so is refused."""
        return self.prompts == {"none"}


@bp.route("/authorize", methods=["GET", "POST"])
def authorize() -> ResponseReturnValue:
    """The authorization endpoint. By either method an app asks; by neither a person decides."""
    try:
        wish = _read_wish()
        return _ask_who_it_is(wish) or _consider(wish, current_user.person)
    except OAuth2Error as error:
        return _refuse(error)


@bp.post("/consent")
def decide() -> ResponseReturnValue:
    """What the person decided. The address carries the app's request, so that it is checked once more."""
    try:
        wish = _read_wish()
        person: SignedIn = current_user.person
        shown = frozenset(request.form.get("shown", "").split())
        scopes = _offered(wish, person) & shown
        if request.form.get("decision") != "allow" or not scopes:
            raise AccessDeniedError("The person refused.", redirect_uri=wish.grant.redirect_uri)
        if scopes & DANGEROUS:
            _let_form_lead_back(wish)  # the page that asks for a proof holds this form
            return confirmed("Letting an app act on vehicles")(_allow)(wish, person, scopes)
        return _allow(wish, person, scopes)
    except OAuth2Error as error:
        return _refuse(error, status=303)


def _allow(wish: Wish, person: SignedIn, scopes: frozenset[str]) -> ResponseReturnValue:
    service.give_consent(write(), actor=person.actor, at=at(), client_id=wish.app.client_id, scopes=scopes)
    return _send_code(wish, person, scopes, status=303)


def _read_wish() -> Wish:
    """The app's request. Raises OAuth2Error, with an address only when that is the app's own."""
    grant = server().get_consent_grant()
    values, redirect_uri = request.values, grant.redirect_uri
    prompts = frozenset(values.get("prompt", "").split())
    if not prompts <= _PROMPTS or (len(prompts) > 1 and "none" in prompts):
        raise InvalidRequestError("This prompt is none, or cannot be had together.", redirect_uri=redirect_uri)
    max_age = values.get("max_age", "")
    if max_age and not (max_age.isascii() and max_age.isdecimal() and len(max_age) < 10):
        raise InvalidRequestError("max_age is a number of seconds.", redirect_uri=redirect_uri)
    for name in ("nonce", "state"):
        text = values.get(name, "")
        if len(text) > _LONGEST or "\0" in text:
            raise InvalidRequestError(f"{name} is too long.", redirect_uri=redirect_uri)
    return Wish(grant, prompts, int(max_age) if max_age else None)


def _ask_who_it_is(wish: Wish) -> ResponseReturnValue | None:
    """The sign-in page, for who is not signed in or is to choose an account; “confirm it's you”, for whose last proof
    is not fresh enough for the app. None when nothing is to be asked.
    """
    is_here = current_user.is_authenticated
    if is_here and not _must_prove(wish, current_user.person):
        return None
    if wish.is_silent:
        raise LoginRequiredError(redirect_uri=wish.grant.redirect_uri)
    if is_here and "select_account" not in wish.prompts:
        return ask_for_proof(wish.app.name, next=_once_proved(wish))
    if is_here:
        why = f"{wish.app.name} asked to choose an account"
        service.end_session(write(), at=at(), session_id=current_user.person.session_id, why=why)
        logout_user()
    return redirect(url_for("auth.show_sign_in", next=_once_proved(wish)))


def _must_prove(wish: Wish, person: SignedIn) -> bool:
    if wish.prompts & {"login", "select_account"}:
        return True
    return wish.max_age_s is not None and (at() - person.confirmed_at).total_seconds() >= wish.max_age_s


def _once_proved(wish: Wish) -> str:
    """The app's request without what a fresh proof will have answered: max_age=0 would ask for ever. Nothing is lost
    when somebody writes this address themselves: the id_token says when the proof was (`auth_time`), and the app that
    asked looks at it.
    """
    again = {name: text for name, text in request.values.items() if name not in {"max_age", "csrf_token"}}
    again["prompt"] = " ".join(sorted(wish.prompts - {"login", "select_account"}))
    return f"{url_for('.authorize')}?{urlencode(again)}"


def _consider(wish: Wish, person: SignedIn) -> ResponseReturnValue:
    """A code at once for what was allowed before; else the question."""
    scopes = _offered(wish, person)
    if not scopes:
        raise AccessDeniedError("The person has none of these rights.", redirect_uri=wish.grant.redirect_uri)
    allowed = queries.find_consent(read(), viewer=person.actor, client_id=wish.app.id)
    if scopes <= allowed and "consent" not in wish.prompts and _is_who_it_says(wish):
        return _send_code(wish, person, scopes)
    if wish.is_silent:
        raise ConsentRequiredError(redirect_uri=wish.grant.redirect_uri)
    return _show_question(wish, person, scopes, allowed)


def _offered(wish: Wish, person: SignedIn) -> frozenset[str]:
    """What the app asks for and the person has: nobody lets an app do what they may not do themselves."""
    return frozenset(held_by(person.actor, " ".join(wish.scopes)).split())


def _is_who_it_says(wish: Wish) -> bool:
    """Whether only this app can get what is sent to its address. On a device another program may wait there in its
    place, so the person is asked each time (RFC 8252 section 8.6).
    """
    return not wish.app.is_public or urlsplit(wish.grant.redirect_uri).scheme == "https"


def _show_question(wish: Wish, person: SignedIn, scopes: frozenset[str], allowed: frozenset[str]) -> Response:
    target = urlsplit(wish.grant.redirect_uri)
    _let_form_lead_back(wish)
    page = render_template(
        "oauth/consent.html",
        app=wish.app,
        person=person,
        rights=[(scope, words, scope in DANGEROUS) for scope, words in SCOPES.items() if scope in scopes],
        not_theirs=[words for scope, words in SCOPES.items() if scope in wish.scopes - scopes],
        is_known=bool(allowed),
        shown=" ".join(sorted(scopes)),
        leads_to=target.netloc or f"{target.scheme}: on this device",
        decide=f"{url_for('.decide')}?{urlencode(request.values.to_dict())}",
    )
    return make_response(page)


def _let_form_lead_back(wish: Wish) -> None:
    if not _has_no_name_in_policies(wish.grant.redirect_uri):
        security.let_form_lead_to(wish.grant.redirect_uri)


def _has_no_name_in_policies(address: str) -> bool:
    """Whether the language of policies has no word for its host: one in brackets (CSP level 3 section 2.3.1)."""
    return "[" in urlsplit(address).netloc


def _send_code(wish: Wish, person: SignedIn, scopes: frozenset[str], status: int = 302) -> ResponseReturnValue:
    allowed = Allowed(person, scopes, wish.grant.redirect_uri)
    response = server().create_authorization_response(grant_user=allowed, grant=wish.grant)
    return _send_back(response, status, wish.app.name)


def _refuse(error: OAuth2Error, status: int = 302) -> ResponseReturnValue:
    """Tell the app, when it is one; else the person."""
    error.state = request.values.get("state")
    if error.redirect_uri is None:
        return render_template("oauth/refused.html", problem=error.description or error.error), 400
    response = server().handle_error_response(None, error)
    return _send_back(add_issuer(response), status, None)


def _send_back(response: Response, status: int, name: str | None) -> ResponseReturnValue:
    """Send the browser to the app. A page whose form may not lead there (`form-action`), as our sign-in page, is
    answered with one that goes on by itself.
    """
    response.headers["Cache-Control"] = "no-store"
    response.status_code = status
    is_from_us = urlsplit(request.referrer or "").netloc == request.host
    may_lead_there = request.method == "POST" and not _has_no_name_in_policies(response.location)
    if may_lead_there or not is_from_us:
        return response
    return render_template("oauth/continue.html", name=name, address=response.location)
