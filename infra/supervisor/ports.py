"""The ports of the product, checked before anything is started."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

from core.config import Config
from infra.errors import CannotStart

LOOPBACK = "127.0.0.1"


def require_free_ports(config: Config) -> None:
    """Raise CannotStart naming the first port that cannot be listened on, and why."""
    for purpose, host, port, kind in _ports(config):
        try:
            _listen_briefly(host, port, kind)
        except OSError as refusal:
            raise CannotStart(_explain(purpose, host, port, refusal)) from refusal


def _ports(config: Config) -> Iterator[tuple[str, str, int, socket.SocketKind]]:
    tcp, udp = socket.SOCK_STREAM, socket.SOCK_DGRAM
    yield "the web", config.host, config.port, tcp
    for kind in (tcp, udp):
        yield "Wialon IPS devices", config.host, config.ips_port, kind
        yield "Teltonika devices", config.host, config.teltonika_port, kind
    if config.wialon.base_url == f"http://{LOOPBACK}:{config.simulator_port}":
        yield "the fleet simulator", LOOPBACK, config.simulator_port, tcp
        yield "the simulated Traccar", LOOPBACK, config.traccar_simulator_port, tcp
        yield "the simulated Teltonika trackers", LOOPBACK, config.teltonika_simulator_port, tcp
    if not config.database_url:
        yield "PostgreSQL", LOOPBACK, config.postgres_port, tcp


def _listen_briefly(host: str, port: int, kind: socket.SocketKind) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=kind)[0]
    with socket.socket(family, kind, protocol) as probe:
        if kind == socket.SOCK_DGRAM:
            probe.bind(address)
            return
        # As the servers do: a connection of the last run that is still winding down is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)


def _explain(purpose: str, host: str, port: int, refusal: OSError) -> str:
    if refusal.errno == errno.EADDRINUSE:
        return (
            f"Port {port} ({purpose}) is already in use. Stop what uses it, or choose other ports: with "
            f"ERP_PORT=9000 the product uses 9000 to 9006."
        )
    if refusal.errno == errno.EACCES:
        return f"Port {port} ({purpose}) is reserved for root. Choose ERP_PORT above 1023."
    return f"{purpose} cannot listen on {host}:{port} ({refusal.strerror}). Check ERP_HOST and ERP_PORT."
