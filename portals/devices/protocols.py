"""The protocols that trackers speak over sockets, and on which port each is heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from core.config import Config
from portals.devices.conversation import Conversation, Datagram
from portals.devices.limits import Limits
from portals.devices.teltonika import conversation as teltonika
from portals.devices.teltonika import datagrams as teltonika_datagrams
from portals.devices.wialon_ips import conversation as wialon_ips
from portals.devices.wialon_ips import datagrams as wialon_ips_datagrams


class DeviceProtocol(NamedTuple):
    """One protocol, over TCP and UDP on the same port. `source` names it where readings are counted."""

    source: str
    title: str
    port: Callable[[Config], int]
    begin: Callable[[Limits], Conversation]
    open_datagram: Callable[[bytes], Datagram]


WIALON_IPS = DeviceProtocol(
    wialon_ips.SOURCE,
    "Wialon IPS",
    lambda config: config.ips_port,
    lambda limits: wialon_ips.WialonConversation(limits.frame_bytes),
    wialon_ips_datagrams.open_datagram,
)
TELTONIKA = DeviceProtocol(
    teltonika.SOURCE,
    "Teltonika",
    lambda config: config.teltonika_port,
    lambda limits: teltonika.TeltonikaConversation(),
    teltonika_datagrams.open_datagram,
)
PROTOCOLS = (WIALON_IPS, TELTONIKA)
