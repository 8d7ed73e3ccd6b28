"""`$ERP_HOME/fleet.json`: which devices exist, and where they and the platforms are to be found."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Literal

import msgspec

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5


class IpsServer(msgspec.Struct, frozen=True):
    """Where the product listens for trackers."""

    host: str
    port: int


class WialonServer(msgspec.Struct, frozen=True):
    """Where the platform simulator listens (port 0: any free one), and the token that opens it."""

    host: str
    port: int
    token: str


class TraccarServer(msgspec.Struct, frozen=True):
    """Where the simulated Traccar listens (port 0: any free one), and the token that opens it."""

    host: str
    port: int
    token: str


class TeltonikaServer(msgspec.Struct, frozen=True):
    """Where the product listens for Teltonika trackers, and where theirs listens for wishes (0: any free port)."""

    host: str
    port: int
    control_port: int


class Device(msgspec.Struct, frozen=True):
    """One tracker and the vehicle it sits in. `relay_output` is the output that holds the relay, from 1.

    A Teltonika tracker has no key to show.
    """

    device_uid: str
    device_key: str
    unit_id: int
    name: str
    powertrain: Literal["ice", "hybrid", "electric"] = "ice"
    relay_output: int = 1
    protocol: Literal["wialon_ips", "teltonika"] = "wialon_ips"


class FleetFile(msgspec.Struct, frozen=True):
    """The whole file."""

    ips: IpsServer
    wialon: WialonServer
    devices: tuple[Device, ...] = ()
    traccar: TraccarServer | None = None
    teltonika: TeltonikaServer | None = None


async def wait_for_fleet_file(path: Path) -> FleetFile:
    """The file, as soon as it is there and complete. Says once what it is waiting for."""
    told = ""
    while True:
        try:
            return msgspec.json.decode(path.read_bytes(), type=FleetFile)
        except FileNotFoundError:
            reason = f"Waiting for {path}: it is written with the demonstration data."
        except msgspec.DecodeError as error:
            reason = f"Waiting for {path} to be complete: {error}"
        if reason != told:
            log.info(reason)
            told = reason
        await asyncio.sleep(LOOK_EVERY_S)
