"""Signing secrets at rest: sealed under the product's own secret, each bound to its endpoint."""

from __future__ import annotations

from core import sealing
from core.config import Config

_PURPOSE = "webhooks:secrets"


def sealing_key(config: Config) -> bytes:
    """The key that signing secrets are sealed with."""
    return sealing.derive(sealing.load_secret(config), _PURPOSE)


def seal(key: bytes, secret: str, *, endpoint_id: int) -> bytes:
    """A signing secret as it is kept."""
    return sealing.seal(key, secret.encode(), about=f"webhooks:{endpoint_id}")


def unseal(key: bytes, sealed: bytes, *, endpoint_id: int) -> str:
    """The signing secret that `seal` sealed for the same endpoint."""
    return sealing.unseal(key, sealed, about=f"webhooks:{endpoint_id}").decode()
