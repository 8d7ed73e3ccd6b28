"""The way to the provider and back: to sign in, and to confirm that it is you."""

from __future__ import annotations

import logging
from typing import Any, cast
from urllib.parse import urlsplit

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from core.errors import NotFound, Unauthenticated
from core.identity import queries, service
from core.identity.service import ExternalAccount
from portals.auth.external import round_trip
from portals.auth.external.checks import Doubtful, was_asked_again
from portals.auth.external.provider import Away, Provider
from portals.auth.external.round_trip import RoundTrip
from portals.auth.sign_in import bp, sign_in_page
from portals.auth.start import home_url, start_session
from portals.doors import at, erp, read, stop_reading, write
from portals.errors import request_id
from portals.security import own_path

log = logging.getLogger(__name__)


@bp.get("/sign-in/external")
def begin_external() -> ResponseReturnValue:
    """Send the browser to the provider to sign in."""
    return _leave(confirms=False)


@bp.get("/confirm/external")
def confirm_external() -> ResponseReturnValue:
    """Send the browser to the provider, which asks for a proof even of whom it remembers."""
    return _leave(confirms=True, prompt="login", max_age=0)


@bp.get("/sign-in/external/callback")
def finish_external() -> ResponseReturnValue:
    """Take what the provider answers (RFC 6749 section 4.1.2)."""
    provider = _provider()
    trip = round_trip.finish(request.args.get("state", ""))
    if trip is None:
        return _say(f"This sign-in with {provider.name} was not begun here, or too long ago. Begin again.", 422)
    # Whoever answers says who they are, if they do: another's answer is not taken for theirs (RFC 9207).
    if request.args.get("iss", provider.issuer) != provider.issuer:
        return _doubt(provider, trip, "the answer is of another issuer")
    if "code" not in request.args:
        log.info("%s sent nobody back: %r [%s]", provider.name, request.args.get("error", "")[:60], request_id())
        return _refuse(trip, f"{provider.name} did not sign you in. Try again, or use another way.")
    stop_reading()
    try:
        claims = provider.redeem(
            request.args["code"], trip.asked, redirect_uri=_redirect_uri(), now=int(at().timestamp())
        )
    except Away as problem:
        return _away(provider, trip.next, problem)
    except Doubtful as doubt:
        return _doubt(provider, trip, str(doubt))
    # Whose session ended on the way has proved themselves all the same.
    confirms = trip.confirms and current_user.is_authenticated
    return _confirm(provider, trip, claims) if confirms else _sign_in(provider, trip, claims)


def confirmation_url(next_path: str | None) -> str | None:
    """Where whoever is signed in goes to confirm by the provider, and comes back from to `next_path`, or else to the
    page on which they were; None when no account there is linked with theirs.
    """
    provider = _configured()
    logins = queries.list_external_logins(read(), viewer=current_user.actor, user_id=current_user.person.user_id)
    if provider is None or provider.issuer not in {login["issuer"] for login in logins}:
        return None
    return url_for("auth.confirm_external", next=next_path or urlsplit(request.referrer or "").path)


def _leave(*, confirms: bool, **more: Any) -> ResponseReturnValue:
    provider = _provider()
    trip = round_trip.begin(next_path=own_path(request.args.get("next", "")) or "", confirms=confirms)
    stop_reading()
    try:
        return redirect(provider.authorization_url(trip.asked, redirect_uri=_redirect_uri(), **more), 303)
    except Away as problem:
        return _away(provider, trip.next, problem)


def _sign_in(provider: Provider, trip: RoundTrip, claims: dict[str, Any]) -> ResponseReturnValue:
    result = service.sign_in_externally(write(), at=at(), account=_account(provider, claims))
    if isinstance(result, Unauthenticated):
        return _refuse(trip, result.detail)
    signed_in = start_session(result, method="oidc")
    return redirect(trip.next or home_url(signed_in.actor), 303)


def _confirm(provider: Provider, trip: RoundTrip, claims: dict[str, Any]) -> ResponseReturnValue:
    if not was_asked_again(claims, since=trip.since):
        return _doubt(provider, trip, "the person was only remembered there")
    person = current_user.person
    refusal = service.confirm_externally(
        write(),
        at=at(),
        user_id=person.user_id,
        session_id=person.session_id,
        account=_account(provider, claims),
    )
    if refusal is not None:
        return _refuse(trip, refusal.detail)
    return redirect(trip.next or home_url(), 303)


def _account(provider: Provider, claims: dict[str, Any]) -> ExternalAccount:
    return ExternalAccount(
        issuer=provider.issuer,
        subject=claims["sub"],
        email=str(claims.get("email") or "").replace("\0", ""),
        is_email_verified=claims.get("email_verified") is True,
    )


def _doubt(provider: Provider, trip: RoundTrip, why: str) -> ResponseReturnValue:
    log.warning("an answer of %s is not believed: %s [%s]", provider.issuer, why, request_id())
    return _refuse(
        trip,
        f"What {provider.name} answered cannot be believed, so you are not signed in by it. Try again; if it goes on, "
        f"tell an administrator: it is in the log as {request_id()}.",
    )


def _away(provider: Provider, next_path: str, problem: Away) -> ResponseReturnValue:
    log.warning("the provider %s is away: %s [%s]", provider.issuer, str(problem).splitlines()[0], request_id())
    return _say(f"{provider.name} does not answer just now. Try again later, or sign in another way.", 503, next_path)


def _refuse(trip: RoundTrip, detail: str) -> ResponseReturnValue:
    return _say(detail, 422, trip.next)


def _say(detail: str, status: int, next_path: str = "") -> ResponseReturnValue:
    """On the page where one signs in; to whoever is signed in already, on the page they were about to see."""
    if current_user.is_authenticated:
        flash(detail, "act")
        return redirect(next_path or home_url(), 303)
    return sign_in_page(problem=detail, next=next_path), status


def _redirect_uri() -> str:
    return erp().settings.base_url + url_for("auth.finish_external")


def _provider() -> Provider:
    provider = _configured()
    if provider is None:
        raise NotFound("Signing in by another account is not set up here. Sign in with your e-mail and password.")
    return provider


def _configured() -> Provider | None:
    return cast("Provider | None", erp().extensions["external"])
