"""Views of lists that people keep for themselves, or for everybody who has the same page."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core import audit
from core.db import Writer, take_transaction_lock
from core.errors import Invalid, NotFound
from core.identity.models import SavedView
from core.permissions import Actor, needs

MOST_VIEWS = 50
_LONGEST_NAME, _LONGEST_QUERY = 60, 2000


@needs("identity:manage_own")
def save_view(session: Writer, *, actor: Actor, at: datetime, page: str, name: str, query: str, is_shared: bool) -> int:
    """Keep the state `query` of the list `page` under a name; returns its id. One's own of that name is replaced.

    Raises Invalid for a name that is empty or longer than 60 characters, a state longer than 2,000, and when one has
    50 views of this list already.
    """
    name = name.strip()
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise Invalid("The view was not saved.", fields={"name": f"Enter a name, at most {_LONGEST_NAME} characters."})
    if len(query) > _LONGEST_QUERY:
        raise Invalid("The view was not saved.", fields={"name": "Too much is chosen to be saved. Choose less."})
    take_transaction_lock(session, f"saved views of {actor.id}")
    own = sa.and_(SavedView.user_id == actor.id, SavedView.page == page)
    others = session.scalar(sa.select(sa.func.count()).where(own, SavedView.name != name)) or 0
    if others >= MOST_VIEWS:
        words = f"You have {MOST_VIEWS} views of this list, and that is the most. Remove one first."
        raise Invalid("The view was not saved.", fields={"name": words})
    state = {"query": query, "is_shared": is_shared, "saved_at": at}
    made = insert(SavedView).values(user_id=actor.id, page=page, name=name, **state)
    keys = [SavedView.user_id, SavedView.page, SavedView.name]
    view_id = session.execute(
        made.on_conflict_do_update(index_elements=keys, set_=state).returning(SavedView.id)
    ).scalar_one()
    _note(session, actor=actor, at=at, action="identity.view_saved", view_id=view_id, page=page, is_shared=is_shared)
    return view_id


@needs("identity:manage_own")
def remove_view(session: Writer, *, actor: Actor, at: datetime, view_id: int) -> None:
    """Remove a view of one's own; who manages people may remove a shared one of anybody. Raises NotFound."""
    is_theirs = SavedView.user_id == actor.id
    if actor.may("identity:manage"):
        is_theirs = sa.or_(is_theirs, SavedView.is_shared)
    gone = session.execute(
        sa.delete(SavedView).where(SavedView.id == view_id, is_theirs).returning(SavedView.page, SavedView.is_shared)
    ).one_or_none()
    if gone is None:
        raise NotFound(f"There is no view {view_id} of yours. Load the page again.")
    _note(
        session,
        actor=actor,
        at=at,
        action="identity.view_removed",
        view_id=view_id,
        page=gone.page,
        is_shared=gone.is_shared,
    )


def _note(
    session: Writer, *, actor: Actor, at: datetime, action: str, view_id: int, page: str, is_shared: bool
) -> None:
    """What is searched for may name somebody, so the audit tells which view, and not what is in it."""
    audit.record(session, actor=actor, at=at, action=action, subject=("view", view_id), page=page, is_shared=is_shared)
