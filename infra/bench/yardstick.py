"""How fast the same bytes could be at as many sockets: a bare echo of NOTIFY, measured on the same machine."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from os import environ

import psycopg

from infra.bench.listeners import Heard, listen
from infra.bench.processes import processor_s

# The channel of infra/bench/echo.py, which must not be imported here: it patches sockets.
CHANNEL = "bench_echo"
START_S = 15.0


async def measure_echo(
    dsn: str, port: int, *, listeners: int, workers: int, per_s: float, size: int, seconds: float
) -> tuple[list[float], float]:
    """Delays in s of each payload at each socket, and the processor time of the echo's server in cores."""
    heard = _Echoed()
    with _server(dsn, port, workers) as server:
        await _await_port(port)
        sockets = [asyncio.create_task(listen(f"http://127.0.0.1:{port}/live", "", heard)) for _ in range(listeners)]
        await heard.wait_for(listeners)
        await asyncio.sleep(1.0)
        before = processor_s({"echo": server.pid})
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"{time.time()} {size}"))
                await asyncio.sleep(1 / per_s)
        await asyncio.sleep(1.0)
        used = processor_s({"echo": server.pid})["echo"] - before["echo"]
        for each in sockets:
            each.cancel()
        await asyncio.gather(*sockets, return_exceptions=True)
    return heard.delays, used / seconds


class _Echoed(Heard):
    """Notes the delay of each payload, which begins with the moment it left."""

    def __init__(self) -> None:
        super().__init__()
        self.delays: list[float] = []

    def note(self, text: bytes, at: float, length: int) -> None:
        self.bytes += length
        self.delays.append(at - float(text))


@contextmanager
def _server(dsn: str, port: int, workers: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "gunicorn", "-k", "gevent", "-w", str(workers), "-b", f"127.0.0.1:{port}"]
    options = ["--worker-connections", "5000", "--graceful-timeout", "1", "--log-level", "error"]
    started = subprocess.Popen([*command, *options, "infra.bench.echo:app"], env={**environ, "DATABASE_URL": dsn})
    try:
        yield started
    finally:
        started.terminate()
        started.wait(20)


async def _await_port(port: int) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)
        else:
            writer.close()
            return
