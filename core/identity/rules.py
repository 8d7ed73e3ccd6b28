"""Pure decisions about sign-in and about apps."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

MIN_PASSWORD_LENGTH = 12
FREE_ATTEMPTS = 5
LONGEST_LOCKOUT = timedelta(minutes=15)
# Wrong passwords of yesterday are not held against anybody.
FORGIVEN_AFTER = timedelta(days=1)

# NIST SP 800-63B (AAL1): prove oneself again at least every 30 days. A browser that nobody used for a week is a browser
# that was left behind. Whoever may give rights to others proves themselves each working day (AAL2: 12 h).
LONGEST_SESSION = timedelta(days=30)
LONGEST_IDLE = timedelta(days=7)
LONGEST_ADMIN_SESSION = timedelta(hours=12)
# The list of sessions is this exact, and no request writes more often.
SEEN_EVERY = timedelta(minutes=4)
# For so long after their end sessions can be looked at.
SESSION_KEPT = timedelta(days=30)

# How long a proof that it is really this person is good for a dangerous act.
CONFIRMED_FOR = timedelta(minutes=5)
# How long somebody whose password was right may take to show the second factor.
SECOND_FACTOR_WITHIN = timedelta(minutes=5)
TOTP_STEP_S = 30

# An invitation waits for somebody who may be on leave; a reset is for somebody who waits for it.
INVITATION_FOR = timedelta(days=7)
RESET_FOR = timedelta(minutes=30)
# A letter is tried for so long; no longer than its link is good.
LETTER_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many attempts at `what` within so many seconds."""

    what: str
    most: int
    per_s: int


# From one address: a whole office may stand behind one, a program that guesses makes many more. Source: OWASP.
SIGN_IN_LIMIT = Limit("sign-in", most=100, per_s=300)
TICKET_LIMIT = Limit("ticket", most=30, per_s=300)
RESET_LIMIT = Limit("reset", most=10, per_s=3600)
# To one person: so that nobody's mailbox is filled by others.
RESET_LETTER_LIMIT = Limit("reset letter", most=3, per_s=3600)
# From one browser that this person signed in with before, in place of the lock of the account.
KNOWN_BROWSER_LIMIT = Limit("known browser", most=10, per_s=900)


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


def password_problem(password: str, *, email: str, name: str, is_common: bool) -> str | None:
    """What is wrong with a new password, in words, or None. Length over composition (NIST SP 800-63B)."""
    if len(password) < MIN_PASSWORD_LENGTH:
        return f"Use at least {MIN_PASSWORD_LENGTH} characters; a few words in a row are fine."
    if len(password) > 256:
        return "Use at most 256 characters."
    lowered = password.lower()
    if email.split("@")[0].lower() in lowered or any(part in lowered for part in _parts(f"{email} {name}")):
        return "Do not use your name or your e-mail address in the password."
    if is_common:
        return "This password is one of the first that are tried. Use a few words that do not belong together."
    return None


def _parts(text: str) -> list[str]:
    return [part for part in re.split(r"[\W_]+", text.lower()) if len(part) >= 5]


def next_letter_attempt(*, attempts: int, at: datetime, give_up_at: datetime) -> datetime | None:
    """When a letter that could not be sent is tried again: after 30 s, doubling up to an hour; None to give it up."""
    doubled: int = 2 ** min(attempts - 1, 10)
    then = at + min(timedelta(seconds=30) * doubled, timedelta(hours=1))
    return then if then < give_up_at else None


def source_of(address: str) -> str:
    """Where attempts come from: the address, or its network of 64 bits for IPv6, of which a home has one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


def is_confirmed(*, confirmed_at: datetime, at: datetime) -> bool:
    """Whether a person proved who they are recently enough for a dangerous act."""
    return at - confirmed_at <= CONFIRMED_FOR


def totp_steps(at: datetime) -> tuple[int, int, int]:
    """The steps whose codes are good at this moment (RFC 6238): the present one and its neighbours, since clocks of
    phones differ by seconds and people type slowly.
    """
    step = int(at.timestamp()) // TOTP_STEP_S
    return step - 1, step, step + 1


def is_totp_code(text: str) -> bool:
    """Whether this looks like a code of an authenticator app: six digits, spaces aside."""
    plain = text.replace(" ", "")
    return len(plain) == 6 and plain.isascii() and plain.isdecimal()


def plain_recovery_code(text: str) -> str:
    """A recovery code as it was made, out of what somebody typed: the digits 0, 1 and 8 stand in no code, but are
    easily read for the letters o, l and b.
    """
    letters = "".join(letter for letter in text.lower() if letter.isascii() and letter.isalnum())
    return letters.translate(str.maketrans("018", "olb"))


def is_counter_good(*, known: int, shown: int) -> bool:
    """Whether a passkey's counter moved on (WebAuthn section 7.2, step 22). One that does not count shows 0 always."""
    return (known, shown) == (0, 0) or shown > known


def totp_label(user_id: int) -> str:
    """What the secret of a person's authenticator app is sealed to: in another person's row it cannot be opened."""
    return f"totp:{user_id}"


def may_show_second_factor(*, since: datetime, at: datetime) -> bool:
    """Whether somebody whose password was right at `since` may still show the second factor."""
    return since <= at <= since + SECOND_FACTOR_WITHIN


LOOPBACK = ("127.0.0.1", "[::1]")
# RFC 3986 appendix B, with the letters that an address may have, and without a part behind "#".
_ADDRESS = re.compile(
    r"""(?P<scheme>[a-z][a-z0-9+.-]*): (?://(?P<host>[A-Za-z0-9.-]*|\[[0-9a-f:.]+\]) (?P<port>:[0-9]{1,5})? (?=[/?]|$))?
        (?P<path>[A-Za-z0-9/._~!$&'()*+,;=:@%-]*) (?P<query>\?[A-Za-z0-9/._~!$&'()*+,;=:@%?-]*)?""",
    re.VERBOSE,
)


def redirect_uri_problem(uri: str) -> str | None:
    """What is wrong with an address to which an app's codes shall be sent, in words, or None (RFC 8252 section 7).

    https; http on this very device, at any port; or a scheme of the app's own, named after a domain it has.
    """
    parts = _ADDRESS.fullmatch(uri)
    if parts is None or len(uri) > 400:
        return f"{uri[:60]!r} is not a whole address, or has a part behind #, or a sign that must be written as %…."
    scheme, host = parts["scheme"], parts["host"]
    if scheme == "https":
        return None if host else f"{uri} names no host."
    if scheme == "http":
        return None if host in LOOPBACK else f"{uri}: use https, or http://127.0.0.1 for an app on a device."
    if "." in scheme and host is None and parts["path"]:
        return None
    return f"{uri}: begin with https://, or with a name of the app's own like com.example.app:/signed-in."


def is_redirect_uri(asked: str, *, registered: Iterable[str]) -> bool:
    """Whether `asked` is one of an app's addresses, letter by letter; on the device itself any port may be asked
    (RFC 8252 section 7.3), because an app takes the one that is free.
    """
    if redirect_uri_problem(asked) is not None:
        return False
    place = _place_on_device(asked)
    return any(asked == one or (place is not None and place == _place_on_device(one)) for one in registered)


def _place_on_device(uri: str) -> tuple[str, ...] | None:
    """What must be the same of an address on the device: all but its port."""
    parts = _ADDRESS.fullmatch(uri)
    if parts is None or parts["scheme"] != "http" or parts["host"] not in LOOPBACK:
        return None
    return parts["host"], parts["path"], parts["query"] or ""
