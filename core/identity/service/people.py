"""The verbs about people: who they are and what they may do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import available_timezones

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import Conflict, Invalid
from core.identity import passwords
from core.identity.models import TicketKind, User, UserGrant, UserPark, UserRole
from core.identity.service.persons import (
    check_last_admin,
    check_parks,
    lock_user,
    name_of,
    password_problem,
    roles_of,
)
from core.identity.service.posting import Post, issue_link
from core.identity.service.revocations import revoke_user
from core.permissions import ADMIN, DRIVER, GRANTABLE, PEOPLE, Actor, needs

_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody who was invited. `link` is there when no mail server is configured: it must be passed on by hand."""

    user_id: int
    link: str | None = field(repr=False)


@needs("identity:manage")
def create_user(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    email: str,
    name: str,
    password: str,
    roles: Iterable[str],
    grants: Iterable[str] = (),
    park_ids: Iterable[int] | None = (),
    time_zone: str = "UTC",
) -> int:
    """Make a person who can sign in at once, where nobody can be written to: from the command line. Returns the id.

    `park_ids=None` means every park.
    """
    problem = password_problem(password, email=email, name=name)
    user = _add(
        session,
        actor=actor,
        at=at,
        email=email,
        name=name,
        roles=set(roles),
        grants=set(grants),
        park_ids=None if park_ids is None else set(park_ids),
        time_zone=time_zone,
        more={"password": problem} if problem else {},
    )
    user.password_hash = passwords.hash_password(password)
    return user.id


@needs("identity:manage")
def invite_user(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    email: str,
    name: str,
    roles: Iterable[str],
    grants: Iterable[str] = (),
    park_ids: Iterable[int] | None = (),
    time_zone: str = "UTC",
    post: Post,
) -> Invited:
    """Make a person and let them choose a password by a link. `park_ids=None` means every park."""
    user = _add(
        session,
        actor=actor,
        at=at,
        email=email,
        name=name,
        roles=set(roles),
        grants=set(grants),
        park_ids=None if park_ids is None else set(park_ids),
        time_zone=time_zone,
        more={},
    )
    link = issue_link(session, at=at, by=name_of(session, actor), user=user, kind=TicketKind.INVITATION, post=post)
    return Invited(user.id, link)


@needs("identity:invite_drivers")
def invite_driver(
    session: Writer, *, actor: Actor, at: datetime, email: str, name: str, time_zone: str, post: Post
) -> Invited:
    """Make an account for a person who drives, with the role of a driver and nothing else, and let them choose a
    password by a link. Raises Invalid, and Conflict when the address has an account.
    """
    user = _add(
        session,
        actor=actor,
        at=at,
        email=email,
        name=name,
        roles={DRIVER},
        grants=set(),
        park_ids=set(),
        time_zone=time_zone,
        more={},
    )
    link = issue_link(session, at=at, by=name_of(session, actor), user=user, kind=TicketKind.INVITATION, post=post)
    return Invited(user.id, link)


@needs("identity:manage")
def change_user(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    user_id: int,
    name: str,
    time_zone: str,
    roles: Iterable[str],
    park_ids: Iterable[int] | None,
) -> None:
    """Make a person's name, zone, roles and parks these. In force with their next request; apps ask for a new token.

    Raises Invalid with the fields, Conflict when nobody would be left to administer.
    """
    wanted, parks = set(roles), None if park_ids is None else set(park_ids)
    fields = _person_problems(name=name, time_zone=time_zone, roles=wanted) | check_parks(actor, parks)
    if fields:
        raise Invalid("Nothing was changed.", fields=fields)
    if ADMIN not in wanted:
        check_last_admin(session, user_id=user_id)
    user = lock_user(session, user_id)
    before = _rights(session, user)
    user.name, user.time_zone, user.all_parks = name.strip(), time_zone, parks is None
    _set_roles(session, user, wanted, actor=actor, at=at)
    _set_parks(session, user, (parks or set()) | _unseen(before["parks"], actor))
    session.flush()
    after = _rights(session, user)
    if before == after:
        return
    if any(before[key] != after[key] for key in ("roles", "parks")):
        revoke_user(session, at=at, user_id=user.id)
    audit.record(
        session,
        actor=actor,
        at=at,
        action="identity.user_changed",
        subject=("user", user.id),
        changed=[key for key, value in before.items() if value != after[key]],
        before={key: value for key, value in before.items() if key != "name" and value != after[key]},
        after={key: value for key, value in after.items() if key != "name" and value != before[key]},
    )


