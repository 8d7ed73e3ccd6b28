"""Reads about people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader, plain_rows
from core.errors import NotFound
from core.identity.models import Letter, Passkey, RecoveryCode, Ticket, TicketKind, Totp, User, UserGrant
from core.identity.queries.rights import GRANTS, PARKS, RIGHTS, ROLES, as_actor
from core.permissions import Actor

_STATE = sa.case(
    (User.disabled_at.is_not(None), "closed"),
    (sa.or_(User.password_hash.is_not(None), User.last_sign_in_at.is_not(None)), "active"),
    else_="invited",
)
_INVITED_UNTIL = (
    sa.select(sa.func.max(Ticket.expires_at))
    .where(Ticket.user_id == User.id, Ticket.kind == TicketKind.INVITATION, Ticket.used_at.is_(None))
    .scalar_subquery()
)
_LETTER_PROBLEM = (
    sa.select(Letter.problem).where(Letter.user_id == User.id).order_by(Letter.id.desc()).limit(1).scalar_subquery()
)
_COLUMNS: tuple[Any, ...] = (
    User.id,
    User.name,
    User.email,
    User.time_zone,
    User.all_parks,
    User.created_at,
    User.disabled_at,
    User.locked_until,
    User.last_sign_in_at,
    _STATE.label("state"),
    ROLES.label("roles"),
    GRANTS.label("grants"),
    PARKS.label("park_ids"),
    _INVITED_UNTIL.label("invited_until"),
    _LETTER_PROBLEM.label("letter_problem"),
)


def name_people(reader: Reader, *, viewer: Actor) -> dict[int, str]:
    """What the people are called that records name by pseudonym. For whoever may see such a record: no right of its
    own, but none who is only a driver or an investor learns more than their own name.
    """
    query = sa.select(User.id, User.name)
    if not viewer.may("vehicles:read"):
        query = query.where(User.id == viewer.id)
    return {row.id: row.name for row in reader.execute(query)}


def list_users(reader: Reader, *, viewer: Actor) -> list[dict[str, Any]]:
    """Every account with its roles and grants, by name; `state` is invited, active or closed. Needs identity:read."""
    viewer.require("identity:read")
    return plain_rows(reader.execute(sa.select(*_COLUMNS).order_by(User.name, User.id)))


def _count(of: type[Passkey | RecoveryCode | Totp], *where: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(of).where(of.user_id == User.id, *where).scalar_subquery()


_FACTORS = (
    _count(Totp, Totp.confirmed_at.is_not(None)).label("totps"),
    _count(Passkey).label("passkeys"),
    _count(RecoveryCode, RecoveryCode.used_at.is_(None)).label("recovery_codes"),
)


def get_user(reader: Reader, *, viewer: Actor, user_id: int) -> dict[str, Any]:
    """One account, as in the list, and how many second factors it has. Needs identity:read; raises NotFound."""
    viewer.require("identity:read")
    rows = plain_rows(reader.execute(sa.select(*_COLUMNS, *_FACTORS).where(User.id == user_id)))
    if not rows:
        raise NotFound("There is no such person. Look them up in the list of people.")
    return rows[0]


def list_grants(reader: Reader, *, viewer: Actor, user_id: int) -> list[dict[str, Any]]:
    """The grants of a person, those that have run out too, in the order they were given. Needs identity:read."""
    viewer.require("identity:read")
    columns = UserGrant.__table__.c
    query = sa.select(*columns).where(columns.user_id == user_id).order_by(columns.id)
    return plain_rows(reader.execute(query))


def has_users(reader: Reader) -> bool:
    """Whether anybody can sign in yet: tells an empty installation from one in use."""
    return bool(reader.execute(sa.select(sa.exists().select_from(User))).scalar())


def list_holders(reader: Reader, *, viewer: Actor, at: datetime, permission: str) -> list[Actor]:
    """The people who can come in and hold `permission` at the moment `at` somewhere that the viewer sees, by name, with
    all their rights. Needs that permission: it is for those who share a work.
    """
    viewer.require(permission)
    rows = reader.execute(sa.select(*RIGHTS).where(User.disabled_at.is_(None)).order_by(User.name, User.id), {"at": at})
    people = [as_actor(row) for row in rows]
    return [one for one in people if one.may(permission) and _meets(one, viewer)]


def _meets(one: Actor, other: Actor) -> bool:
    return one.parks is None or other.parks is None or not one.parks.isdisjoint(other.parks)


def name_users(reader: Reader, *, user_ids: Iterable[int]) -> dict[int, str]:
    """What these people are called, for pages that show who did something; for whoever may see that."""
    query = sa.select(User.id, User.name).where(User.id.in_(list(user_ids)))
    return {row.id: row.name for row in reader.execute(query)}
