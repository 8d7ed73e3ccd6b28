"""The outside world of webhooks: which addresses are called, and calling them."""

from __future__ import annotations

from core.webhooks.gateway.addresses import Address, Refused, check_address
from core.webhooks.gateway.sending import HttpSender, Sender

__all__ = ["Address", "HttpSender", "Refused", "Sender", "check_address"]
