"""The fleet's memory on disk (`$ERP_HOME/fleet_state.json`), so that a restart goes on where it stopped."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import msgspec

from infra.simulators.fleet.vehicle import Memory

log = logging.getLogger(__name__)


def load(path: Path) -> dict[str, Memory]:
    """By device uid; empty at the first start. An unreadable file is said to be so, and left behind."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Memory])
    except FileNotFoundError:
        return {}
    except msgspec.DecodeError as error:
        log.warning("%s is unreadable (%s); the fleet starts afresh.", path, error)
        return {}


def save(path: Path, memories: Mapping[str, Memory]) -> None:
    """All or nothing: a reader never sees half a file."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(memories))
    fresh.replace(path)
