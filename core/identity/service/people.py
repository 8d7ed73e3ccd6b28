"""The verbs about people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import Conflict, Invalid
from core.identity import passwords, rules
from core.identity.models import User, UserGrant, UserPark, UserRole
from core.permissions import GRANTABLE, ROLES, Actor, needs


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
