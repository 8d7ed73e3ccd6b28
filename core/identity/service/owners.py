"""Whose account an act is about when it is one's own."""

from __future__ import annotations

from core.errors import Forbidden
from core.permissions import Actor


def own_id(actor: Actor) -> int:
    """The id of the person who acts. Raises Forbidden for a program: it has no account of its own."""
    if actor.kind != "user" or actor.id is None:
        raise Forbidden("Only a person who is signed in has an account to change.")
    return actor.id
