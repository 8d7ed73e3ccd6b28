"""Which roads to relays there are: one for each method that the configuration names."""

from __future__ import annotations

from collections.abc import Mapping

from core.access.gateway.road import NullGateway, RelayGateway
from core.access.gateway.wialon import WialonGateway
from core.config import Config
from core.vehicles.models import RelayGateway as Method

Roads = Mapping[Method, RelayGateway]


def open_roads(config: Config) -> Roads:
    """The roads that the configuration names; the others refuse and say what to set."""
    account = config.wialon
    is_set = account.base_url and account.token
    wialon = WialonGateway(account) if is_set else NullGateway("ERP_WIALON_URL and ERP_WIALON_TOKEN")
    return {Method.VIALON_RELAY: wialon}
