"""Reads about what people let apps do, and about the people behind apps' tokens."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.identity import passwords
from core.identity.models import ApiClient, Authorization, Consent, RefreshToken, User
from core.identity.queries.rights import RIGHTS, as_actor
from core.permissions import Actor


@dataclass(frozen=True, slots=True)
class Person:
    """A person as apps come to know them, with their rights as they are now."""

    handle: uuid.UUID
    name: str
    email: str
    time_zone: str
    actor: Actor


def find_person(reader: Reader, *, user_id: int, at: datetime) -> Person | None:
    """The person with an open account, with their rights as they are at this moment, or None."""
    columns = (*RIGHTS, User.handle, User.email, User.time_zone)
    query = sa.select(*columns).where(User.id == user_id, User.disabled_at.is_(None))
    row = reader.execute(query, {"at": at}).one_or_none()
    return None if row is None else Person(row.handle, row.name, row.email, row.time_zone, as_actor(row))


def find_consent(reader: Reader, *, viewer: Actor, client_id: int) -> frozenset[str]:
    """What the viewer has let an app do."""
    query = sa.select(Consent.scopes).where(Consent.user_id == viewer.id, Consent.client_id == client_id)
    return frozenset(reader.execute(query).scalar() or ())


def list_own_apps(reader: Reader, *, viewer: Actor) -> list[dict[str, Any]]:
    """The apps that the viewer lets act for them, by name: since when, what they may do, and when they last came."""
    last = (
        sa.select(sa.func.max(Authorization.last_used_at))
        .where(Authorization.user_id == Consent.user_id, Authorization.client_id == Consent.client_id)
        .scalar_subquery()
    )
    columns = (ApiClient.client_id, ApiClient.name, ApiClient.disabled_at, Consent.scopes, Consent.given_at)
    query = (
        sa.select(*columns, last.label("last_used_at"))
        .join(ApiClient, ApiClient.id == Consent.client_id)
        .where(Consent.user_id == viewer.id)
        .order_by(ApiClient.name)
    )
    return plain_rows(reader.execute(query))


@dataclass(frozen=True, slots=True)
class LivingToken:
    """A refresh token that is good, as its own client may see it (RFC 7662 section 2.2)."""

    client_id: str
    handle: uuid.UUID
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime


def find_refresh_token(reader: Reader, *, token: str, at: datetime) -> LivingToken | None:
    """The unused refresh token of a living family, or None."""
    query = (
        sa.select(
            ApiClient.client_id, User.handle, Authorization.scopes, RefreshToken.created_at, RefreshToken.expires_at
        )
        .join(Authorization, Authorization.id == RefreshToken.authorization_id)
        .join(ApiClient, ApiClient.id == Authorization.client_id)
        .join(User, User.id == Authorization.user_id)
        .where(
            RefreshToken.token_hash == passwords.hash_secret(token),
            RefreshToken.used_at.is_(None),
            RefreshToken.expires_at > at,
            Authorization.ended_at.is_(None),
            User.disabled_at.is_(None),
            ApiClient.disabled_at.is_(None),
        )
    )
    row = reader.execute(query).one_or_none()
    return row and LivingToken(row.client_id, row.handle, frozenset(row.scopes), row.created_at, row.expires_at)
