"""The verbs about endpoints and their secrets."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import UNSET

from core import audit, outbox
from core.db import Writer
from core.errors import Conflict, Invalid, check_version
from core.permissions import Actor, needs
from core.vehicles import queries as vehicles
from core.webhooks.gateway import Address
from core.webhooks.models import Endpoint, EndpointSecret, Message, MessageState
from core.webhooks.rules.access import list_rights
from core.webhooks.rules.catalog import FACTS
from core.webhooks.rules.signing import OVERLAP, make_secret
from core.webhooks.schemas import EndpointChange, NewEndpoint
from core.webhooks.service.order import lock_seen_endpoint
from core.webhooks.service.secrets import seal

MOST_ENDPOINTS = 50
# Whoever has written an endpoint is shown it, whatever else they may read.
RECORDER = Actor("system", None, "webhooks", grants=frozenset({"webhooks:read"}), parks=None)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A signing secret just made, shown once; `previous_until` is when the one before stops signing along."""

    endpoint_id: int
    secret: str
    previous_until: datetime | None = None


@needs("webhooks:manage")
def add_endpoint(
    session: Writer, *, actor: Actor, at: datetime, new: NewEndpoint, address: Address, sealing_key: bytes
) -> NewSecret:
    """Add an endpoint, which is told what happens from now on. Raises Invalid with the field, Conflict when full."""
    park_ids = _checked_parks(session, actor, new.park_ids)
    _check_facts(new.facts)
    _refuse_too_many(session, actor)
    epoch, place = outbox.head(session.connection())
    endpoint = Endpoint(
        url=address.url,
        description=new.description,
        facts=new.facts,
        park_ids=park_ids,
        client_id=actor.client_id if actor.kind == "client" else None,
        rights=list_rights(actor, park_ids=park_ids),
        created_by=actor.name,
        created_at=at,
        read_epoch=epoch,
        read_txid=place.txid,
        read_id=place.fact_id,
        read_at=at,
    )
    session.add(endpoint)
    session.flush()
    secret = _add_secret(session, endpoint.id, at=at, sealing_key=sealing_key)
    _record(session, actor, at, "endpoint_added", endpoint, url=address.url, facts=new.facts, park_ids=park_ids)
    return NewSecret(endpoint.id, secret)


@needs("webhooks:manage")
def change_endpoint(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    endpoint_id: int,
    change: EndpointChange,
    address: Address | None,
    versions: Collection[int] | None = None,
) -> None:
    """Change what is given; `address` is the checked one when `change` has a `url`. Raises Invalid with the field.

    With `versions` only if it still has one of them; else PreconditionFailed. Where an API client's endpoint goes and
    what it is told is changed by that client alone (else Conflict). Another's is told from then on what both it was
    told before and the actor may read.
    """
    endpoint = lock_seen_endpoint(session, viewer=actor, endpoint_id=endpoint_id)
    check_version(endpoint.version, versions)
    # All that may be refused is asked before anything is written: an edge may show a refusal and commit.
    aim = _checked_aim(session, actor, endpoint, change, address)
    changed = {name: value for name, value in aim.items() if value != getattr(endpoint, name)}
    if "url" in changed:
        # What failed at the old address says nothing about the new one.
        endpoint.failing_since = endpoint.held_until = None
    if changed and endpoint.client_id is None:
        held = set(list_rights(actor, park_ids=aim["park_ids"]))
        endpoint.rights = sorted(held.intersection(endpoint.rights))
    if change.description is not UNSET and change.description != endpoint.description:
        changed["description"] = change.description
    for name, value in changed.items():
        setattr(endpoint, name, value)
    if changed:
        endpoint.version += 1
        _record(session, actor, at, "endpoint_changed", endpoint, **changed)
    if change.disabled is True and endpoint.disabled_at is None:
        _disable(session, actor, at, endpoint)
    elif change.disabled is False and endpoint.disabled_at is not None:
        _enable(session, actor, at, endpoint)


@needs("webhooks:manage")
def disable_endpoint(session: Writer, *, actor: Actor, at: datetime, endpoint_id: int) -> None:
    """Send nothing more until it is enabled; what happens meanwhile waits as long as facts are kept."""
    endpoint = lock_seen_endpoint(session, viewer=actor, endpoint_id=endpoint_id)
    if endpoint.disabled_at is not None:
        raise Conflict(f"Endpoint {endpoint_id} is disabled already.")
    _disable(session, actor, at, endpoint)


@needs("webhooks:manage")
def enable_endpoint(session: Writer, *, actor: Actor, at: datetime, endpoint_id: int) -> None:
    """Send again, from where it was disabled; the tries of what waits begin anew."""
    endpoint = lock_seen_endpoint(session, viewer=actor, endpoint_id=endpoint_id)
    if endpoint.disabled_at is None:
        raise Conflict(f"Endpoint {endpoint_id} is not disabled.")
    _enable(session, actor, at, endpoint)


@needs("webhooks:manage")
def remove_endpoint(
    session: Writer, *, actor: Actor, at: datetime, endpoint_id: int, versions: Collection[int] | None = None
) -> None:
    """Send nothing more, ever. The secrets are forgotten; the endpoint is not shown any more.

    With `versions` only if it still has one of them; else PreconditionFailed.
    """
    endpoint = lock_seen_endpoint(session, viewer=actor, endpoint_id=endpoint_id)
    check_version(endpoint.version, versions)
    endpoint.removed_at = at
    endpoint.version += 1
    session.execute(sa.delete(EndpointSecret).where(EndpointSecret.endpoint_id == endpoint_id))
    _record(session, actor, at, "endpoint_removed", endpoint, url=endpoint.url)


