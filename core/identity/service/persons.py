"""One person's row, and what must hold for it: shared by the verbs about people, which hold the right to."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import Writer, take_transaction_lock
from core.errors import Conflict, NotFound
from core.identity import passwords, rules
from core.identity.models import User, UserRole
from core.identity.passwords.common import is_common
from core.identity.service.lockout import forget_wrong
from core.permissions import ADMIN, Actor

LAST_ADMIN = (
    "This is the last administrator who can sign in. Make somebody else an administrator first, and let them sign in."
)


def lock_user(session: Writer, user_id: int | None) -> User:
    """A person's row, changed by nobody else until the transaction ends. Raises NotFound."""
    user = session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound("There is no such person. Look them up in the list of people.")
    return user


def name_of(session: Writer, actor: Actor) -> str:
    """What whoever acts is called in a letter."""
    person = None if actor.kind != "user" or actor.id is None else session.get(User, actor.id)
    return actor.name if person is None else person.name


def roles_of(session: Writer, user_id: int) -> set[str]:
    """The roles a person holds."""
    return set(session.scalars(sa.select(UserRole.role).where(UserRole.user_id == user_id)))


def check_last_admin(session: Writer, *, user_id: int) -> None:
    """Before a person's account is closed or their role taken: raise Conflict if nobody could administer any more.

    Call it before any row is locked: of two who do this at once, the second waits here and sees what the first did.
    """
    take_transaction_lock(session, "identity:last-admin")
    admins = set(
        session.scalars(
            sa.select(User.id)
            .join(UserRole, UserRole.user_id == User.id)
            .where(
                UserRole.role == ADMIN,
                User.disabled_at.is_(None),
                sa.or_(User.password_hash.is_not(None), User.last_sign_in_at.is_not(None)),
            )
        )
    )
    if admins == {user_id}:
        raise Conflict(LAST_ADMIN)


def check_parks(actor: Actor, park_ids: set[int] | None) -> dict[str, str]:
    """What is wrong with giving somebody these parks: nobody gives what they do not see themselves."""
    if actor.parks is None or (park_ids is not None and park_ids <= actor.parks):
        return {}
    return {"parks": "You can give parks that you see yourself. Tick among those."}


def password_problem(password: str, *, email: str, name: str) -> str | None:
    """What is wrong with a new password, in words, or None."""
    return rules.password_problem(password, email=email.strip(), name=name, is_common=is_common(password))


def set_password(user: User, password: str) -> None:
    """Give a person whose row is locked another password; wrong ones before it are forgotten."""
    user.password_hash = passwords.hash_password(password)
    forget_wrong(user)
