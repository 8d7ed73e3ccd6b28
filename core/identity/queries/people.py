"""Reads about people."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.identity.models import User
from core.identity.queries.rights import GRANTS, ROLES
from core.permissions import Actor


def list_users(reader: Reader, *, viewer: Actor) -> list[dict[str, Any]]:
    """Every account with its roles and grants, by name. Needs identity:read."""
    viewer.require("identity:read")
    rows = reader.execute(
        sa.select(
            User.id,
            User.name,
            User.email,
            User.all_parks,
            User.created_at,
            User.disabled_at,
            User.last_sign_in_at,
            ROLES.label("roles"),
            GRANTS.label("grants"),
        ).order_by(User.name)
    )
    return plain_rows(rows)


def has_users(reader: Reader) -> bool:
    """Whether anybody can sign in yet: tells an empty installation from one in use."""
    return bool(reader.execute(sa.select(sa.exists().select_from(User))).scalar())
