"""The verbs about API clients."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core import audit
from core.db import Writer
from core.errors import Invalid
from core.identity import passwords
from core.identity.models import ApiClient
from core.permissions import GRANTABLE, Actor, needs


@dataclass(frozen=True, slots=True)
class NewClient:
    """An API client just made. The secret is shown once and kept nowhere."""

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
) -> NewClient:
    """Make an API client; `park_ids=None` means every park."""
    scopes = sorted(set(scopes))
    unknown = [scope for scope in scopes if scope not in GRANTABLE]
    if unknown:
        raise Invalid("Unknown scope.", fields={"scopes": f"Not a scope: {', '.join(unknown)}."})
    made = NewClient(client_id=f"erp-{secrets.token_hex(8)}", client_secret=secrets.token_urlsafe(32))
    session.add(
        ApiClient(
            client_id=made.client_id,
            secret_hash=passwords.hash_secret(made.client_secret),
            name=name,
            scopes=scopes,
            park_ids=None if park_ids is None else list(park_ids),
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
    )
    return made
