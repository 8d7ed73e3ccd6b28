"""The verbs about grants: one permission more for one person, everywhere in sight, in one park or for one vehicle."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import Conflict, Invalid, NotFound
from core.identity.models import UserGrant
from core.identity.service.persons import check_parks, lock_user
from core.identity.service.revocations import revoke_user
from core.permissions import GRANTABLE, Actor, needs


@needs("identity:manage")
def give_grant(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    user_id: int,
    permission: str,
    park_id: int | None = None,
    vehicle_id: int | None = None,
    expires_at: datetime | None = None,
) -> int:
    """Grant a person one permission; returns the grant's id. Without park and vehicle it reaches as far as they see.

    `park_id` and `vehicle_id` are ids that the caller has found in the actor's sight. Raises Invalid with the field,
    Conflict when the person has this grant already.
    """
    fields = check_parks(actor, {park_id}) if park_id is not None else {}
    if permission not in GRANTABLE:
        fields["permission"] = "Choose a right of the list."
    if park_id is not None and vehicle_id is not None:
        fields["vehicle"] = "A grant reaches one park or one vehicle. Choose one of them."
    if expires_at is not None and expires_at <= at:
        fields["expires_at"] = "Enter a moment to come, or leave it empty."
    if fields:
        raise Invalid("The right was not granted.", fields=fields)
    user = lock_user(session, user_id)
    if _has(session, user_id, permission, park_id, vehicle_id, at):
        raise Conflict("They have this right already. Take it first to change until when.")
    grant = UserGrant(
        user_id=user_id,
        permission=permission,
        park_id=park_id,
        vehicle_id=vehicle_id,
        expires_at=expires_at,
        granted_by=actor.name,
        granted_at=at,
    )
    session.add(grant)
    session.flush()
    revoke_user(session, at=at, user_id=user.id)
    audit.record(
        session,
        actor=actor,
        at=at,
        action="identity.grant_given",
        subject=("user", user_id),
        **_told(grant),
    )
    return grant.id


@needs("identity:manage")
def take_grant(session: Writer, *, actor: Actor, at: datetime, user_id: int, grant_id: int) -> None:
    """Take a grant from a person. Raises NotFound when they do not have it."""
    user = lock_user(session, user_id)
    grant = session.get(UserGrant, grant_id)
    if grant is None or grant.user_id != user_id:
        raise NotFound("They do not have this right any more. Load the page again.")
    told = _told(grant)
    session.delete(grant)
    session.flush()
    revoke_user(session, at=at, user_id=user.id)
    audit.record(session, actor=actor, at=at, action="identity.grant_taken", subject=("user", user_id), **told)


def _has(
    session: Writer, user_id: int, permission: str, park_id: int | None, vehicle_id: int | None, at: datetime
) -> bool:
    """Whether there is such a grant in force. One that ran out makes room for the new one."""
    same = (
        UserGrant.user_id == user_id,
        UserGrant.permission == permission,
        UserGrant.park_id.is_not_distinct_from(park_id),
        UserGrant.vehicle_id.is_not_distinct_from(vehicle_id),
    )
    session.execute(sa.delete(UserGrant).where(*same, UserGrant.expires_at <= at))
    return bool(session.scalar(sa.select(sa.exists().where(*same))))


def _told(grant: UserGrant) -> dict[str, object]:
    return {
        "permission": grant.permission,
        "park_id": grant.park_id,
        "vehicle_id": grant.vehicle_id,
        "expires_at": grant.expires_at,
    }
