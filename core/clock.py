"""The clock. Read only at the edges (a request, a job, a device frame); everything inside takes `at`."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, timezone-aware, in UTC."""
    return datetime.now(UTC)
