"""The TCP gateway of the trackers: `erp gateway`."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
from concurrent.futures import ThreadPoolExecutor

from core.config import Config
from core.errors import ConfigurationError
from portals.devices.batch import Batcher
from portals.devices.intake import Identity, Intake
from portals.devices.limits import Limits
from portals.devices.session import SOURCE, Session

log = logging.getLogger(__name__)

_OPEN_FILES = 16_384


def run(config: Config, intake: Intake) -> None:
    """Serve trackers until SIGTERM or SIGINT, then answer for what was taken in and return.

    Raises ConfigurationError when the port cannot be opened.
    """
    _allow_many_files()
    asyncio.run(_run(config, intake))


async def _run(config: Config, intake: Intake) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gateway = Gateway(intake)
    try:
        port = await gateway.open(config.host, config.ips_port)
    except OSError as problem:
        raise ConfigurationError(
            f"The device port {config.ips_port} cannot be opened ({problem.strerror}): "
            "stop what uses it or choose another ERP_PORT."
        ) from None
    log.info("listening for Wialon IPS devices on %s:%d", config.host, port)
    await gateway.run(stop)


def _allow_many_files() -> None:
    """A connection is an open file, and 1,024 is a common default."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < _OPEN_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(_OPEN_FILES, hard) if hard >= 0 else _OPEN_FILES, hard))


class Gateway:
    """One listening port, its sessions, and the batcher behind them. Create it inside the event loop."""

    def __init__(self, intake: Intake, limits: Limits | None = None) -> None:
        self._intake = intake
        self._limits = limits or Limits()
        self._sessions: set[Session] = set()
        self._receive_buffer = memoryview(bytearray(self._limits.receive_bytes))
        self._batcher = Batcher(intake, source=SOURCE, limits=self._limits, on_room=self._go_on)
        self._login_threads = ThreadPoolExecutor(2, thread_name_prefix="login")
        self._beat_thread = ThreadPoolExecutor(1, thread_name_prefix="beat")
        self._server: asyncio.Server

    async def open(self, host: str, port: int) -> int:
        """Listen; returns the port, which the system chooses when `port` is 0. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, host, port, backlog=1_024)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, then store and answer what was taken in. If a part breaks, all of it ends."""
        async with asyncio.TaskGroup() as tasks:
            storing = tasks.create_task(self._batcher.run())
            others = [tasks.create_task(self._sweep()), tasks.create_task(self._beat())]
            await stop.wait()
            self._server.close()
            for session in self._sessions:
                session.stop_reading()
            self._batcher.close()
            await asyncio.wait([storing], timeout=self._limits.drain_s)
            for task in (storing, *others):
                task.cancel()
        for session in list(self._sessions):
            session.hang_up()
        self._login_threads.shutdown(wait=False, cancel_futures=True)
        self._beat_thread.shutdown(wait=False, cancel_futures=True)

    def _session(self) -> Session:
        return Session(
            batcher=self._batcher,
            identify=self._identify,
            limits=self._limits,
            sessions=self._sessions,
            receive_buffer=self._receive_buffer,
        )

    async def _identify(self, device_uid: str, key: str | None) -> Identity:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._login_threads, self._intake.identify, device_uid, key)

    def _go_on(self) -> None:
        for session in list(self._sessions):
            session.work()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._limits.sweep_s)
            now = asyncio.get_running_loop().time()
            for session in list(self._sessions):
                session.end_if_overdue(now)

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            devices = sum(session.is_logged_in for session in self._sessions)
            lag_ms = self._batcher.take_lag_ms()
            try:
                await loop.run_in_executor(self._beat_thread, self._intake.beat, lag_ms, devices)
            except Exception as problem:
                log.warning("the heartbeat could not be written: %s", problem)
            await asyncio.sleep(self._limits.beat_s)
