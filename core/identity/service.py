"""Every write about people and API clients."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import Conflict, Invalid, Unauthenticated
from core.identity import passwords, rules
from core.identity.models import ApiClient, User, UserGrant, UserPark, UserRole
from core.permissions import GRANTABLE, ROLES, Actor, needs

WRONG = "That e-mail and password do not match. Check both, or ask an administrator for a new password."


@dataclass(frozen=True, slots=True)
class NewClient:
    """An API client just made. The secret is shown once and kept nowhere."""

    client_id: str
    client_secret: str


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
    """Make a person who can sign in; returns the id. `park_ids=None` means every park."""
    email = email.strip().lower()
    _check_new_user(session, email=email, name=name, password=password, roles=roles, grants=grants)
    user = User(
        email=email,
        name=name.strip(),
        password_hash=passwords.hash_password(password),
        session_key=secrets.token_urlsafe(16),
        time_zone=time_zone,
        all_parks=park_ids is None,
        created_at=at,
    )
    session.add(user)
    session.flush()
    by = actor.name
    session.add_all(UserRole(user_id=user.id, role=r, granted_by=by, granted_at=at) for r in roles)
    session.add_all(UserGrant(user_id=user.id, permission=g, granted_by=by, granted_at=at) for g in grants)
    session.add_all(UserPark(user_id=user.id, park_id=park_id) for park_id in park_ids or ())
    audit.record(
        session,
        actor=actor,
        at=at,
        action="identity.user_created",
        subject=("user", user.id),
        roles=sorted(roles),
        grants=sorted(grants),
    )
    return user.id


def sign_in(session: Writer, *, at: datetime, email: str, password: str) -> int | Unauthenticated:
    """The id of the person with this e-mail and password, or why not.

    Needs no right: it is how one gets them. The refusal is returned, not raised, because the count of
    failures must be kept: raising would roll it back. A row lock makes guesses in parallel count one by one.
    """
    user = session.scalars(sa.select(User).where(User.email == email.strip().lower()).with_for_update()).one_or_none()
    if user is not None and user.locked_until is not None and user.locked_until > at:
        wait_s = int((user.locked_until - at).total_seconds()) + 1
        return Unauthenticated(f"Too many wrong passwords. Try again in {wait_s} seconds.", retry_after_s=wait_s)
    if not passwords.is_password(password, user.password_hash if user else None) or user is None:
        if user is not None:
            user.failed_count += 1
            user.locked_until = rules.next_lockout(failed_count=user.failed_count, at=at)
        return Unauthenticated(WRONG)
    if user.disabled_at is not None:
        return Unauthenticated("This account is closed. An administrator can open it again.")
    user.failed_count, user.locked_until, user.last_sign_in_at = 0, None, at
    return user.id


@needs("identity:manage")
def create_client(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    name: str,
    scopes: Iterable[str],
    park_ids: Iterable[int] | None = None,
) -> NewClient:
    """Make an API client; `park_ids=None` means every park."""
    scopes = sorted(set(scopes))
    unknown = [scope for scope in scopes if scope not in GRANTABLE]
    if unknown:
        raise Invalid("Unknown scope.", fields={"scopes": f"Not a scope: {', '.join(unknown)}."})
    made = NewClient(client_id=f"erp-{secrets.token_hex(8)}", client_secret=secrets.token_urlsafe(32))
    session.add(
        ApiClient(
            client_id=made.client_id,
            secret_hash=passwords.hash_secret(made.client_secret),
            name=name,
            scopes=scopes,
            park_ids=None if park_ids is None else list(park_ids),
            created_at=at,
        )
    )
    audit.record(
        session,
        actor=actor,
        at=at,
        action="identity.client_created",
        subject=("client", made.client_id),
        scopes=scopes,
    )
    return made


def _check_new_user(
    session: Writer, *, email: str, name: str, password: str, roles: Iterable[str], grants: Iterable[str]
) -> None:
    fields = {}
    if "@" not in email[1:]:
        fields["email"] = "Enter an e-mail address, like name@company.com."
    if not name.strip():
        fields["name"] = "Enter the person's name."
    if problem := rules.password_problem(password, email=email):
        fields["password"] = problem
    if unknown := [role for role in roles if role not in ROLES]:
        fields["roles"] = f"Not a role: {', '.join(unknown)}."
    if unknown := [grant for grant in grants if grant not in GRANTABLE]:
        fields["grants"] = f"Not a right that can be granted: {', '.join(unknown)}."
    if fields:
        raise Invalid("The person was not added.", fields=fields)
    if session.execute(sa.select(sa.exists().where(User.email == email))).scalar():
        raise Conflict(f"{email} already has an account. Change that one instead.", email=email)
