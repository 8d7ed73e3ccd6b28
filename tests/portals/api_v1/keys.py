"""Keys for requests that must have one."""

from __future__ import annotations

import uuid


def new_key() -> dict[str, str]:
    """The header of a request that was never made before."""
    return {"Idempotency-Key": str(uuid.uuid4())}
