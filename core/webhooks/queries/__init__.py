"""Every read about webhooks, and the rule of what an integrator may know of a fact."""

from __future__ import annotations

from core.webhooks.queries.endpoints import EndpointRecord, get_endpoint, list_endpoints
from core.webhooks.queries.messages import (
    MessageRecord,
    get_message,
    list_attempts,
    list_messages,
)
from core.webhooks.queries.sight import Seen, list_in_sight
from core.webhooks.queries.standing import Standing, check
from core.webhooks.queries.work import list_due, list_to_read

__all__ = [
    "EndpointRecord",
    "MessageRecord",
    "Seen",
    "Standing",
    "check",
    "get_endpoint",
    "get_message",
    "list_attempts",
    "list_due",
    "list_endpoints",
    "list_in_sight",
    "list_messages",
    "list_to_read",
]
