"""Reads about accounts elsewhere by which people sign in."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.identity.models import ExternalLogin
from core.permissions import Actor

_COLUMNS = ExternalLogin.__table__.c


def list_external_logins(reader: Reader, *, viewer: Actor, user_id: int | None) -> list[dict[str, Any]]:
    """The accounts elsewhere that a person's is linked with, the oldest first. Needs identity:read for another's."""
    if viewer.kind != "user" or viewer.id != user_id:
        viewer.require("identity:read")
    rows = reader.execute(sa.select(*_COLUMNS).where(_COLUMNS.user_id == user_id).order_by(_COLUMNS.linked_at))
    return plain_rows(rows)
