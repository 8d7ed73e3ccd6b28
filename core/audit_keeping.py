"""Who signs the audit log of this installation, and where its signed states are kept beside the database."""

from __future__ import annotations

from pathlib import Path

from core.config import Config
from core.identity import sealing
from core.notes import Signer


def make_signer(config: Config) -> Signer:
    """The signer of this installation: its key is derived from the product's secret, and stands in no table."""
    return Signer(sealing.derive(sealing.load_secret(config), "audit log 1"))


def witness_file(config: Config) -> Path:
    """Where the signed states are appended, one after another, to be copied elsewhere."""
    return config.home / "witness" / "checkpoints.txt"
