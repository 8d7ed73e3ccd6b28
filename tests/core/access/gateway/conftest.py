"""The simulated platforms as real programs, and commands for their relays."""

from __future__ import annotations

import itertools
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from core import clock
from core.access.gateway import Command, Relay
from core.access.models import OrderKind
from infra.simulators.process import SimulatorProcess

NUMBERS = itertools.count(40_000)


@dataclass
class Simulated:
    """One simulated platform, by its own /sim."""

    base_url: str
    token: str

    def post(self, what: str, **body: Any) -> None:
        httpx.post(f"{self.base_url}/sim/{what}", json=body, trust_env=False).raise_for_status()

    def get(self, what: str) -> Any:
        return httpx.get(f"{self.base_url}/sim/{what}", trust_env=False).raise_for_status().json()

    def make_unit(self) -> int:
        number = next(NUMBERS)
        self.post("units", unit_id=number, device_uid=f"relay-{number}")
        return number

    def relay_on(self, unit: int) -> bool:
        return bool(self.get(f"units/{unit}")["relay_on"])

    def commands(self, unit: int, kind: str = "commands") -> list[dict[str, Any]]:
        return [each for each in self.get("commands")[kind] if each["unit_id"] == unit]


@pytest.fixture(scope="package")
def simulators() -> Iterator[SimulatorProcess]:
    with SimulatorProcess() as process:
        yield process


@pytest.fixture
def eventually() -> Callable[..., Any]:
    def wait(condition: Callable[[], Any], within_s: float = 10.0) -> Any:
        deadline = time.monotonic() + within_s
        while not (value := condition()):
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.05)
        return value

    return wait


@pytest.fixture
def command() -> Callable[..., Command]:
    def make(
        unit: int,
        kind: OrderKind = OrderKind.IMMOBILIZE,
        *,
        output: int = 1,
        inverted: bool = False,
        given_at: datetime | None = None,
        ago_s: float = 0.0,
    ) -> Command:
        relay = Relay(f"relay-{unit}", output, inverted)
        at = (given_at or clock.now()) - timedelta(seconds=ago_s)
        return Command(uuid.uuid4(), 1, kind, relay, at, ttl_s=4)

    return make


class Answering:
    """A server that answers everybody with 200 and what `answer` makes of path and body, until it stops."""

    def __init__(self) -> None:
        self._servers: list[ThreadingHTTPServer] = []

    def start(self, answer: Callable[[str, str], Any]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                body = json.dumps(answer(self.path.partition("?")[0], sent)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self._servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    def stop(self) -> None:
        while self._servers:
            server = self._servers.pop()
            server.shutdown()
            server.server_close()


@pytest.fixture
def answering() -> Iterator[Answering]:
    servers = Answering()
    yield servers
    servers.stop()
