"""Which items somebody sees, as a condition of queries."""

from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa

from core.inbox.models import Item
from core.inbox.rules.catalog import KINDS
from core.permissions import Actor
from core.sight import in_reach


def in_sight(viewer: Actor, permission: str) -> sa.ColumnElement[bool]:
    """Whether the viewer's right to the inbox and that to what the item is about both reach it, as `rules.sight`."""
    by_right: dict[str, list[str]] = defaultdict(list)
    for name, kind in KINDS.items():
        by_right[kind.seen_by].append(name)
    seen = [
        sa.and_(Item.kind.in_(names), _reached(viewer, right)) for right, names in by_right.items() if viewer.may(right)
    ]
    return sa.and_(_reached(viewer, permission), sa.or_(sa.false(), *seen))


def _reached(viewer: Actor, right: str) -> sa.ColumnElement[bool]:
    return in_reach(viewer, right, park_id=Item.park_id, vehicle_id=Item.vehicle_id)
