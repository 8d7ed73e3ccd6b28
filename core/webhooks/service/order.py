"""What keeps messages in order: one transaction at a time for each endpoint, one first message for each subject."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from core.db import Writer
from core.errors import NotFound
from core.permissions import Actor
from core.webhooks.models import Endpoint
from core.webhooks.rules.access import may_see

_LET_FIRST_GO = sa.text("""
    UPDATE webhooks_messages m SET next_at = :at
    FROM unnest(CAST(:subjects AS text[])) AS s (subject),
    LATERAL (
        SELECT w.id FROM webhooks_messages w
        WHERE w.endpoint_id = :endpoint_id AND w.subject = s.subject AND w.state = 'waiting' ORDER BY w.id LIMIT 1
    ) AS first
    WHERE m.id = first.id AND m.next_at IS NULL
""")
# One that is being sent keeps its place: it is finished before an earlier one, put back by hand, is begun.
_HOLD_LATER = sa.text("""
    UPDATE webhooks_messages m SET next_at = NULL
    FROM unnest(CAST(:subjects AS text[])) AS s (subject)
    WHERE m.endpoint_id = :endpoint_id AND m.subject = s.subject AND m.state = 'waiting' AND m.next_at IS NOT NULL
      AND (m.claimed_until IS NULL OR m.claimed_until <= :at)
      AND EXISTS (
          SELECT FROM webhooks_messages w
          WHERE w.endpoint_id = m.endpoint_id AND w.subject = m.subject AND w.state = 'waiting' AND w.id < m.id
      )
""")


def lock_endpoint(session: Writer, *, endpoint_id: int) -> Endpoint | None:
    """The endpoint, its row locked: whoever makes, claims or finishes messages of it does so one after the other."""
    endpoint = session.get(Endpoint, endpoint_id, with_for_update=True)
    return None if endpoint is None or endpoint.removed_at is not None else endpoint


def lock_seen_endpoint(session: Writer, *, viewer: Actor, endpoint_id: int) -> Endpoint:
    """The endpoint in the viewer's sight, its row locked. Raises NotFound."""
    endpoint = lock_endpoint(session, endpoint_id=endpoint_id)
    if endpoint is None or not may_see(
        viewer, "webhooks:manage", client_id=endpoint.client_id, park_ids=endpoint.park_ids
    ):
        raise NotFound(f"There is no endpoint {endpoint_id}.")
    return endpoint


def settle(session: Writer, *, endpoint_id: int, subjects: Iterable[str], at: datetime) -> None:
    """Let the first waiting message of each subject go, and hold those after it. The endpoint is locked."""
    wanted = sorted(set(subjects))
    session.execute(_HOLD_LATER, {"endpoint_id": endpoint_id, "subjects": wanted, "at": at})
    let_first_go(session, endpoint_id=endpoint_id, subjects=wanted, at=at)


def let_first_go(session: Writer, *, endpoint_id: int, subjects: Iterable[str], at: datetime) -> None:
    """Let the first waiting message of each subject go. The endpoint is locked."""
    session.execute(_LET_FIRST_GO, {"endpoint_id": endpoint_id, "subjects": sorted(set(subjects)), "at": at})
