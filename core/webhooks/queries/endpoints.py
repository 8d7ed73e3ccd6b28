"""Reads about endpoints: whose they are, and how well they take what they are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.db import Reader
from core.errors import NotFound
from core.identity.models import ApiClient
from core.permissions import Actor
from core.webhooks.models import Endpoint, EndpointSecret, Message, MessageState
from core.webhooks.rules.access import may_see


@dataclass(frozen=True, slots=True)
class EndpointRecord:
    """An endpoint as the API and the pages show it. It never carries a secret, only how many sign.

    `waiting` and `dead` count its messages, `waiting_since` is when the oldest waiting one was made.
    """

    id: int
    url: str
    description: str
    facts: list[str] | None
    park_ids: list[int] | None
    client_id: str | None
    client: str | None
    created_by: str
    created_at: datetime
    version: int
    last_success_at: datetime | None
    failing_since: datetime | None
    held_until: datetime | None
    missed_at: datetime | None
    disabled_at: datetime | None
    disabled_by: str | None
    disabled_why: str | None
    secrets: int
    waiting: int
    waiting_since: datetime | None
    dead: int

    @property
    def state(self) -> str:
        """`disabled`, `failing` (nothing was taken since `failing_since`) or `open`."""
        if self.disabled_at is not None:
            return "disabled"
        return "open" if self.failing_since is None else "failing"


def _count(state: MessageState) -> sa.ScalarSelect[int]:
    own = sa.select(sa.func.count()).select_from(Message)
    return own.where(Message.endpoint_id == Endpoint.id, Message.state == state).scalar_subquery()


_WAITING_SINCE = (
    sa.select(sa.func.min(Message.created_at))
    .where(Message.endpoint_id == Endpoint.id, Message.state == MessageState.WAITING)
    .scalar_subquery()
)


def _record(at: datetime) -> sa.Select[*tuple[Any, ...]]:
    live = sa.or_(EndpointSecret.expires_at.is_(None), EndpointSecret.expires_at > at)
    secrets = sa.select(sa.func.count()).select_from(EndpointSecret)
    return (
        sa.select(
            Endpoint.id,
            Endpoint.url,
            Endpoint.description,
            Endpoint.facts,
            Endpoint.park_ids,
            Endpoint.client_id,
            ApiClient.name.label("client"),
            Endpoint.created_by,
            Endpoint.created_at,
            Endpoint.version,
            Endpoint.last_success_at,
            Endpoint.failing_since,
            Endpoint.held_until,
            Endpoint.missed_at,
            Endpoint.disabled_at,
            Endpoint.disabled_by,
            Endpoint.disabled_why,
            secrets.where(EndpointSecret.endpoint_id == Endpoint.id, live).scalar_subquery().label("secrets"),
            _count(MessageState.WAITING).label("waiting"),
            _WAITING_SINCE.label("waiting_since"),
            _count(MessageState.DEAD).label("dead"),
        )
        .outerjoin(ApiClient, ApiClient.client_id == Endpoint.client_id)
        .where(Endpoint.removed_at.is_(None))
        .order_by(Endpoint.id)
    )


def list_endpoints(
    reader: Reader, *, viewer: Actor, at: datetime, after_id: int = 0, most: int | None = None
) -> list[EndpointRecord]:
    """The endpoints in the viewer's sight, by id. Needs webhooks:read. An API client sees its own alone."""
    viewer.require("webhooks:read")
    query = _record(at).where(Endpoint.id > after_id)
    if viewer.kind == "client":
        query = query.where(Endpoint.client_id == viewer.client_id)
    elif (parks := viewer.reach("webhooks:read").parks) is not None:
        query = query.where(Endpoint.park_ids.contained_by(sorted(parks)))
    if most is not None:
        query = query.limit(most)
    return [EndpointRecord(*tuple(row)) for row in reader.execute(query)]


def get_endpoint(reader: Reader, *, viewer: Actor, at: datetime, endpoint_id: int) -> EndpointRecord:
    """One endpoint. Needs webhooks:read. Raises NotFound, also when it is another's."""
    viewer.require("webhooks:read")
    row = reader.execute(_record(at).where(Endpoint.id == endpoint_id)).one_or_none()
    if row is None or not may_see(viewer, "webhooks:read", client_id=row.client_id, park_ids=row.park_ids):
        raise NotFound(f"There is no endpoint {endpoint_id}.")
    return EndpointRecord(*tuple(row))
