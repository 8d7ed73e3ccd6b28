"""How one becomes somebody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from core.db import Writer
from core.errors import Unauthenticated
from core.identity import passwords
from core.identity.models import User
from core.identity.queries.factors import HAS_SECOND_FACTOR
from core.identity.service.lockout import NOWHERE, count_wrong, find_wait, forget_wrong, may_pass, wait_until
from core.identity.service.strangers import count_failure, find_lock

WRONG = "That e-mail and password do not match. Check both, or ask an administrator for a new password."


def sign_in(
    session: Writer, *, at: datetime, email: str, password: str, known: Mapping[int, str] = NOWHERE
) -> int | Unauthenticated:
    """The id of the person with this e-mail and password, or why not. Who has a second factor is not in yet.

    Needs no right: it is how one gets them. The refusal is returned, not raised, because the count of
    failures must be kept: raising would roll it back. A row lock makes guesses in parallel count one by one.

    `known` is what the browser remembers of whom it was used by: a person's id and a secret of that browser. Guesses
    from elsewhere do not lock the person out of it: it has a count of its own.

    An e-mail that nobody has is locked like one that somebody has, after as many guesses and for as long.
    """
    email = email.strip().lower()
    user = session.scalars(sa.select(User).where(User.email == email).with_for_update()).one_or_none()
    lock = find_lock(session, email=email, at=at)  # asked in both cases: both take as long
    wait = find_wait(user, at=at) if user is not None else wait_until(lock, at=at)
    if wait is not None and not may_pass(session, user, known, at=at):
        return wait
    if not passwords.is_password(password, user.password_hash if user else None) or user is None:
        if user is None:
            count_failure(session, email=email, at=at)
        else:
            count_wrong(user, at=at)
        return Unauthenticated(WRONG)
    if user.disabled_at is not None:
        return Unauthenticated("This account is closed. An administrator can open it again.")
    if user.password_hash is not None and passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hash_password(password)
    # Wrong codes are forgotten with the right code alone: who has only the password could guess without end.
    if not session.scalar(sa.select(HAS_SECOND_FACTOR).where(User.id == user.id)):
        forget_wrong(user)
        user.last_sign_in_at = at
    return user.id
