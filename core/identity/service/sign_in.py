"""How one becomes somebody."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core.db import Writer
from core.errors import Unauthenticated
from core.identity import passwords
from core.identity.models import User
from core.identity.queries.factors import HAS_SECOND_FACTOR
from core.identity.service.lockout import count_wrong, find_wait, forget_wrong

WRONG = "That e-mail and password do not match. Check both, or ask an administrator for a new password."


def sign_in(session: Writer, *, at: datetime, email: str, password: str) -> int | Unauthenticated:
    """The id of the person with this e-mail and password, or why not. Who has a second factor is not in yet.

    Needs no right: it is how one gets them. The refusal is returned, not raised, because the count of
    failures must be kept: raising would roll it back. A row lock makes guesses in parallel count one by one.
    """
    user = session.scalars(sa.select(User).where(User.email == email.strip().lower()).with_for_update()).one_or_none()
    if user is not None and (wait := find_wait(user, at=at)) is not None:
        return wait
    if not passwords.is_password(password, user.password_hash if user else None) or user is None:
        if user is not None:
            count_wrong(user, at=at)
        return Unauthenticated(WRONG)
    if user.disabled_at is not None:
        return Unauthenticated("This account is closed. An administrator can open it again.")
    # Wrong codes are forgotten with the right code alone: who has only the password could guess without end.
    if not session.scalar(sa.select(HAS_SECOND_FACTOR).where(User.id == user.id)):
        forget_wrong(user)
        user.last_sign_in_at = at
    return user.id
