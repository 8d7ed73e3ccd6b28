"""The verb about authorization codes (RFC 6749 section 4.1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.db import Writer
from core.identity import passwords
from core.identity.models import AuthorizationCode
from core.identity.service.families import Family, end_stolen, lock_family


@dataclass(frozen=True, slots=True)
class TakenCode:
    """A code that is good, and what its app asked for with it."""

    family: Family
    redirect_uri: str
    challenge: str
    nonce: str | None


def take_code(session: Writer, *, at: datetime, code: str, client_id: int) -> TakenCode | None:
    """What a client's code stands for, or None: unknown, another client's, too old, or used.

    Needs no right: a code is how an app gets them. It is good for one try, so that nobody may guess its verifier; shown
    again, it ends what came of it, because one of the two who showed it has stolen it.
    """
    code_hash = passwords.hash_secret(code)
    found = session.get(AuthorizationCode, code_hash)
    if found is None:
        return None
    family = lock_family(session, at=at, authorization_id=found.authorization_id, client_id=client_id)
    if family is None:
        return None
    session.refresh(found)
    if found.used_at is not None:
        end_stolen(session, at=at, family=family, what="code")
        return None
    found.used_at = at
    if found.expires_at <= at:
        return None
    return TakenCode(family, found.redirect_uri, found.challenge, found.nonce)
