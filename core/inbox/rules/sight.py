"""Who sees an item: the right to the inbox and that to what it is about must both reach it."""

from __future__ import annotations

from core.inbox.rules.catalog import KINDS
from core.permissions import Actor


def may_see(actor: Actor, permission: str, *, kind: str, park_id: int | None, vehicle_id: int | None) -> bool:
    """Whether the actor's right `permission` (inbox:read, inbox:handle) reaches an item. What belongs to no park is
    for those who see all of them.
    """
    return all(_reaches(actor, right, park_id, vehicle_id) for right in (permission, KINDS[kind].seen_by))


def _reaches(actor: Actor, right: str, park_id: int | None, vehicle_id: int | None) -> bool:
    if park_id is None:
        return actor.reach(right).parks is None
    return actor.may(right, park_id=park_id, vehicle_id=vehicle_id)
