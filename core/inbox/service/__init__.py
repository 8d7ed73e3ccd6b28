"""Every verb of the inbox."""

from __future__ import annotations

from core.inbox.service.following import MOST_CHANGES, ask_source, list_sources, take_facts
from core.inbox.service.handling import Handled, acknowledge_items, assign_items, close_items, snooze_items
from core.inbox.service.letters import write_letters
from core.inbox.service.waking import escalate_unanswered, wake_snoozed

__all__ = [
    "MOST_CHANGES",
    "Handled",
    "acknowledge_items",
    "ask_source",
    "assign_items",
    "close_items",
    "escalate_unanswered",
    "list_sources",
    "snooze_items",
    "take_facts",
    "wake_snoozed",
    "write_letters",
]
