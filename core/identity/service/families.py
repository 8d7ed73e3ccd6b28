"""Families: all tokens that came of one sign-in of a person to an app. Called by the verbs of apps, codes and tokens.

Rows are locked in one order everywhere: client, person, family, token.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.identity.models import Authorization, User
from core.identity.service.revocations import revoke_family
from core.identity.tokens.lifetimes import AUTHORIZATION_LIFETIME
from core.permissions import system

_COLUMNS: Mapping[str, sa.orm.InstrumentedAttribute[object]] = {
    "id": Authorization.id,
    "client_id": Authorization.client_id,
    "user_id": Authorization.user_id,
}


@dataclass(frozen=True, slots=True)
class Family:
    """What a code or a refresh token stands for."""

    authorization_id: uuid.UUID
    client_id: int
    user_id: int
    scopes: frozenset[str]
    auth_time: datetime
    created_at: datetime


def lock_family(session: Writer, *, at: datetime, authorization_id: uuid.UUID, client_id: int) -> Family | None:
    """The living family of a client, locked with its person; None when it ended, is too old, is of another client, or
    the account is closed.

    Whoever takes a right from the person waits until what is issued now has been issued, and then revokes it.
    """
    user_id = session.scalars(sa.select(Authorization.user_id).where(Authorization.id == authorization_id)).one()
    person = sa.select(User.id).where(User.id == user_id, User.disabled_at.is_(None)).with_for_update(read=True)
    is_open = session.execute(person).one_or_none() is not None
    family = session.scalars(
        sa.select(Authorization)
        .where(Authorization.id == authorization_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    is_alive = family.ended_at is None and at < family.created_at + AUTHORIZATION_LIFETIME
    if not (is_open and is_alive and family.client_id == client_id):
        return None
    return Family(family.id, family.client_id, user_id, frozenset(family.scopes), family.auth_time, family.created_at)


def end_families(session: Writer, *, at: datetime, why: str, **of: object) -> bool:
    """End the families whose `id`, `client_id` or `user_id` is given (all that are: of both), and their access tokens
    within seconds. False when none lived.
    """
    assert of, "this would end everything"
    ended = session.scalars(
        sa.update(Authorization)
        .where(Authorization.ended_at.is_(None), *(_COLUMNS[name] == value for name, value in of.items()))
        .values(ended_at=at, ended_why=why)
        .returning(Authorization.id)
    ).all()
    for authorization_id in ended:
        revoke_family(session, at=at, authorization_id=authorization_id)
    return bool(ended)


def end_stolen(session: Writer, *, at: datetime, family: Family, what: str) -> None:
    """End the family of which something (`what`: a code, a refresh token) was shown twice: one of the two stole it."""
    end_families(session, at=at, why=f"a {what} was shown twice", id=family.authorization_id)
    audit.record(
        session,
        actor=system("authorization server", "identity:maintain"),
        at=at,
        action=f"identity.{what.replace(' ', '_')}_reused",
        subject=("authorization", family.authorization_id),
        user_id=family.user_id,
    )
