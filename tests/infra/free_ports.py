"""Ports for servers under test."""

from __future__ import annotations

import random
import socket

# Below the range from which the kernel takes ports for outgoing connections (32768 up on Linux, 49152 up
# elsewhere): a port that is free now is not taken by somebody's connection a moment later.
LOW, HIGH = 12_000, 32_000


def free_ports(count: int = 1) -> int:
    """The first of `count` neighbouring ports on which nobody listens."""
    while True:
        first = random.randrange(LOW, HIGH)
        if all(_is_free(first + n) for n in range(count)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
