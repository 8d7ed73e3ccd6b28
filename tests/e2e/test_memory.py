"""Memory is bounded whatever clients send: what the web holds of bodies, and the gateway of frames."""

from __future__ import annotations

import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.api import Api
from tests.e2e.product import Product
from tests.e2e.tracker import Tracker, seconds_ago

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.timeout(200)]

log = logging.getLogger(__name__)

KEY = "a key of four"
MB = 1024 * 1024
AT_ONCE = 12
# Of one process, in MB above what it holds when nobody asks for anything. Measured: 120 and 12.
WEB_MB, GATEWAY_MB = 300, 60


class TestMemory:
    def test_of_the_web_is_bounded_whatever_integrations_post(self, product: Product, api: Api) -> None:
        api.register("E2E-MEMORY")
        workers = product.program("gunicorn").children()
        before = [_forget_peak(worker) for worker in workers]
        bodies = [
            b'{"points": [' + b"0," * (7 * MB) + b"0]}",
            b'{"points": [' + b'{"ts":"2026-11-24T12:00:00Z"},' * (15 * MB // 31) + b"0]}",
            b'{"points": [' + b'{"ts":"2026-11-24T12:00:00Z"},' * (15 * MB // 31) + b'{"ts":"2026-11-24T12:00:00Z"}]}',
            b'{"points": ' + b"[" * (15 * MB) + b"]}",
            _full_batch("E2E-MEMORY"),
        ]
        with ThreadPoolExecutor(AT_ONCE) as crowd:
            answers = list(crowd.map(lambda number: _post(api, bodies[number % len(bodies)]), range(2 * len(bodies))))
        assert {answer.status_code for answer in answers} <= {200, 400, 413, 422, 503}
        assert api.http.get("/api/v1/telemetry/intake").status_code == 200
        assert [worker.pid for worker in workers] == [worker.pid for worker in product.program("gunicorn").children()]
        grown = [(_peak(worker) - had) / MB for worker, had in zip(workers, before, strict=True)]
        log.info("the web's workers grew by %s MB", grown)
        assert max(grown) < WEB_MB, grown

    def test_of_a_body_that_does_not_say_how_long_it_is_is_never_taken(self, product: Product, api: Api) -> None:
        headers = {"Content-Type": "application/json"}
        chunks = (b" " * MB for _ in range(40))
        assert api.http.post("/api/v1/telemetry", content=chunks, headers=headers).status_code == 411
        assert api.http.get("/api/v1/telemetry/intake").status_code == 200

    def test_of_the_gateway_is_bounded_whatever_devices_say(self, product: Product, api: Api) -> None:
        api.register("E2E-TALKER")
        gateway = product.program("erp gateway")
        before = _forget_peak(gateway)
        opened = [_talk(product.device_port, frame) for frame in _frames() for _ in range(60)]
        for talker in opened:
            talker.close()
        tracker = Tracker(product.device_port)
        assert tracker.log_in("E2E-TALKER", KEY) == "#AL#1"
        tracker.close()
        grown = (_peak(gateway) - before) / MB
        log.info("the gateway grew by %s MB", grown)
        assert grown < GATEWAY_MB, grown


def _full_batch(uid: str) -> bytes:
    """Ten thousand points, which is as many as may be, each with as much beside its fields as there is room for."""
    since = seconds_ago(20_000)
    padding = "x" * 1_400
    points = ",".join(
        f'{{"device_uid":"{uid}","ts":"{_iso(since + n)}","speed_kmh":0,"extra":{{"note":"{padding}"}}}}'
        for n in range(10_000)
    )
    return f'{{"points":[{points}]}}'.encode()


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _post(api: Api, body: bytes) -> httpx.Response:
    headers = {"Content-Type": "application/json", "Authorization": api.http.headers["Authorization"]}
    address = f"{str(api.http.base_url).rstrip('/')}/api/v1/telemetry"
    return httpx.post(address, content=body, headers=headers, timeout=100, trust_env=False)


def _frames() -> list[bytes]:
    login = f"#L#E2E-TALKER;{KEY}\r\n".encode()
    return [
        b"#D#" + b"1" * 200_000,
        login + b"#B#" + b"|".join([b"241126;120000;NA;NA;NA;NA;0;0;NA;NA;NA;0;0;;NA;NA"] * 1_000) + b"\r\n",
        login + b"#P#\r\n" * 100_000,
    ]


def _talk(port: int, said: bytes) -> socket.socket:
    """A device that says everything at once and never reads an answer."""
    talker = socket.create_connection(("127.0.0.1", port), timeout=5)
    talker.settimeout(0.05)
    with suppress(OSError):  # it is not listened to any more
        talker.sendall(said)
    return talker


def _forget_peak(process: psutil.Process) -> int:
    """What a process holds now, in bytes; from here on its peak is counted anew."""
    with suppress(OSError):
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    return process.memory_info().rss


def _peak(process: psutil.Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
