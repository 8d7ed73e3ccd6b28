"""Every read about people and API clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.identity import passwords
from core.identity.models import ApiClient, User, UserGrant, UserPark, UserRole
from core.permissions import Actor


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person with a session, as the pages see them."""

    user_id: int
    name: str
    email: str
    time_zone: str
    session_key: str
    actor: Actor


_ROLES = sa.select(sa.func.array_agg(UserRole.role)).where(UserRole.user_id == User.id).scalar_subquery()
_GRANTS = sa.select(sa.func.array_agg(UserGrant.permission)).where(UserGrant.user_id == User.id).scalar_subquery()
_PARKS = sa.select(sa.func.array_agg(UserPark.park_id)).where(UserPark.user_id == User.id).scalar_subquery()
_SIGNED_IN = sa.select(
    User.id,
    User.name,
    User.email,
    User.time_zone,
    User.session_key,
    User.all_parks,
    _ROLES.label("roles"),
    _GRANTS.label("grants"),
    _PARKS.label("parks"),
).where(User.id == sa.bindparam("user_id"), User.disabled_at.is_(None))


def find_signed_in(reader: Reader, *, user_id: int) -> SignedIn | None:
    """The open account `user_id` with its rights as they are now, or None."""
    row = reader.execute(_SIGNED_IN, {"user_id": user_id}).one_or_none()
    if row is None:
        return None
    actor = Actor(
        kind="user",
        id=row.id,
        name=row.name,
        roles=frozenset(row.roles or ()),
        grants=frozenset(row.grants or ()),
        parks=None if row.all_parks else frozenset(row.parks or ()),
    )
    return SignedIn(row.id, row.name, row.email, row.time_zone, row.session_key, actor)


@dataclass(frozen=True, slots=True)
class Client:
    """An API client as the token endpoint sees it."""

    id: int
    client_id: str
    secret_hash: str
    name: str
    scopes: frozenset[str]
    park_ids: frozenset[int] | None

    def check_secret(self, secret: str) -> bool:
        """Whether `secret` is this client's."""
        return passwords.is_secret(secret, self.secret_hash)


def find_client(reader: Reader, *, client_id: str) -> Client | None:
    """The open API client called `client_id`, or None."""
    row = reader.execute(
        sa.select(ApiClient.__table__).where(ApiClient.client_id == client_id, ApiClient.disabled_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    parks = None if row.park_ids is None else frozenset(row.park_ids)
    return Client(row.id, row.client_id, row.secret_hash, row.name, frozenset(row.scopes), parks)


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
            _ROLES.label("roles"),
            _GRANTS.label("grants"),
        ).order_by(User.name)
    )
    return plain_rows(rows)


def list_clients(reader: Reader, *, viewer: Actor) -> list[dict[str, Any]]:
    """Every API client with its scopes, by name. Needs identity:read."""
    viewer.require("identity:read")
    columns = (ApiClient.client_id, ApiClient.name, ApiClient.scopes, ApiClient.park_ids)
    query = sa.select(*columns, ApiClient.created_at, ApiClient.disabled_at).order_by(ApiClient.name)
    return plain_rows(reader.execute(query))


def has_users(reader: Reader) -> bool:
    """Whether anybody can sign in yet: tells an empty installation from one in use."""
    return bool(reader.execute(sa.select(sa.exists().select_from(User))).scalar())
