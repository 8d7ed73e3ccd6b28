"""The road to a relay: one Protocol for every way a command reaches a vehicle, and the words they share.

Accepted is never executed: what a gateway answers is that it took a command. The proof is read back.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.access.models import OrderKind, Outcome
from core.access.rules.relays import REQUEST_TIMEOUT_S, Relay

__all__ = [
    "REQUEST_TIMEOUT_S",
    "Answer",
    "Command",
    "GatewayDown",
    "NullGateway",
    "Outputs",
    "Relay",
    "RelayGateway",
]


@dataclass(frozen=True, slots=True)
class Command:
    """One attempt of one order, as a gateway is given it. It must die after `ttl_s` if it was not delivered."""

    job_id: uuid.UUID
    number: int
    kind: OrderKind
    relay: Relay
    given_at: datetime
    ttl_s: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway said to a command: `outcome`, and its own words."""

    outcome: Outcome
    words: str


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs of a device as the gateway last heard them (bit 0 is output 1), and when it heard."""

    mask: int
    received_at: datetime


class GatewayDown(Exception):
    """The gateway did not answer or not in its own language; nothing is known."""


class RelayGateway(Protocol):
    """Sends commands to relays and reads back what became of them. Calls may take seconds and may fail."""

    def send(self, command: Command) -> Answer:
        """Give one command. Never raises: doubt is UNKNOWN."""

    def was_logged(self, command: Command) -> bool:
        """Whether the gateway's log holds such a command since it was given. Raises GatewayDown."""

    def read_outputs(self, relays: Iterable[Relay]) -> dict[str, Outputs]:
        """The latest outputs by device, of those it knows, in as few calls as it can. Raises GatewayDown."""


class NullGateway:
    """Where no road of this kind is configured: refuses every command and says which settings are missing."""

    def __init__(self, settings: str) -> None:
        self._settings = settings

    def send(self, command: Command) -> Answer:
        """Refuse."""
        return Answer(Outcome.REFUSED, f"No gateway is configured; set {self._settings}.")

    def was_logged(self, command: Command) -> bool:
        """Nothing is ever sent."""
        return False

    def read_outputs(self, relays: Iterable[Relay]) -> dict[str, Outputs]:
        """Nothing is ever heard."""
        return {}
