"""What was asked of the provider, kept in the signed cookie of the browser that was sent there, and good once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from flask import session

from portals.auth.external.provider import Asked
from portals.doors import at

_KEY = "external"
# Long enough to find a phone and a code there.
GOOD_FOR_S = 900


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """One way there and back: to sign in, or for a person who is signed in to confirm that it is them."""

    asked: Asked
    next: str
    confirms: bool
    since: int


def begin(*, next_path: str, confirms: bool) -> RoundTrip:
    """Start one; another that this browser had started is over."""
    asked = Asked(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))
    trip = RoundTrip(asked, next_path, confirms, int(at().timestamp()))
    session[_KEY] = [asked.state, asked.nonce, asked.verifier, next_path, confirms, trip.since]
    return trip


def finish(state: str) -> RoundTrip | None:
    """The one that this browser started with this state, not too long ago; None otherwise. It is over with that."""
    kept: list[Any] | None = session.pop(_KEY, None)
    if kept is None or not secrets.compare_digest(str(kept[0]).encode(), state.encode()):
        return None
    state, nonce, verifier, next_path, confirms, since = kept
    if at().timestamp() - since > GOOD_FOR_S:
        return None
    return RoundTrip(Asked(state, nonce, verifier), next_path, confirms, since)
