"""A person's roles, grants and parks, as columns of a query about people."""

from __future__ import annotations

import sqlalchemy as sa

from core.identity.models import User, UserGrant, UserPark, UserRole

ROLES = sa.select(sa.func.array_agg(UserRole.role)).where(UserRole.user_id == User.id).scalar_subquery()
GRANTS = sa.select(sa.func.array_agg(UserGrant.permission)).where(UserGrant.user_id == User.id).scalar_subquery()
PARKS = sa.select(sa.func.array_agg(UserPark.park_id)).where(UserPark.user_id == User.id).scalar_subquery()
