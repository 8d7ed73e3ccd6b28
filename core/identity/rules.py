"""Pure decisions about sign-in."""

from __future__ import annotations

from datetime import datetime, timedelta

MIN_PASSWORD_LENGTH = 12
FREE_ATTEMPTS = 5
LONGEST_LOCKOUT = timedelta(minutes=15)


def next_lockout(*, failed_count: int, at: datetime) -> datetime | None:
    """Until when sign-in is closed after `failed_count` wrong passwords in a row; None while still free.

    Each failure past the free ones doubles the wait from 15 s up to 15 minutes.
    """
    beyond = failed_count - FREE_ATTEMPTS
    if beyond < 0:
        return None
    doubled: int = 2 ** min(beyond, 10)
    return at + min(timedelta(seconds=15) * doubled, LONGEST_LOCKOUT)


def password_problem(password: str, *, email: str) -> str | None:
    """What is wrong with a new password, in words, or None. Length over composition (NIST SP 800-63B)."""
    if len(password) < MIN_PASSWORD_LENGTH:
        return f"Use at least {MIN_PASSWORD_LENGTH} characters; a few words in a row are fine."
    if len(password) > 256:
        return "Use at most 256 characters."
    if email.split("@")[0].lower() in password.lower():
        return "Do not use your e-mail address in the password."
    return None