@needs("webhooks:manage")
def rotate_secret(
    session: Writer, *, actor: Actor, at: datetime, endpoint_id: int, end_previous_now: bool, sealing_key: bytes
) -> NewSecret:
    """Make a new signing secret. The one before signs along for a day, unless it is ended at once."""
    endpoint = lock_seen_endpoint(session, viewer=actor, endpoint_id=endpoint_id)
    until = at if end_previous_now else at + OVERLAP
    before = EndpointSecret.endpoint_id == endpoint_id
    # Of several turns within a day only the last before goes on; one that ends sooner still ends then.
    session.execute(
        sa.update(EndpointSecret)
        .where(before, sa.or_(EndpointSecret.expires_at.is_(None), EndpointSecret.expires_at > until))
        .values(expires_at=until)
    )
    session.execute(sa.delete(EndpointSecret).where(before, EndpointSecret.expires_at <= at))
    secret = _add_secret(session, endpoint_id, at=at, sealing_key=sealing_key)
    _record(session, actor, at, "secret_rotated", endpoint, previous_until=until.isoformat())
    return NewSecret(endpoint_id, secret, until)


def _checked_aim(
    session: Writer, actor: Actor, endpoint: Endpoint, change: EndpointChange, address: Address | None
) -> dict[str, Any]:
    """Where it is to go and what it is to be told of. Raises Invalid, and Conflict when that is a client's alone."""
    aim = {"url": endpoint.url, "facts": endpoint.facts, "park_ids": endpoint.park_ids}
    now = dict(aim)
    if address is not None:
        aim["url"] = address.url
    if change.facts is not UNSET:
        _check_facts(change.facts)
        aim["facts"] = change.facts
    if change.park_ids is not UNSET:
        aim["park_ids"] = _checked_parks(session, actor, change.park_ids)
    if aim != now and endpoint.client_id is not None and actor.kind != "client":
        raise Conflict(
            f"Endpoint {endpoint.id} belongs to the API client {endpoint.client_id}, which alone changes its address,"
            " facts and parks. Change it with that client, or remove it and add your own."
        )
    return aim


def _add_secret(session: Writer, endpoint_id: int, *, at: datetime, sealing_key: bytes) -> str:
    secret = make_secret()
    sealed = seal(sealing_key, secret, endpoint_id=endpoint_id)
    session.add(EndpointSecret(endpoint_id=endpoint_id, sealed=sealed, created_at=at))
    return secret


def _disable(session: Writer, actor: Actor, at: datetime, endpoint: Endpoint) -> None:
    endpoint.disabled_at, endpoint.disabled_by, endpoint.disabled_why = at, actor.name, f"Disabled by {actor.name}."
    endpoint.version += 1
    _record(session, actor, at, "endpoint_disabled", endpoint)


def _enable(session: Writer, actor: Actor, at: datetime, endpoint: Endpoint) -> None:
    endpoint.disabled_at = endpoint.disabled_by = endpoint.disabled_why = None
    endpoint.failing_since = endpoint.held_until = None
    endpoint.version += 1
    waiting = (Message.endpoint_id == endpoint.id, Message.state == MessageState.WAITING)
    session.execute(sa.update(Message).where(*waiting, Message.next_at.is_not(None)).values(next_at=at))
    session.execute(sa.update(Message).where(*waiting, Message.first_try_at.is_not(None)).values(first_try_at=None))
    _record(session, actor, at, "endpoint_enabled", endpoint)


def _record(session: Writer, actor: Actor, at: datetime, action: str, endpoint: Endpoint, **detail: object) -> None:
    audit.record(session, actor=actor, at=at, action=f"webhooks.{action}", subject=("endpoint", endpoint.id), **detail)


def _check_facts(facts: Iterable[str] | None) -> None:
    unknown = sorted(set(facts or ()) - FACTS.keys())
    if unknown:
        raise Invalid(
            f"facts: there is no fact called {', '.join(unknown)}.",
            fields={"facts": f"No such fact: {', '.join(unknown)}. Known are {', '.join(sorted(FACTS))}."},
        )


def _checked_parks(session: Writer, actor: Actor, park_ids: Iterable[int] | None) -> list[int] | None:
    """The parks an endpoint is told of, none beyond the actor's. A person with some parks gives at most those."""
    if park_ids is None:
        parks = actor.reach("webhooks:manage").parks
        return None if actor.kind == "client" or parks is None else sorted(parks)
    wanted = set(park_ids)
    known = {park["id"] for park in vehicles.list_parks(session.connection(), viewer=_parks_of(actor))}
    if not wanted <= known:
        missing = ", ".join(map(str, sorted(wanted - known)))
        raise Invalid(f"park_ids: there is no park {missing}.", fields={"park_ids": f"No such park: {missing}."})
    return sorted(wanted)


def _parks_of(actor: Actor) -> Actor:
    """Somebody who may read the names of the parks that the actor's right reaches, whatever else the actor may."""
    return Actor(
        "system", None, actor.name, grants=frozenset({"vehicles:read"}), parks=actor.reach("webhooks:manage").parks
    )


def _refuse_too_many(session: Writer, actor: Actor) -> None:
    own = sa.select(sa.func.count()).select_from(Endpoint).where(Endpoint.removed_at.is_(None))
    if actor.kind == "client":
        own = own.where(Endpoint.client_id == actor.client_id)
    if session.execute(own).scalar_one() >= MOST_ENDPOINTS:
        raise Conflict(f"There are {MOST_ENDPOINTS} endpoints already. Remove one that is no longer used first.")