def _add(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    email: str,
    name: str,
    roles: set[str],
    grants: set[str],
    park_ids: set[int] | None,
    time_zone: str,
    more: dict[str, str],
) -> User:
    email = email.strip().lower()
    fields = _person_problems(name=name, time_zone=time_zone, roles=roles) | check_parks(actor, park_ids) | more
    if not _EMAIL.fullmatch(email):
        fields["email"] = "Enter an e-mail address, like name@company.com."
    if unknown := sorted(grants - GRANTABLE.keys()):
        fields["grants"] = f"Not a right that can be granted: {', '.join(unknown)}."
    if fields:
        raise Invalid("The person was not added.", fields=fields)
    if session.execute(sa.select(sa.exists().where(User.email == email))).scalar():
        raise Conflict(f"{email} already has an account. Change that one instead.", email=email)
    user = User(email=email, name=name.strip(), time_zone=time_zone, all_parks=park_ids is None, created_at=at)
    session.add(user)
    session.flush()
    _set_roles(session, user, roles, actor=actor, at=at)
    _set_parks(session, user, park_ids or set())
    session.add_all(
        UserGrant(user_id=user.id, permission=grant, granted_by=actor.name, granted_at=at) for grant in sorted(grants)
    )
    audit.record(
        session,
        actor=actor,
        at=at,
        action="identity.user_created",
        subject=("user", user.id),
        roles=sorted(roles),
        grants=sorted(grants),
        parks="all" if park_ids is None else sorted(park_ids),
    )
    return user


def _person_problems(*, name: str, time_zone: str, roles: set[str]) -> dict[str, str]:
    fields = {}
    if not name.strip():
        fields["name"] = "Enter the person's name."
    if unknown := sorted(roles.difference(PEOPLE)):
        fields["roles"] = f"Not a role: {', '.join(unknown)}."
    if time_zone not in available_timezones():
        fields["time_zone"] = "Choose a time zone of the list, like America/Los_Angeles."
    return fields


def _rights(session: Writer, user: User) -> dict[str, object]:
    parks = session.scalars(sa.select(UserPark.park_id).where(UserPark.user_id == user.id))
    return {
        "name": user.name,
        "time_zone": user.time_zone,
        "roles": sorted(roles_of(session, user.id)),
        "parks": "all" if user.all_parks else sorted(parks),
    }


def _unseen(held: object, actor: Actor) -> set[int]:
    """The parks of a person that the actor does not see: they are not theirs to take."""
    return set() if actor.parks is None or not isinstance(held, list) else set(held) - actor.parks


def _set_roles(session: Writer, user: User, wanted: set[str], *, actor: Actor, at: datetime) -> None:
    held = roles_of(session, user.id)
    session.execute(sa.delete(UserRole).where(UserRole.user_id == user.id, UserRole.role.not_in(wanted)))
    session.add_all(
        UserRole(user_id=user.id, role=role, granted_by=actor.name, granted_at=at) for role in sorted(wanted - held)
    )


def _set_parks(session: Writer, user: User, wanted: set[int]) -> None:
    held = set(session.scalars(sa.select(UserPark.park_id).where(UserPark.user_id == user.id)))
    session.execute(sa.delete(UserPark).where(UserPark.user_id == user.id, UserPark.park_id.not_in(wanted)))
    session.add_all(UserPark(user_id=user.id, park_id=park_id) for park_id in sorted(wanted - held))
