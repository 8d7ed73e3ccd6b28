"""Alembic's entry: the connection is handed over by infra/migrate.py, which holds the lock."""

from __future__ import annotations

from alembic import context

import core.access.models
import core.audit
import core.audit_health
import core.audit_log
import core.consequences
import core.drivers.models
import core.events.models
import core.health
import core.idempotency
import core.identity.models
import core.inbox.models
import core.investors.models
import core.outbox
import core.telemetry.models
import core.vehicles.models
import core.webhooks.models  # noqa: F401
from core.db import Base

# Children of tables cut by day come and go; the queue's tables are Huey's own.
FOREIGN = ("huey_",)


def is_ours(thing: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    """Whether a table belongs to the models and is compared with them."""
    if kind != "table" or name is None:
        return True
    return not name.startswith(FOREIGN) and "_p2" not in name


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_object=is_ours,
    compare_type=True,
    compare_server_default=False,
)
with context.begin_transaction():
    context.run_migrations()
