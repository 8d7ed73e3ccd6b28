"""Signatures and secrets of Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body`, `v1,` before it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

PREFIX = "whsec_"
BYTES = 32
# For how long the secret before signs along after a new one was made.
OVERLAP = timedelta(hours=24)


def make_secret() -> str:
    """A new secret as it is shown: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def sign(*, message_id: str, at: datetime, body: bytes, secrets_in_use: Iterable[str]) -> dict[str, str]:
    """The three headers of one try. A signature for each secret in use, the newest first, set apart by spaces."""
    timestamp = str(int(at.timestamp()))
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = [_signature(secret, content) for secret in secrets_in_use]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
