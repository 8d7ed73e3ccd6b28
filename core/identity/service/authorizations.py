"""The verbs by which a person lets an app act for them, and takes it back."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from core import audit
from core.db import Writer
from core.errors import NotFound, Unauthenticated
from core.identity import passwords
from core.identity.models import ApiClient, Authorization, AuthorizationCode, Consent, LoginSession, User
from core.identity.service.families import end_families
from core.identity.tokens.lifetimes import CODE_LIFETIME
from core.permissions import Actor, needs


@dataclass(frozen=True, slots=True)
class Asked:
    """What an app asked for, to be shown again when its code is exchanged (RFC 6749, RFC 7636, OpenID Connect)."""

    scopes: frozenset[str]
    redirect_uri: str
    challenge: str
    nonce: str | None


@needs("identity:manage_own")
def give_consent(session: Writer, *, actor: Actor, at: datetime, client_id: str, scopes: Collection[str]) -> None:
    """Remember that a person let an app do this, beside what they let it do before."""
    assert actor.id is not None
    key = {"user_id": actor.id, "client_id": _number(session, client_id)}
    before = session.get(Consent, (key["user_id"], key["client_id"]), with_for_update=True)
    together = sorted({*scopes, *(before.scopes if before else ())})
    insert = postgresql.insert(Consent).values(**key, scopes=together, given_at=at)
    session.execute(
        insert.on_conflict_do_update(
            index_elements=list(key), set_={"scopes": insert.excluded.scopes, "given_at": insert.excluded.given_at}
        )
    )
    audit.record(
        session, actor=actor, at=at, action="identity.app_allowed", subject=("client", client_id), scopes=sorted(scopes)
    )


@needs("identity:manage_own")
def authorize_app(session: Writer, *, actor: Actor, at: datetime, client_id: str, asked: Asked, session_id: int) -> str:
    """Begin a family of tokens of a person for an app; returns the code that the app exchanges for the first ones.

    `session_id` is the session in which the person let it; when they last proved who they are in it is the family's
    `auth_time`. Raises Unauthenticated when that session ended, as by a reset or a closing in this very moment.
    """
    auth_time = _hold_session(session, user_id=actor.id, session_id=session_id)
    made = Authorization(
        id=uuid.uuid4(),
        client_id=_number(session, client_id),
        user_id=actor.id,
        scopes=sorted(asked.scopes),
        auth_time=auth_time,
        created_at=at,
        last_used_at=at,
    )
    session.add(made)
    session.flush()
    code = secrets.token_urlsafe(32)
    session.add(
        AuthorizationCode(
            code_hash=passwords.hash_secret(code),
            authorization_id=made.id,
            redirect_uri=asked.redirect_uri,
            challenge=asked.challenge,
            nonce=asked.nonce,
            created_at=at,
            expires_at=at + CODE_LIFETIME,
        )
    )
    return code


@needs("identity:manage_own")
def withdraw_app(session: Writer, *, actor: Actor, at: datetime, client_id: str) -> None:
    """Take back whatever a person let an app do. Its tokens end within seconds; it must ask again."""
    number = _number(session, client_id)
    consent = sa.delete(Consent).where(Consent.user_id == actor.id, Consent.client_id == number)
    session.execute(consent)
    assert actor.id is not None
    end_families(session, at=at, why="taken back by the person", user_id=actor.id, client_id=number)
    audit.record(session, actor=actor, at=at, action="identity.app_withdrawn", subject=("client", client_id))


def _hold_session(session: Writer, *, user_id: int | None, session_id: int) -> datetime:
    """When a person last proved who they are in a living session. Holds the person's row: whoever ends all that apps
    have of them did it before, and with it ended the session, or waits until there is one more to end.
    """
    session.execute(sa.select(User.id).where(User.id == user_id).with_for_update(read=True))
    living = sa.select(LoginSession.confirmed_at).where(
        LoginSession.id == session_id, LoginSession.user_id == user_id, LoginSession.ended_at.is_(None)
    )
    confirmed_at = session.scalars(living).one_or_none()
    if confirmed_at is None:
        raise Unauthenticated("Your session has ended. Sign in again to let the app in.")
    return confirmed_at


def _number(session: Writer, client_id: str) -> int:
    number = session.scalars(sa.select(ApiClient.id).where(ApiClient.client_id == client_id)).one_or_none()
    if number is None:
        raise NotFound(f"There is no app {client_id}.")
    return number
