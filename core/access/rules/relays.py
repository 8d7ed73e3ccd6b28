"""What service and gateway both know of a relay and of the roads to it."""

from __future__ import annotations

from dataclasses import dataclass

# How long one request may take; a command given at its end still has its whole lifetime before it.
REQUEST_TIMEOUT_S = 3


@dataclass(frozen=True, slots=True)
class Relay:
    """Which relay: the device it hangs on, its output (from 1), and whether the output is on while it releases."""

    device_uid: str
    output: int
    inverted: bool
