"""Where a right reaches, as a condition of a query: what may not be seen is not read."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.permissions import Actor

Column = sa.ColumnElement[Any] | sa.orm.InstrumentedAttribute[Any]


def in_reach(
    viewer: Actor, permission: str, *, park_id: Column, vehicle_id: Column | None = None
) -> sa.ColumnElement[bool]:
    """Whether the viewer's right reaches a row that belongs to the park of one column and, if it is about a vehicle,
    to the vehicle of the other. Just true for a right that reaches everywhere.
    """
    reach = viewer.reach(permission)
    if reach.parks is None:
        return sa.true()
    within = park_id.in_(reach.parks)
    if vehicle_id is None or not reach.vehicles:
        return within
    single = vehicle_id.in_(reach.vehicles)
    return sa.or_(within, single if reach.view is None else sa.and_(single, park_id.in_(reach.view)))
