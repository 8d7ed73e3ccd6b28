"""How one becomes somebody."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core.db import Writer
from core.errors import Unauthenticated
from core.identity import passwords, rules
from core.identity.models import User

WRONG = "That e-mail and password do not match. Check both, or ask an administrator for a new password."


def sign_in(session: Writer, *, at: datetime, email: str, password: str) -> int | Unauthenticated:
    """The id of the person with this e-mail and password, or why not.

    Needs no right: it is how one gets them. The refusal is returned, not raised, because the count of
    failures must be kept: raising would roll it back. A row lock makes guesses in parallel count one by one.
    """
    user = session.scalars(sa.select(User).where(User.email == email.strip().lower()).with_for_update()).one_or_none()
    if user is not None and user.locked_until is not None and user.locked_until > at:
        wait_s = int((user.locked_until - at).total_seconds()) + 1
        return Unauthenticated(f"Too many wrong passwords. Try again in {wait_s} seconds.", retry_after_s=wait_s)
    if not passwords.is_password(password, user.password_hash if user else None) or user is None:
        if user is not None:
            user.failed_count += 1
            user.locked_until = rules.next_lockout(failed_count=user.failed_count, at=at)
        return Unauthenticated(WRONG)
    if user.disabled_at is not None:
        return Unauthenticated("This account is closed. An administrator can open it again.")
    user.failed_count, user.locked_until, user.last_sign_in_at = 0, None, at
    return user.id
