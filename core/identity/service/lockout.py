"""Wrong proofs in a row, of whatever kind: counted together, so that nobody can guess at one after the other."""

from __future__ import annotations

from datetime import datetime

from core.errors import Unauthenticated
from core.identity import rules
from core.identity.models import User


def find_wait(user: User, *, at: datetime) -> Unauthenticated | None:
    """The refusal of a person who has to wait, or None. `user` is locked by the caller, so that guesses queue up."""
    if user.locked_until is None or user.locked_until <= at:
        return None
    wait_s = int((user.locked_until - at).total_seconds()) + 1
    return Unauthenticated(f"Too many wrong passwords or codes. Try again in {wait_s} seconds.", retry_after_s=wait_s)


def count_wrong(user: User, *, at: datetime) -> None:
    """One more wrong proof. The caller returns its refusal instead of raising it, or the count would be lost."""
    user.failed_count += 1
    user.locked_until = rules.next_lockout(failed_count=user.failed_count, at=at)


def forget_wrong(user: User) -> None:
    """A whole sign-in or confirmation succeeded."""
    user.failed_count, user.locked_until = 0, None
