"""Wrong proofs in a row, of whatever kind: counted together, so that nobody can guess at one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from core.db import Writer
from core.errors import Unauthenticated
from core.identity import rules
from core.identity.models import User
from core.identity.service.throttles import count_attempt

# A browser that remembers nobody.
NOWHERE: Mapping[int, str] = MappingProxyType({})


def find_wait(user: User, *, at: datetime) -> Unauthenticated | None:
    """The refusal of a person who has to wait, or None. `user` is locked by the caller, so that guesses queue up."""
    return wait_until(user.locked_until, at=at)


def wait_until(locked_until: datetime | None, *, at: datetime) -> Unauthenticated | None:
    """The refusal until a moment, or None when it has passed."""
    if locked_until is None or locked_until <= at:
        return None
    wait_s = int((locked_until - at).total_seconds()) + 1
    return Unauthenticated(f"Too many wrong passwords or codes. Try again in {wait_s} seconds.", retry_after_s=wait_s)


def may_pass(session: Writer, user: User | None, known: Mapping[int, str], *, at: datetime) -> bool:
    """Whether a person who has to wait may try all the same: from a browser that they came in with before, which has a
    count of its own. Guesses from elsewhere lock nobody out of it.
    """
    if user is None or user.id not in known:
        return False
    limit, source = rules.KNOWN_BROWSER_LIMIT, f"{user.id}:{known[user.id]}"
    return count_attempt(session, at=at, what=limit.what, source=source, most=limit.most, per_s=limit.per_s) is None


def count_wrong(user: User, *, at: datetime) -> None:
    """One more wrong proof. The caller returns its refusal instead of raising it, or the count would be lost."""
    if user.locked_until is not None and user.locked_until + rules.FORGIVEN_AFTER < at:
        user.failed_count = 0
    user.failed_count += 1
    user.locked_until = rules.next_lockout(failed_count=user.failed_count, at=at)


def forget_wrong(user: User) -> None:
    """A whole sign-in or confirmation succeeded."""
    user.failed_count, user.locked_until = 0, None
