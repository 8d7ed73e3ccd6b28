"""The verbs by which a client gives a token back (RFC 7009)."""

from __future__ import annotations

from datetime import datetime

from core.db import Writer
from core.identity import passwords
from core.identity.models import RefreshToken
from core.identity.service.families import end_families, lock_family
from core.identity.service.revocations import revoke_one


def revoke_access_token(session: Writer, *, at: datetime, jti: str) -> None:
    """End one access token within seconds. Needs no right: whoever holds a token may end it."""
    revoke_one(session, at=at, jti=jti)


def revoke_refresh_token(session: Writer, *, at: datetime, token: str, client_id: int) -> None:
    """End the family of a client's refresh token, used or not: it signs the person out of the app (section 2.1).

    Needs no right: whoever holds a token may end it. One that is unknown or another client's ends nothing.
    """
    found = session.get(RefreshToken, passwords.hash_secret(token))
    if found is None:
        return
    family = lock_family(session, at=at, authorization_id=found.authorization_id, client_id=client_id)
    if family is not None:
        end_families(session, at=at, why="given back by the app", id=family.authorization_id)
