"""The verbs about authenticator apps (TOTP, RFC 6238)."""

from __future__ import annotations

from datetime import datetime

import pyotp

from core import audit
from core.db import Writer
from core.errors import Conflict, NotFound, Unauthenticated
from core.identity.models import Totp
from core.identity.service.codes import (
    ensure_recovery_codes,
    forget_unneeded_codes,
    seal_totp_secret,
    take_totp_code,
)
from core.identity.service.lockout import count_wrong, find_wait
from core.identity.service.persons import lock_user
from core.identity.service.posting import Post, tell_factors_changed
from core.permissions import Actor, needs

ON_ALREADY = "An authenticator app is set up already. Switch it off first if you want another."
WRONG_FIRST_CODE = (
    "That is not the code for this secret. Check that the phone's clock is right, and take the code it shows now."
)


@needs("identity:manage_own")
def begin_totp(session: Writer, *, actor: Actor, at: datetime, key: bytes) -> None:
    """Make the secret that the actor's app is to share. It counts only once a code of it was shown."""
    user = lock_user(session, actor.id)
    found = session.get(Totp, user.id)
    if found is not None and found.confirmed_at is not None:
        raise Conflict(ON_ALREADY)
    sealed = seal_totp_secret(pyotp.random_base32(), user_id=user.id, key=key)
    if found is None:
        session.add(Totp(user_id=user.id, sealed_secret=sealed, created_at=at))
    else:
        found.sealed_secret, found.created_at, found.last_step = sealed, at, None


@needs("identity:manage_own")
def confirm_totp(
    session: Writer, *, actor: Actor, at: datetime, code: str, key: bytes, post: Post
) -> list[str] | Unauthenticated:
    """Make the app count from now on; returns the recovery codes to be shown, none when the actor has some already.

    A wrong code is counted like a wrong password, so it is returned.
    """
    user = lock_user(session, actor.id)
    totp = session.get(Totp, user.id)
    if totp is None:
        raise NotFound("There is no set-up to finish. Begin again.")
    if totp.confirmed_at is not None:
        raise Conflict(ON_ALREADY)
    if (wait := find_wait(user, at=at)) is not None:
        return wait
    if not take_totp_code(session, at=at, user_id=user.id, code=code.replace(" ", ""), key=key, confirmed=False):
        count_wrong(user, at=at)
        return Unauthenticated(WRONG_FIRST_CODE)
    totp.confirmed_at = at
    audit.record(session, actor=actor, at=at, action="identity.totp_switched_on", subject=("user", user.id))
    tell_factors_changed(session, at=at, user=user, post=post, what="An authenticator app was set up")
    return ensure_recovery_codes(session, at=at, user_id=user.id)


@needs("identity:manage_own")
def remove_totp(session: Writer, *, actor: Actor, at: datetime, post: Post) -> None:
    """Switch the actor's app off. Raises NotFound when none is on."""
    user = lock_user(session, actor.id)
    totp = session.get(Totp, user.id)
    if totp is None or totp.confirmed_at is None:
        raise NotFound("No authenticator app is set up.")
    session.delete(totp)
    session.flush()
    tell_factors_changed(session, at=at, user=user, post=post, what="The authenticator app was switched off")
    was_last = forget_unneeded_codes(session, user_id=user.id)
    audit.record(
        session,
        actor=actor,
        at=at,
        action="identity.totp_switched_off",
        subject=("user", user.id),
        was_last_factor=was_last,
    )
