"""Reads about API clients."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.errors import NotFound
from core.identity import passwords
from core.identity.models import ApiClient, ClientKind
from core.permissions import Actor


@dataclass(frozen=True, slots=True)
class Client:
    """An API client as the token endpoint sees it. An app acts for people; a public one has no secret."""

    id: int
    client_id: str
    is_app: bool
    secret_hashes: tuple[str, ...]
    name: str
    scopes: frozenset[str]
    park_ids: frozenset[int] | None
    redirect_uris: tuple[str, ...]

    @property
    def is_public(self) -> bool:
        """Whether it has no secret, so that only PKCE proves who exchanges a code."""
        return not self.secret_hashes

    def check_secret(self, secret: str) -> bool:
        """Whether `secret` is this client's, or the one before while that is still good."""
        return any(passwords.is_secret(secret, secret_hash) for secret_hash in self.secret_hashes)


def find_client(reader: Reader, *, client_id: str, at: datetime) -> Client | None:
    """The open API client called `client_id`, or None."""
    row = reader.execute(
        sa.select(ApiClient.__table__).where(ApiClient.client_id == client_id, ApiClient.disabled_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    before = row.previous_secret_hash if row.previous_secret_until and at < row.previous_secret_until else None
    return Client(
        row.id,
        row.client_id,
        row.kind == ClientKind.APP,
        tuple(secret_hash for secret_hash in (row.secret_hash, before) if secret_hash),
        row.name,
        frozenset(row.scopes),
        None if row.park_ids is None else frozenset(row.park_ids),
        tuple(row.redirect_uris),
    )


_SHOWN = (
    ApiClient.client_id,
    ApiClient.name,
    ApiClient.kind,
    ApiClient.secret_hash.is_(None).label("is_public"),
    ApiClient.scopes,
    ApiClient.park_ids,
    ApiClient.redirect_uris,
    ApiClient.previous_secret_until,
    ApiClient.created_at,
    ApiClient.disabled_at,
    ApiClient.last_used_at,
)


def list_clients(reader: Reader, *, viewer: Actor) -> list[dict[str, Any]]:
    """Every API client with its scopes, by name. Needs identity:read."""
    viewer.require("identity:read")
    return plain_rows(reader.execute(sa.select(*_SHOWN).order_by(ApiClient.name, ApiClient.client_id)))


def get_client(reader: Reader, *, viewer: Actor, client_id: str) -> dict[str, Any]:
    """One API client, also a closed one. Needs identity:read."""
    viewer.require("identity:read")
    rows = plain_rows(reader.execute(sa.select(*_SHOWN).where(ApiClient.client_id == client_id)))
    if not rows:
        raise NotFound(f"There is no API client {client_id}.")
    return rows[0]
