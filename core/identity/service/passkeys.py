"""The verbs about passkeys (WebAuthn)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import Conflict, Invalid, NotFound
from core.identity.models import Passkey, User
from core.identity.service import ceremonies
from core.identity.service.ceremonies import PasskeyAnswer
from core.identity.service.codes import ensure_recovery_codes, forget_unneeded_codes
from core.identity.service.persons import lock_user
from core.identity.service.posting import Post, tell_factors_changed
from core.permissions import Actor, needs

MOST_PASSKEYS = 20
LONGEST_NAME = 60


@needs("identity:manage_own")
def add_passkey(
    session: Writer, *, actor: Actor, at: datetime, answer: PasskeyAnswer, name: str, post: Post
) -> list[str]:
    """Keep the passkey that the actor's browser just made; returns recovery codes to be shown, none when there are
    some already.
    """
    user = lock_user(session, actor.id)
    name = _check_name(name)
    read = ceremonies.read_registration(answer) if answer.challenge.is_good(at) else None
    if read is None:
        raise Invalid("The passkey could not be checked and was not kept. Try again.")
    credential, verified = read
    _check_room(session, user_id=user.id, credential_id=verified.credential_id)
    session.add(
        Passkey(
            user_id=user.id,
            credential_id=verified.credential_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            transports=[way.value for way in credential.response.transports or ()],
            backed_up=verified.credential_backed_up,
            name=name,
            created_at=at,
        )
    )
    audit.record(session, actor=actor, at=at, action="identity.passkey_added", subject=("user", user.id), passkey=name)
    tell_factors_changed(session, at=at, user=user, post=post, what=f"The passkey “{name}” was added")
    return ensure_recovery_codes(session, at=at, user_id=user.id)


@needs("identity:manage_own")
def rename_passkey(session: Writer, *, actor: Actor, at: datetime, passkey_id: int, name: str) -> None:
    """Call one of the actor's passkeys something else."""
    passkey = _get_own(session, lock_user(session, actor.id), passkey_id)
    before, passkey.name = passkey.name, _check_name(name)
    audit.record(
        session,
        actor=actor,
        at=at,
        action="identity.passkey_renamed",
        subject=("user", passkey.user_id),
        before=before,
        passkey=passkey.name,
    )


@needs("identity:manage_own")
def remove_passkey(session: Writer, *, actor: Actor, at: datetime, passkey_id: int, post: Post) -> str:
    """Forget one of the actor's passkeys; returns its name."""
    user = lock_user(session, actor.id)
    passkey = _get_own(session, user, passkey_id)
    session.delete(passkey)
    session.flush()
    tell_factors_changed(session, at=at, user=user, post=post, what=f"The passkey “{passkey.name}” was removed")
    was_last = forget_unneeded_codes(session, user_id=passkey.user_id)
    audit.record(
        session,
        actor=actor,
        at=at,
        action="identity.passkey_removed",
        subject=("user", passkey.user_id),
        passkey=passkey.name,
        was_last_factor=was_last,
    )
    return passkey.name


def _check_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise Invalid("The passkey has no name.", fields={"name": "Name the device, like “Work laptop”."})
    if len(name) > LONGEST_NAME:
        raise Invalid("The name is too long.", fields={"name": f"Use at most {LONGEST_NAME} characters."})
    return name


def _check_room(session: Writer, *, user_id: int, credential_id: bytes) -> None:
    known = sa.exists().where(Passkey.credential_id == credential_id)
    if session.scalar(sa.select(known)):
        raise Conflict("This passkey is known already. Sign in with it, or use another device.")
    count = sa.select(sa.func.count()).select_from(Passkey).where(Passkey.user_id == user_id)
    if (session.scalar(count) or 0) >= MOST_PASSKEYS:
        raise Conflict(f"You have {MOST_PASSKEYS} passkeys, which is the most. Remove one that you do not use.")


def _get_own(session: Writer, user: User, passkey_id: int) -> Passkey:
    passkey = session.scalars(
        sa.select(Passkey).where(Passkey.id == passkey_id, Passkey.user_id == user.id)
    ).one_or_none()
    if passkey is None:
        raise NotFound("There is no such passkey of yours. It may be removed already.")
    return passkey
