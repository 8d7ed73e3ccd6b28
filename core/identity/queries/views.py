"""Reads of the views that people have saved of lists."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from core.db import Reader
from core.identity.models import SavedView, User
from core.permissions import Actor


@dataclass(frozen=True, slots=True)
class ViewRecord:
    """A saved view. `query` is the state of the list as it stands in its address; `owner` is who saved it."""

    id: int
    name: str
    query: str
    is_shared: bool
    is_own: bool
    owner: str


def list_saved_views(reader: Reader, *, viewer: Actor, page: str) -> list[ViewRecord]:
    """The viewer's own views of a list and those that others share, by name. Needs identity:manage_own."""
    viewer.require("identity:manage_own")
    user_id = viewer.id if viewer.kind == "user" else None
    is_own = sa.func.coalesce(SavedView.user_id == user_id, sa.false())
    query = (
        sa.select(SavedView.id, SavedView.name, SavedView.query, SavedView.is_shared, is_own, User.name)
        .join(User, User.id == SavedView.user_id)
        .where(SavedView.page == page, sa.or_(is_own, SavedView.is_shared))
        .order_by(sa.func.lower(SavedView.name), SavedView.id)
    )
    return [ViewRecord(*row) for row in reader.execute(query)]
