"""How webhooks stand as a whole, for whoever watches over the product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.db import Reader

# A message that was due this long ago and was not even tried says that nobody delivers.
LATE_AFTER = timedelta(seconds=60)

_STANDING = sa.text("""
    SELECT
        (SELECT min(m.next_at) FROM webhooks_messages m JOIN webhooks_endpoints e ON e.id = m.endpoint_id
         WHERE m.state = 'waiting' AND m.next_at < :late AND e.disabled_at IS NULL AND e.removed_at IS NULL
           AND (e.held_until IS NULL OR e.held_until < :late)),
        count(*) FILTER (WHERE disabled_at IS NOT NULL AND disabled_by IS NULL),
        count(*) FILTER (WHERE disabled_at IS NULL AND failing_since IS NOT NULL)
    FROM webhooks_endpoints WHERE removed_at IS NULL
""")


@dataclass(frozen=True, slots=True)
class Standing:
    """Since when the longest overdue message is not even tried, and how many endpoints need somebody.

    `disabled` counts those that the product itself has disabled; `failing` those that take nothing now.
    """

    overdue_since: datetime | None
    disabled: int
    failing: int


def check(reader: Reader, *, at: datetime) -> Standing:
    """How webhooks stand. Open to everybody: it names no record."""
    return Standing(*reader.execute(_STANDING, {"late": at - LATE_AFTER}).one())
