"""Reads about API clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.identity import passwords
from core.identity.models import ApiClient
from core.permissions import Actor


@dataclass(frozen=True, slots=True)
class Client:
    """An API client as the token endpoint sees it."""

    id: int
    client_id: str
    secret_hash: str | None
    name: str
    scopes: frozenset[str]
    park_ids: frozenset[int] | None

    def check_secret(self, secret: str) -> bool:
        """Whether `secret` is this client's."""
        return self.secret_hash is not None and passwords.is_secret(secret, self.secret_hash)


def find_client(reader: Reader, *, client_id: str) -> Client | None:
    """The open API client called `client_id`, or None."""
    row = reader.execute(
        sa.select(ApiClient.__table__).where(ApiClient.client_id == client_id, ApiClient.disabled_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    parks = None if row.park_ids is None else frozenset(row.park_ids)
    return Client(row.id, row.client_id, row.secret_hash, row.name, frozenset(row.scopes), parks)


def list_clients(reader: Reader, *, viewer: Actor) -> list[dict[str, Any]]:
    """Every API client with its scopes, by name. Needs identity:read."""
    viewer.require("identity:read")
    columns = (ApiClient.client_id, ApiClient.name, ApiClient.scopes, ApiClient.park_ids)
    query = sa.select(*columns, ApiClient.created_at, ApiClient.disabled_at).order_by(ApiClient.name)
    return plain_rows(reader.execute(query))
