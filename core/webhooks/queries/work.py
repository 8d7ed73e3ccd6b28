"""What there is to do for the one who delivers."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from core.db import Reader
from core.webhooks.rules.catalog import BATCH

# The place of an endpoint that is told of nothing moves on this often, lest the facts in between are searched again.
MOVE_AFTER = timedelta(seconds=5)

_TO_READ = sa.text("""
    SELECT e.id FROM webhooks_endpoints e
    WHERE e.disabled_at IS NULL AND e.removed_at IS NULL AND (
        e.read_at < :moved_before
        OR EXISTS (
            SELECT FROM outbox_facts f
            WHERE (f.txid, f.id) > (e.read_txid, e.read_id)
              AND f.txid < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint
              AND CASE WHEN e.facts IS NULL THEN f.name <> :batch ELSE f.name = ANY(e.facts) END
        )
    )
    ORDER BY e.read_at
""")

_DUE = sa.text("""
    SELECT DISTINCT m.endpoint_id FROM webhooks_messages m JOIN webhooks_endpoints e ON e.id = m.endpoint_id
    WHERE m.state = 'waiting' AND m.next_at <= :at AND (m.claimed_until IS NULL OR m.claimed_until <= :at)
      AND e.disabled_at IS NULL AND e.removed_at IS NULL AND (e.held_until IS NULL OR e.held_until <= :at)
""")


def list_to_read(reader: Reader, *, at: datetime) -> list[int]:
    """The endpoints for which there may be new facts, those not looked after for longest first."""
    rows = reader.execute(_TO_READ, {"moved_before": at - MOVE_AFTER, "batch": BATCH})
    return list(rows.scalars())


def list_due(reader: Reader, *, at: datetime) -> list[int]:
    """The endpoints that have a message to be sent now."""
    return list(reader.execute(_DUE, {"at": at}).scalars())
