"""Which addresses of the network messages may be sent to: only those of the public internet, unless allowed by name.

Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), RFC 4291, 3056, 4380, 6052.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address as IPv4
from ipaddress import IPv6Address as IPv6

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PORTS = frozenset({443, 8443})

# Special-purpose blocks that the standard library takes for global in some of its versions.
_NOT_GLOBAL_V4 = tuple(
    map(
        ipaddress.IPv4Network,
        ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "224.0.0.0/3"),
    )
)
# All that is routed in the public internet lies here; within it, these do not.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_NOT_GLOBAL_V6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the operator of this installation lets be called although it is not public: `host:port` and networks."""

    hosts: frozenset[tuple[str, int]] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Allowed:
        """The entries of `ERP_WEBHOOK_ALLOW`: `host:port`, or a network like `10.1.0.0/16`. Raises ValueError."""
        hosts: set[tuple[str, int]] = set()
        networks: list[Network] = []
        for entry in entries:
            host, _, port = entry.rpartition(":")
            if "/" in entry:
                networks.append(ipaddress.ip_network(entry))
            elif host and port.isdecimal():
                hosts.add((host.lower().strip("[]"), int(port)))
            else:
                raise ValueError(f"{entry!r} is neither host:port nor a network like 10.1.0.0/16")
        return cls(frozenset(hosts), tuple(networks))

    def holds(self, address: IPv4 | IPv6) -> bool:
        """Whether `address` lies in one of the networks."""
        return any(address.version == network.version and address in network for network in self.networks)


def embedded_v4(address: IPv6) -> IPv4 | None:
    """The IPv4 address that an IPv6 one leads to: IPv4-mapped, 6to4 or NAT64. None when it leads to none."""
    number = int(address)
    if address in _MAPPED or address in _NAT64:
        return IPv4(number & 0xFFFF_FFFF)
    if address in _SIX_TO_FOUR:
        return IPv4(number >> 80 & 0xFFFF_FFFF)
    return None


def is_public(address: IPv4 | IPv6) -> bool:
    """Whether `address`, and the one it leads to, is one host of the public internet."""
    if isinstance(address, IPv6):
        inner = embedded_v4(address)
        if inner is not None:
            return is_public(inner)
        return address in _GLOBAL_V6 and address.is_global and not any(address in each for each in _NOT_GLOBAL_V6)
    return address.is_global and not any(address in each for each in _NOT_GLOBAL_V4)


def objection(addresses: Collection[IPv4 | IPv6], *, scheme: str, host: str, port: int, allowed: Allowed) -> str | None:
    """Why a message must not be sent to a host with these addresses, in words; None when it may.

    Every address must be good: a name that has one public and one private address is refused.
    """
    if (host, port) in allowed.hosts:
        return None
    inside = all(allowed.holds(address) for address in addresses)
    if scheme != "https" and not inside:
        return "Only https is called. Give an address that begins with https://."
    if port not in PORTS and not inside:
        return f"Port {port} is not called. Use {' or '.join(map(str, sorted(PORTS)))}."
    if all(allowed.holds(address) or is_public(address) for address in addresses):
        return None
    return f"{host} is inside a private network, this machine or a reserved range. Only public addresses are called."
