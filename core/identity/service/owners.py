"""Whose account an act is about when it is one's own. Shared by the verbs that change it."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import Writer
from core.errors import Forbidden
from core.identity.models import User
from core.permissions import Actor


def lock_owner(session: Writer, actor: Actor) -> User:
    """The account of the person who acts, locked: of two changes to it at once, one waits for the other.

    Raises Forbidden for a program: it has no account of its own.
    """
    if actor.kind != "user":
        raise Forbidden("Only a person who is signed in has an account to change.")
    return session.scalars(sa.select(User).where(User.id == actor.id).with_for_update()).one()
