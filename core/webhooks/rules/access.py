"""Whose endpoint is whose."""

from __future__ import annotations

from collections.abc import Iterable

from core.permissions import Actor


def may_see(viewer: Actor, *, client_id: str | None, park_ids: Iterable[int] | None) -> bool:
    """Whether an endpoint is in sight: a client's own; a person's when it tells of no park beyond theirs."""
    if viewer.kind == "client":
        return viewer.client_id is not None and client_id == viewer.client_id
    return viewer.parks is None or (park_ids is not None and viewer.parks.issuperset(park_ids))
