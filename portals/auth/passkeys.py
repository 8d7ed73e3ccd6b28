"""Passkeys at the edge: which address they are good for, and the challenge that a browser has to sign.

The challenge stays in the browser's signed cookie: another browser has none, or another one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from flask import Response, request, session

from core.errors import Conflict, Unauthenticated
from core.identity import service
from core.identity.queries import Factors, PasskeyRecord
from core.identity.service import Challenge, Offer, PasskeyAnswer, RelyingParty
from portals.doors import at, erp

_NAME = "passkey_challenge"
TOO_LATE = Unauthenticated("That took longer than five minutes, or was done in another window. Try again.")


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why passkeys do not work on this page, and the address where they do, if there is one."""

    words: str
    address: str | None = None


def find_relying_party(base_url: str) -> RelyingParty | None:
    """Who asks for passkeys at this address; None where WebAuthn does not work: a host must be a name, not an IP
    address, and the page must come over TLS or from localhost (Web Authentication, Level 3, sections 5.1.3 and 13.4.9).
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if _is_address(host) or not (parts.scheme == "https" or host == "localhost"):
        return None
    return RelyingParty(id=host, origin=f"{parts.scheme}://{parts.netloc}")


def find_obstacle() -> Obstacle | None:
    """Why a passkey cannot be used where this page was opened, or None."""
    base_url = erp().settings.base_url
    party = find_relying_party(base_url)
    if party is None:
        return Obstacle(
            f"Passkeys do not work at {base_url}: they need a host name and TLS. "
            "An administrator can set ERP_PUBLIC_URL to an https address."
        )
    if urlsplit(f"//{request.host}").hostname == party.id:
        return None
    # The path alone: what a form was posted to is not asked for again elsewhere.
    path = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return Obstacle(
        f"Passkeys belong to {party.origin}, and this page was opened at {request.host}. Open it there to use one.",
        f"{party.origin}{path}",
    )


def offer(known: Sequence[PasskeyRecord] = ()) -> Response:
    """Ask the browser for one of `known`, or for whichever it has."""
    return _answer(service.offer_authentication(at=at(), party=_party(), known=known))


def offer_new(factors: Factors) -> Response:
    """Ask the browser to make a passkey for a person."""
    return _answer(
        service.offer_registration(
            at=at(),
            party=_party(),
            handle=factors.handle,
            email=factors.email,
            name=factors.name,
            known=factors.passkeys,
        )
    )


def take_answer(text: str) -> PasskeyAnswer | None:
    """What the browser answered, with the challenge it was given, which is taken out of the cookie; None without."""
    kept = session.pop(_NAME, None)
    if kept is None:
        return None
    challenge = Challenge(bytes.fromhex(kept["value"]), datetime.fromisoformat(kept["at"]))
    return PasskeyAnswer(text, challenge, _party())


def _answer(offer: Offer) -> Response:
    challenge = offer.challenge
    session[_NAME] = {"value": challenge.value.hex(), "at": challenge.given_at.isoformat()}
    return Response(offer.options_json, mimetype="application/json", headers={"Cache-Control": "no-store"})


def _party() -> RelyingParty:
    party = find_relying_party(erp().settings.base_url)
    if party is None:
        raise Conflict("Passkeys do not work at this address. Open the product at a host name with TLS.")
    return party


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
