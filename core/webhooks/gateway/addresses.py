"""Addresses of endpoints: read strictly, their names looked up by us, and every address behind them checked."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.webhooks.rules.addresses import Allowed, objection

LONGEST = 2000
_DEFAULT_PORTS = {"https": 443, "http": 80}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

Resolve = Callable[[str, int], Sequence[str]]


class Refused(Exception):
    """An address that is not called; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address that was read strictly. `url` is how it is kept and called."""

    url: str
    scheme: str
    host: str
    port: int


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host, as the resolver of this machine gives them. Raises OSError when there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def read_address(url: str) -> Address:
    """Read an address. Raises Refused for all that is not plainly a scheme, a host, a port and a path."""
    if len(url) > LONGEST:
        raise Refused(f"The address is longer than {LONGEST} characters.")
    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise Refused("The address holds a space, a backslash or a control character. Write it without.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("This is not an address. Write it like https://hooks.example.com/fleet.") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise Refused("This is not an address. Write it like https://hooks.example.com/fleet.")
    if "@" in parts.netloc:
        raise Refused("Leave name and password out of the address: messages are signed instead.")
    if "#" in url:
        raise Refused("Leave out the # and what follows it: it is never sent.")
    if port == 0:
        raise Refused("Port 0 cannot be called.")
    host = _read_host(parts.hostname)
    port = port or _DEFAULT_PORTS[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    place = shown if port == _DEFAULT_PORTS[parts.scheme] else f"{shown}:{port}"
    query = f"?{parts.query}" if parts.query else ""
    path = _ascii(parts.path or "/") + _ascii(query)
    return Address(f"{parts.scheme}://{place}{path}", parts.scheme, host, port)


def addresses_behind(address: Address, allowed: Allowed, *, resolve: Resolve = look_up) -> list[str]:
    """The addresses behind an endpoint's, looked up once, all of which may be called.

    Raises Refused when one of them may not, and OSError when the name is not known.
    """
    found = [ipaddress.ip_address(text.partition("%")[0]) for text in resolve(address.host, address.port)]
    if not found:
        raise OSError("no address")
    why = objection(found, scheme=address.scheme, host=address.host, port=address.port, allowed=allowed)
    if why is not None:
        raise Refused(why)
    return [str(each) for each in found]


def check_address(url: str, allowed: Allowed, *, resolve: Resolve = look_up) -> Address:
    """Read an address and look behind it, as each sending will again. Raises Refused."""
    address = read_address(url)
    try:
        addresses_behind(address, allowed, resolve=resolve)
    except OSError:
        raise Refused(f"There is no host called {address.host}. Check how it is spelled.") from None
    return address


def _read_host(text: str) -> str:
    if ":" in text:
        return _read_v6(text)
    host = _ascii_host(text.lower().removesuffix("."))
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused(f"{text} is not the name of a host.")
    if _NUMBER.fullmatch(labels[-1]):
        return _read_v4(host)
    return host


def _read_v4(host: str) -> str:
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError:
        raise Refused(f"{host} is not an address. Write IPv4 as four decimal numbers.") from None


def _read_v6(text: str) -> str:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise Refused(f"{text} is not an IPv6 address.") from None
    if address.scope_id is not None:
        raise Refused("An address with a zone is of this machine's own network and is not called.")
    return str(address)


def _ascii_host(host: str) -> str:
    """A name in other scripts as it is looked up (IDNA, RFC 3490)."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        raise Refused(f"{host} is not the name of a host.") from None


def _ascii(text: str) -> str:
    if not text.isascii():
        raise Refused("Write the path in ASCII, other characters as %XX.")
    return text
