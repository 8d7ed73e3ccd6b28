"""The outside world of orders: the roads to relays."""

from core.access.gateway.road import (
    REQUEST_TIMEOUT_S,
    Answer,
    Command,
    GatewayDown,
    NullGateway,
    Outputs,
    Relay,
    RelayGateway,
)
from core.access.gateway.roads import Roads, open_roads

__all__ = [
    "REQUEST_TIMEOUT_S",
    "Answer",
    "Command",
    "GatewayDown",
    "NullGateway",
    "Outputs",
    "Relay",
    "RelayGateway",
    "Roads",
    "open_roads",
]
