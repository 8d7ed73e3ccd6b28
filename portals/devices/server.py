"""The gateway of the trackers: `erp gateway`."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import signal
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from core.config import Config
from core.db import Database
from core.errors import ConfigurationError
from portals.devices.batch import Batcher
from portals.devices.connections import Connections
from portals.devices.datagrams import Datagrams
from portals.devices.doorkeeper import Doorkeeper
from portals.devices.intake import Intake
from portals.devices.limits import Limits
from portals.devices.mailbox import Mailbox
from portals.devices.protocols import PROTOCOLS, DeviceProtocol
from portals.devices.session import Session

log = logging.getLogger(__name__)

_OPEN_FILES = 16_384


def run(config: Config, intake: Intake, database: Database) -> None:
    """Serve trackers until SIGTERM or SIGINT, then answer for what was taken in and return. What other processes want
    said to a device is taken from `database`.

    Raises ConfigurationError when a port cannot be opened.
    """
    _allow_many_files()
    _collect_seldom()
    asyncio.run(_run(config, intake, database))


async def _run(config: Config, intake: Intake, database: Database) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gateway = Gateway(intake)
    for protocol in PROTOCOLS:
        port = protocol.port(config)
        try:
            await gateway.open(protocol, config.host, port)
        except OSError as problem:
            raise ConfigurationError(
                f"The device port {port} cannot be opened ({problem.strerror}): "
                "stop what uses it or choose another ERP_PORT."
            ) from None
        log.info("listening for %s devices on %s:%d", protocol.title, config.host, port)
    mailbox = Mailbox(database, gateway.connections, name=f"gateway {os.getpid()}")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(mailbox.run(stop))
        await gateway.run(stop)
    await mailbox.close()


def _allow_many_files() -> None:
    """A connection is an open file, and 1,024 is a common default."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < _OPEN_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(_OPEN_FILES, hard) if hard >= 0 else _OPEN_FILES, hard))


def _collect_seldom() -> None:
    """Readings live for a moment and hold no rings: to look for rings among them costs a fifth of the rate."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class Gateway:
    """Its ports, their sessions, and a batcher for each protocol. Create it inside the event loop."""

    def __init__(self, intake: Intake, limits: Limits | None = None) -> None:
        self._intake = intake
        self._limits = limits or Limits()
        self.connections = Connections()
        self._doorkeeper = Doorkeeper(intake, self._limits)
        self._receive_buffer = memoryview(bytearray(self._limits.receive_bytes))
        self._beat_thread = ThreadPoolExecutor(1, thread_name_prefix="beat")
        self._batchers: list[Batcher] = []
        self._servers: list[asyncio.Server] = []
        self._datagrams: list[Datagrams] = []

    async def open(self, protocol: DeviceProtocol, host: str, port: int) -> int:
        """Listen for a protocol, over TCP and UDP; returns the port, which the system chooses when `port` is 0.

        Raises OSError.
        """
        loop = asyncio.get_running_loop()
        batcher = Batcher(self._intake, source=protocol.source, limits=self._limits, on_room=self._go_on)
        server = await loop.create_server(partial(self._session, protocol, batcher), host, port, backlog=1_024)
        self._servers.append(server)
        bound: int = server.sockets[0].getsockname()[1]
        make_datagrams = partial(
            Datagrams, protocol=protocol, batcher=batcher, doorkeeper=self._doorkeeper, limits=self._limits
        )
        _, datagrams = await loop.create_datagram_endpoint(make_datagrams, (host, bound))
        self._datagrams.append(datagrams)
        self._batchers.append(batcher)
        return bound

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, then store and answer what was taken in. If a part breaks, all of it ends."""
        async with asyncio.TaskGroup() as tasks:
            storing = [tasks.create_task(batcher.run()) for batcher in self._batchers]
            others = [tasks.create_task(self._sweep()), tasks.create_task(self._beat())]
            await stop.wait()
            self._stop_reading()
            await asyncio.wait(storing, timeout=self._limits.drain_s)
            for task in (*storing, *others):
                task.cancel()
        for session in list(self.connections.open):
            session.hang_up()
        for datagrams in self._datagrams:
            datagrams.close()
        self._doorkeeper.close()
        self._beat_thread.shutdown(wait=False, cancel_futures=True)

    def _stop_reading(self) -> None:
        for server in self._servers:
            server.close()
        for session in self.connections.open:
            session.stop_reading()
        for datagrams in self._datagrams:
            datagrams.stop_reading()
        for batcher in self._batchers:
            batcher.close()

    def _session(self, protocol: DeviceProtocol, batcher: Batcher) -> Session:
        return Session(
            conversation=protocol.begin(self._limits),
            batcher=batcher,
            doorkeeper=self._doorkeeper,
            limits=self._limits,
            connections=self.connections,
            receive_buffer=self._receive_buffer,
        )

    def _go_on(self) -> None:
        for session in list(self.connections.open):
            session.work()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._limits.sweep_s)
            now = asyncio.get_running_loop().time()
            for session in list(self.connections.open):
                session.end_if_overdue(now)

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            lag_ms = max((batcher.take_lag_ms() for batcher in self._batchers), default=0.0)
            counts = (lag_ms, self.connections.devices, dict(self._doorkeeper.turned_away))
            try:
                await loop.run_in_executor(self._beat_thread, self._intake.beat, *counts)
            except Exception as problem:
                log.warning("the heartbeat could not be written: %s", problem)
            await asyncio.sleep(self._limits.beat_s)
