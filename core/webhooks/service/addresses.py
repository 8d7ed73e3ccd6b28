"""The address of an endpoint, checked before a transaction is opened, since that looks names up."""

from __future__ import annotations

from core.config import Config
from core.errors import ConfigurationError, Invalid
from core.webhooks import gateway
from core.webhooks.gateway import Address, Refused
from core.webhooks.rules.addresses import Allowed

__all__ = ["Address", "allowed_by", "check_address"]


def allowed_by(config: Config) -> Allowed:
    """What `ERP_WEBHOOK_ALLOW` lets be called. Raises ConfigurationError."""
    try:
        return Allowed.parse(config.webhook_allow)
    except ValueError as problem:
        raise ConfigurationError(f"ERP_WEBHOOK_ALLOW: {problem}.") from None


def check_address(config: Config, url: str) -> Address:
    """The address read strictly and looked behind. Call it outside of a transaction. Raises Invalid with the field."""
    try:
        return gateway.check_address(url, allowed_by(config))
    except Refused as refusal:
        raise Invalid(f"url: {refusal}", fields={"url": str(refusal)}) from None
