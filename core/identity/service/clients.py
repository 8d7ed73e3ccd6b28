"""The verbs about API clients: machines that act by themselves, and apps that act for people."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import Conflict, Invalid, NotFound
from core.identity import passwords, rules
from core.identity.models import ApiClient, ClientKind
from core.identity.service.families import end_families
from core.identity.service.revocations import revoke_client
from core.permissions import GRANTABLE, Actor, needs

# For how long the secret before is good beside a new one: a day to carry it everywhere.
SECRETS_OVERLAP = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class NewClient:
    """An API client just made, or one with a new secret. The secret is shown once and kept nowhere; a public app has
    none, which is the empty text.
    """

    client_id: str
    client_secret: str


@needs("identity:manage")
def create_client(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    name: str,
    scopes: Iterable[str],
    park_ids: Iterable[int] | None = None,
    redirect_uris: Sequence[str] = (),
    is_public: bool = False,
) -> NewClient:
    """Make an API client; `park_ids=None` means every park. One with redirect addresses is an app, which acts for
    people: public when it cannot keep a secret, as on a phone or in a browser (RFC 6749 section 2.1).
    """
    scopes = sorted(set(scopes))
    _check(name=name, scopes=scopes, redirect_uris=redirect_uris)
    is_app = bool(redirect_uris)
    secret = "" if is_app and is_public else secrets.token_urlsafe(32)
    made = NewClient(client_id=f"erp-{secrets.token_hex(8)}", client_secret=secret)
    session.add(
        ApiClient(
            client_id=made.client_id,
            kind=ClientKind.APP if is_app else ClientKind.MACHINE,
            secret_hash=passwords.hash_secret(secret) if secret else None,
            name=name,
            scopes=scopes,
            park_ids=None if park_ids is None else sorted(park_ids),
            redirect_uris=list(redirect_uris),
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
        redirect_uris=list(redirect_uris),
    )
    return made


@needs("identity:manage")
def change_client(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    client_id: str,
    name: str,
    scopes: Iterable[str],
    park_ids: Iterable[int] | None,
    redirect_uris: Sequence[str] = (),
) -> None:
    """Give a client another name, other rights, parks or addresses. Its access tokens end within seconds, and the
    next ones have what it may do now.
    """
    client = _lock(session, client_id)
    scopes, parks = sorted(set(scopes)), None if park_ids is None else sorted(park_ids)
    _check(name=name, scopes=scopes, redirect_uris=redirect_uris)
    if bool(redirect_uris) != (client.kind is ClientKind.APP):
        raise Invalid("The client was not changed.", fields={"redirect_uris": _ADDRESSES[client.kind]})
    before = {"scopes": client.scopes, "park_ids": client.park_ids, "redirect_uris": client.redirect_uris}
    client.name, client.scopes, client.park_ids, client.redirect_uris = name, scopes, parks, list(redirect_uris)
    session.flush()
    revoke_client(session, at=at, client_id=client.id)
    after = {"name": name, "scopes": scopes, "park_ids": parks, "redirect_uris": list(redirect_uris)}
    _record(session, actor, at, "identity.client_changed", client, before=before, after=after)


@needs("identity:manage")
def rotate_client_secret(session: Writer, *, actor: Actor, at: datetime, client_id: str) -> NewClient:
    """Give a client a new secret. The one before is good for another day; older ones are not."""
    client = _lock(session, client_id)
    if client.secret_hash is None:
        raise Conflict(f"{client.name} is a public app and has no secret.")
    made = NewClient(client.client_id, secrets.token_urlsafe(32))
    client.previous_secret_hash, client.previous_secret_until = client.secret_hash, at + SECRETS_OVERLAP
    client.secret_hash = passwords.hash_secret(made.client_secret)
    _record(session, actor, at, "identity.client_secret_rotated", client)
    return made


@needs("identity:manage")
def close_client(session: Writer, *, actor: Actor, at: datetime, client_id: str) -> None:
    """Let a client in no more; its tokens end within seconds, those that people gave it for ever."""
    client = _lock(session, client_id)
    if client.disabled_at is not None:
        return
    client.disabled_at = at
    session.flush()
    end_families(session, at=at, why="the app was closed", client_id=client.id)
    revoke_client(session, at=at, client_id=client.id)
    _record(session, actor, at, "identity.client_closed", client)


@needs("identity:manage")
def reopen_client(session: Writer, *, actor: Actor, at: datetime, client_id: str) -> None:
    """Let a closed client in again. People who used an app sign in to it again."""
    client = _lock(session, client_id)
    if client.disabled_at is None:
        return
    client.disabled_at = None
    _record(session, actor, at, "identity.client_reopened", client)


def use_client(session: Writer, *, at: datetime, client_id: str) -> bool:
    """Note that a client that proved itself was here; False when it was closed meanwhile.

    Needs no right: it is how a client gets its own. The row is locked by it, so that no token is issued by rights
    that are being taken.
    """
    client = sa.update(ApiClient).where(ApiClient.client_id == client_id, ApiClient.disabled_at.is_(None))
    return session.execute(client.values(last_used_at=at).returning(ApiClient.id)).one_or_none() is not None


_ADDRESSES = {
    ClientKind.APP: "Enter at least one address: without one nobody can sign in to the app.",
    ClientKind.MACHINE: "A machine has no address of this kind: nobody signs in to it.",
}


def _check(*, name: str, scopes: Sequence[str], redirect_uris: Sequence[str]) -> None:
    fields = {}
    if not name.strip():
        fields["name"] = "Enter what this client is, like “Dispatch system”."
    if unknown := [scope for scope in scopes if scope not in GRANTABLE]:
        fields["scopes"] = f"Not a scope: {', '.join(unknown)}."
    problems = [problem for uri in redirect_uris if (problem := rules.redirect_uri_problem(uri))]
    if problems:
        fields["redirect_uris"] = " ".join(problems)
    if fields:
        raise Invalid("The client was not kept.", fields=fields)


def _lock(session: Writer, client_id: str) -> ApiClient:
    client = session.scalars(
        sa.select(ApiClient).where(ApiClient.client_id == client_id).with_for_update(key_share=True)
    ).one_or_none()
    if client is None:
        raise NotFound(f"There is no API client {client_id}.")
    return client


def _record(session: Writer, actor: Actor, at: datetime, action: str, client: ApiClient, **detail: object) -> None:
    audit.record(session, actor=actor, at=at, action=action, subject=("client", client.client_id), **detail)
