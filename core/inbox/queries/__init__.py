"""Every read of the inbox."""

from __future__ import annotations

from core.inbox.queries.items import (
    SORTS,
    VIEWS,
    Counts,
    ItemQuery,
    ItemRecord,
    Sort,
    StepRecord,
    View,
    count_items,
    count_waiting,
    get_item,
    get_item_to_handle,
    list_items,
    list_own_reminders,
    list_steps,
)
from core.inbox.queries.people import Colleague, list_colleagues

__all__ = [
    "SORTS",
    "VIEWS",
    "Colleague",
    "Counts",
    "ItemQuery",
    "ItemRecord",
    "Sort",
    "StepRecord",
    "View",
    "count_items",
    "count_waiting",
    "get_item",
    "get_item_to_handle",
    "list_colleagues",
    "list_items",
    "list_own_reminders",
    "list_steps",
]
