"""Every read of the inbox."""

from __future__ import annotations

from core.inbox.queries.items import (
    VIEWS,
    Counts,
    ItemQuery,
    ItemRecord,
    StepRecord,
    count_items,
    count_waiting,
    get_item,
    list_items,
    list_own_reminders,
    list_steps,
)
from core.inbox.queries.people import Colleague, list_colleagues

__all__ = [
    "VIEWS",
    "Colleague",
    "Counts",
    "ItemQuery",
    "ItemRecord",
    "StepRecord",
    "count_items",
    "count_waiting",
    "get_item",
    "list_colleagues",
    "list_items",
    "list_own_reminders",
    "list_steps",
]
