"""A person's roles, grants and parks, as columns of a query about people."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.identity.models import User, UserGrant, UserPark, UserRole
from core.permissions import Actor, NarrowGrant, pseudonym

ROLES = sa.select(sa.func.array_agg(UserRole.role)).where(UserRole.user_id == User.id).scalar_subquery()
GRANTS = sa.select(sa.func.array_agg(UserGrant.permission)).where(UserGrant.user_id == User.id).scalar_subquery()
# Of the grants those that hold at the moment `at`, each as [permission, park, vehicle]: null where it is not narrowed.
HELD_GRANTS = (
    sa.select(
        sa.func.jsonb_agg(sa.func.jsonb_build_array(UserGrant.permission, UserGrant.park_id, UserGrant.vehicle_id))
    )
    .where(
        UserGrant.user_id == User.id,
        sa.or_(
            UserGrant.expires_at.is_(None),
            UserGrant.expires_at > sa.bindparam("at", type_=sa.DateTime(timezone=True)),
        ),
    )
    .scalar_subquery()
)
PARKS = sa.select(sa.func.array_agg(UserPark.park_id)).where(UserPark.user_id == User.id).scalar_subquery()


RIGHTS = (User.id, User.name, User.all_parks, ROLES.label("roles"), HELD_GRANTS.label("grants"), PARKS.label("parks"))


def as_actor(row: Any) -> Actor:
    """The person of a row that has the columns RIGHTS, with the rights that they hold at the moment it was read for."""
    grants = row.grants or ()
    return Actor(
        kind="user",
        id=row.id,
        name=pseudonym(row.id),
        roles=frozenset(row.roles or ()),
        grants=frozenset(permission for permission, park_id, vehicle_id in grants if park_id is vehicle_id is None),
        narrow=frozenset(NarrowGrant(*grant) for grant in grants if grant[1:] != [None, None]),
        parks=None if row.all_parks else frozenset(row.parks or ()),
    )
