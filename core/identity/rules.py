"""Pure decisions about sign-in."""

from __future__ import annotations

from datetime import datetime, timedelta

MIN_PASSWORD_LENGTH = 12
FREE_ATTEMPTS = 5
LONGEST_LOCKOUT = timedelta(minutes=15)

# NIST SP 800-63B (AAL1): prove oneself again at least every 30 days. A browser that nobody used for a week is a browser
# that was left behind. Whoever may give rights to others proves themselves each working day (AAL2: 12 h).
LONGEST_SESSION = timedelta(days=30)
LONGEST_IDLE = timedelta(days=7)
LONGEST_ADMIN_SESSION = timedelta(hours=12)
# The list of sessions is this exact, and no request writes more often.
SEEN_EVERY = timedelta(minutes=4)
# For so long after their end sessions can be looked at.
SESSION_KEPT = timedelta(days=30)


def longest_session(*, is_admin: bool) -> timedelta:
    """For how long a session may be used."""
    return LONGEST_ADMIN_SESSION if is_admin else LONGEST_SESSION


def session_end(*, created_at: datetime, last_seen_at: datetime, is_admin: bool) -> datetime:
    """When a session ends by itself unless it is used again."""
    return min(created_at + longest_session(is_admin=is_admin), last_seen_at + LONGEST_IDLE)


def is_seen_long_ago(*, last_seen_at: datetime, at: datetime) -> bool:
    """Whether it is time to note that a session is in use."""
    return last_seen_at < at - SEEN_EVERY


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
