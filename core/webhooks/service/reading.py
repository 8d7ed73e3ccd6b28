"""Facts into messages: for one endpoint, from its own place in the stream, each exactly once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import audit, outbox
from core.db import Writer
from core.identity import queries as identity
from core.outbox import Offset
from core.permissions import Actor, needs
from core.webhooks.models import Endpoint, Message, MessageState
from core.webhooks.queries.sight import Seen, cut, list_in_sight
from core.webhooks.rules.catalog import BATCH, MISSED, names_for, subject_of
from core.webhooks.service.order import let_first_go

MOST = 500
# An endpoint that takes nothing is told of no more than this: the rest waits in the stream, as long as facts are kept.
MOST_WAITING = 50_000
# A place that was right since then has lost nothing, were it left just before a midnight or by a clock that is wrong.
SURELY_KEPT = timedelta(days=outbox.CUT.kept_days) - timedelta(hours=12)


@needs("webhooks:deliver")
def read_facts(session: Writer, *, actor: Actor, at: datetime, endpoint_id: int) -> int:
    """Make messages of the next facts for one endpoint and move its place on; returns how many were made.

    Messages and place change in the same transaction. Somebody else at the same endpoint is let finish: 0 then.
    """
    query = sa.select(Endpoint).where(
        Endpoint.id == endpoint_id, Endpoint.disabled_at.is_(None), Endpoint.removed_at.is_(None)
    )
    endpoint = session.scalars(query.with_for_update(skip_locked=True)).one_or_none()
    if endpoint is None:
        return 0
    viewer = _viewer(session, endpoint, at=at)
    if viewer is None:
        endpoint.disabled_at, endpoint.disabled_why = at, "Its API client was closed."
        endpoint.version += 1
        audit.record(
            session, actor=actor, at=at, action="webhooks.endpoint_disabled", subject=("endpoint", endpoint_id)
        )
        return 0
    place, settled = _find_place(session, endpoint, at=at)
    if _is_full(session, endpoint_id):
        return 0
    facts = outbox.read_since(session.connection(), place, names=names_for(endpoint.facts), most=MOST)
    seen = list_in_sight(session.connection(), viewer=viewer, facts=facts, beyond_vehicles=True)
    made = [message for each in seen for message in _messages(each)]
    _add(session, endpoint_id, made, at=at)
    last = facts[-1].offset if facts else place
    # The settled place was taken before: all up to it is either among these facts or not told here.
    endpoint.read_txid, endpoint.read_id = last if len(facts) == MOST else max(last, settled, place)
    endpoint.read_at = at
    return len(made)


def _viewer(session: Writer, endpoint: Endpoint, *, at: datetime) -> Actor | None:
    """Who an endpoint is told as, or None when that client is closed."""
    parks = None if endpoint.park_ids is None else frozenset(endpoint.park_ids)
    rights = frozenset(endpoint.rights)
    if endpoint.client_id is not None:
        client = identity.find_client(session.connection(), client_id=endpoint.client_id, at=at)
        if client is None:
            return None
        rights = client.scopes
        if client.park_ids is not None:
            parks = client.park_ids if parks is None else parks & client.park_ids
    return Actor("client", None, f"endpoint {endpoint.id}", grants=rights, parks=parks)


def _find_place(session: Writer, endpoint: Endpoint, *, at: datetime) -> tuple[Offset, Offset]:
    """From where to read, and up to where all is settled. Facts that are gone by now are told of by a message."""
    epoch, settled = outbox.head(session.connection())
    place = Offset(endpoint.read_txid, endpoint.read_id)
    if endpoint.read_epoch != epoch:
        # Another database, whose transactions are counted from its own beginning.
        why, place = (
            "The database was restored; what was told after the copy was made may never have happened.",
            settled,
        )
    elif endpoint.read_at < at - SURELY_KEPT and outbox.is_forgotten(session.connection(), place):
        why, place = "Facts were dropped before they could be told.", Offset(0, 0)
    else:
        return place, settled
    since = endpoint.read_at.isoformat()
    data = {"since": since, "until": at.isoformat(), "why": f"{why} Read the records anew."}
    message = {"name": MISSED, "subject": MISSED, "body": _body(MISSED, at, data)}
    _add(session, endpoint.id, [message], at=at)
    endpoint.read_epoch, endpoint.missed_at = epoch, at
    endpoint.version += 1
    return place, settled


def _messages(seen: Seen) -> Iterable[dict[str, Any]]:
    """The messages of one fact: one for each vehicle, so that those of each vehicle come in order; a batch whole."""
    fact = seen.fact
    fact_place = {"fact_txid": fact.offset.txid, "fact_id": fact.offset.fact_id, "name": fact.name}
    if fact.name == BATCH:
        yield {**fact_place, "subject": BATCH, "body": _body(fact.name, fact.at, seen.ids)}
    elif seen.vehicle_ids is None:
        subject = subject_of(seen.ids, name=fact.name)
        yield {**fact_place, "subject": subject, "body": _body(fact.name, fact.at, seen.ids)}
    else:
        for vehicle_id in seen.vehicle_ids:
            ids = cut(seen.ids, {vehicle_id})
            yield {**fact_place, "subject": f"vehicle:{vehicle_id}", "body": _body(fact.name, fact.at, ids)}


def _body(name: str, at: datetime, data: Any) -> dict[str, Any]:
    return {"type": name, "timestamp": at.isoformat().replace("+00:00", "Z"), "data": data}


def _add(session: Writer, endpoint_id: int, messages: list[dict[str, Any]], *, at: datetime) -> None:
    if messages:
        session.execute(
            sa.insert(Message), [{**each, "endpoint_id": endpoint_id, "created_at": at} for each in messages]
        )
        let_first_go(session, endpoint_id=endpoint_id, subjects=(each["subject"] for each in messages), at=at)


def _is_full(session: Writer, endpoint_id: int) -> bool:
    waiting = (
        sa.select(Message.id)
        .where(Message.endpoint_id == endpoint_id, Message.state == MessageState.WAITING)
        .limit(MOST_WAITING)
        .subquery()
    )
    return session.execute(sa.select(sa.func.count()).select_from(waiting)).scalar_one() >= MOST_WAITING
