"""Whose endpoint is whose."""

from __future__ import annotations

from collections.abc import Iterable

from core.permissions import PERMISSIONS, Actor


def may_see(viewer: Actor, permission: str, *, client_id: str | None, park_ids: Iterable[int] | None) -> bool:
    """Whether an endpoint is in sight: a client's own; a person's when it tells of no park beyond those that their
    right reaches.
    """
    if viewer.kind == "client":
        return viewer.client_id is not None and client_id == viewer.client_id
    parks = viewer.reach(permission).parks
    return parks is None or (park_ids is not None and parks.issuperset(park_ids))


def list_rights(actor: Actor, *, park_ids: Iterable[int] | None) -> list[str]:
    """The rights to read with which an endpoint of these parks (None: all) is told: those of its maker that hold in all
    of them.
    """
    wanted = None if park_ids is None else frozenset(park_ids)
    return sorted(name for name in PERMISSIONS if name.endswith(":read") and _holds(actor, name, wanted))


def _holds(actor: Actor, permission: str, park_ids: frozenset[int] | None) -> bool:
    parks = actor.reach(permission).parks
    held = parks is None or (park_ids is not None and parks >= park_ids)
    return held and actor.may(permission)
