"""How often one may try from one place. Counted in a transaction of its own: what is tried next may be refused."""

from __future__ import annotations

from flask import request

from core.identity import rules, service
from core.identity.rules import Limit
from portals.doors import at, erp


def find_wait(limit: Limit, *, source: str | None = None) -> int | None:
    """Count one attempt, of whoever asks or at `source`; in how many seconds it may be tried again, None: now."""
    source = rules.source_of(request.remote_addr or "") if source is None else source
    with erp().database.transaction() as session:
        return service.count_attempt(
            session, at=at(), what=limit.what, source=source, most=limit.most, per_s=limit.per_s
        )


def words(wait_s: int) -> str:
    """What is said to a person who has to wait."""
    wait = f"{wait_s} seconds" if wait_s < 120 else f"{-(-wait_s // 60)} minutes"
    return f"Too many attempts came from your address. Try again in {wait}."
