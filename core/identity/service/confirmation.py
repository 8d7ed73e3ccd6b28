"""The verbs by which a person proves once more who they are: at sign-in, and before a dangerous act."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from core.db import Writer
from core.errors import Unauthenticated
from core.identity.models import User
from core.identity.service.ceremonies import PasskeyAnswer
from core.identity.service.lockout import NOWHERE, count_wrong, find_wait, forget_wrong, may_pass
from core.identity.service.posting import Post
from core.identity.service.proofs import (
    UNKNOWN_PASSKEY,
    Code,
    Proof,
    check_passkey,
    check_proof,
    find_passkey_owner,
    start_minutes,
)

CLOSED = "This account is closed. An administrator can open it again."


def prove_second_factor(
    session: Writer,
    *,
    at: datetime,
    user_id: int,
    proof: Code | PasskeyAnswer,
    key: bytes,
    post: Post,
    known: Mapping[int, str] = NOWHERE,
) -> str | Unauthenticated:
    """The second half of a sign-in, of somebody whose password was right: how it was proved (RFC 8176), or why not.

    Wrong proofs count like wrong passwords, and a refusal is returned so that they do.
    """
    user = _lock(session, user_id)
    proved = _prove(session, at=at, user=user, proof=proof, key=key, post=post, known=known)
    if user is not None and not isinstance(proved, Unauthenticated):
        user.last_sign_in_at = at
    return proved


def confirm_session(
    session: Writer, *, at: datetime, user_id: int, session_id: int, proof: Proof, key: bytes, post: Post
) -> Unauthenticated | None:
    """Start the five minutes of a session in which dangerous acts need no further proof; or why not, returned."""
    user = _lock(session, user_id)
    proved = _prove(session, at=at, user=user, proof=proof, key=key, post=post)
    if isinstance(proved, Unauthenticated):
        return proved
    assert user is not None, "nobody proves anything for a closed account"
    start_minutes(session, at=at, user=user, session_id=session_id, method=proved)
    return None


def sign_in_with_passkey(session: Writer, *, at: datetime, answer: PasskeyAnswer) -> int | Unauthenticated:
    """The id of the person whose passkey this is. It stands for both factors: the device, and what unlocks it.

    A refusal counts for nobody: nothing about a passkey can be guessed, and who failed is not known.
    """
    owner_id = find_passkey_owner(session, answer=answer)
    if owner_id is None:
        return Unauthenticated(UNKNOWN_PASSKEY)
    user = _lock(session, owner_id)
    if user is None:
        return Unauthenticated(CLOSED)
    refusal = check_passkey(session, at=at, answer=answer, user=user)
    if refusal is not None:
        return refusal
    forget_wrong(user)
    user.last_sign_in_at = at
    return user.id


def _prove(
    session: Writer,
    *,
    at: datetime,
    user: User | None,
    proof: Proof,
    key: bytes,
    post: Post,
    known: Mapping[int, str] = NOWHERE,
) -> str | Unauthenticated:
    if user is None:
        return Unauthenticated(CLOSED)
    wait = find_wait(user, at=at)
    if wait is not None and not may_pass(session, user, known, at=at):
        return wait
    proved = check_proof(session, at=at, user=user, proof=proof, key=key, post=post)
    if isinstance(proved, Unauthenticated):
        count_wrong(user, at=at)
    else:
        forget_wrong(user)
    return proved


def _lock(session: Writer, user_id: int) -> User | None:
    # The lock makes guesses in parallel count one by one.
    return session.scalars(
        sa.select(User).where(User.id == user_id, User.disabled_at.is_(None)).with_for_update()
    ).one_or_none()
