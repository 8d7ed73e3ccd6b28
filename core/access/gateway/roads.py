"""Which roads to relays there are: one for each method that the configuration names."""

from __future__ import annotations

from collections.abc import Mapping

from core.access.gateway.road import NullGateway, RelayGateway
from core.access.gateway.teltonika import TeltonikaGateway
from core.access.gateway.traccar import TraccarGateway
from core.access.gateway.wialon import WialonGateway
from core.config import Config, TraccarAccount, WialonAccount
from core.db import Database
from core.vehicles.models import RelayGateway as Method

Roads = Mapping[Method, RelayGateway]


def open_roads(config: Config, database: Database) -> Roads:
    """The roads that the configuration names; the others refuse and say what to set.

    The road by our own device gateway needs no name: it leads through the database.
    """
    return {
        Method.VIALON_RELAY: _open_wialon(config.wialon),
        Method.TRACCAR_COMMAND: _open_traccar(config.traccar),
        Method.TELTONIKA_CODEC12: TeltonikaGateway(database),
    }


def _open_wialon(account: WialonAccount) -> RelayGateway:
    is_set = account.base_url and account.token
    return WialonGateway(account) if is_set else NullGateway("ERP_WIALON_URL and ERP_WIALON_TOKEN")


def _open_traccar(account: TraccarAccount) -> RelayGateway:
    is_set = account.base_url and account.token
    return TraccarGateway(account) if is_set else NullGateway("ERP_TRACCAR_URL and ERP_TRACCAR_TOKEN")
