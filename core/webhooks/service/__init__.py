"""Every verb about webhooks: endpoints and their secrets, reading facts, delivering, sending again, clearing."""

from __future__ import annotations

from core.webhooks.service.addresses import Address, check_address
from core.webhooks.service.endpoints import (
    RECORDER,
    NewSecret,
    add_endpoint,
    change_endpoint,
    disable_endpoint,
    enable_endpoint,
    remove_endpoint,
    rotate_secret,
)
from core.webhooks.service.reading import read_facts
from core.webhooks.service.replays import ping, replay_message, replay_messages
from core.webhooks.service.secrets import sealing_key
from core.webhooks.service.turns import Claim, Result, Turn, take_turn
from core.webhooks.service.upkeep import clear_old

__all__ = [
    "RECORDER",
    "Address",
    "Claim",
    "NewSecret",
    "Result",
    "Turn",
    "add_endpoint",
    "change_endpoint",
    "check_address",
    "clear_old",
    "disable_endpoint",
    "enable_endpoint",
    "ping",
    "read_facts",
    "remove_endpoint",
    "replay_message",
    "replay_messages",
    "rotate_secret",
    "sealing_key",
    "take_turn",
]
