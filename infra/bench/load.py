"""The load generator: many devices on sockets of their own, each with a window of frames in flight.

    python -m infra.bench.load <plan as JSON>

A process of its own, so that it does not share an interpreter with what it measures. All frames are made before the
clock starts. Prints one line of JSON.
"""

from __future__ import annotations

import selectors
import socket
import struct
import sys
import time
from collections import deque
from datetime import UTC, datetime

import msgspec
import orjson

from portals.devices.teltonika.frames import frame

ANSWER_S = 60.0
TELTONIKA, WIALON_IPS = "teltonika", "wialon_ips"
_RECORD = struct.Struct(">BBQBiihHBHBB")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to send: `frames` of one point each by every device, `window` of them unanswered at most.

    Device times start at `start_ts` (Unix seconds) and go on second by second.
    """

    ports: dict[str, int]
    devices: dict[str, str]
    frames: int
    window: int
    start_ts: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. Latencies are from the write of a frame to the reading of its answer, in ms."""

    acknowledged: int
    seconds: float
    ack_p50_ms: float
    ack_p95_ms: float
    ack_p99_ms: float
    cpu_s: float


class Device:
    """One device: it sends the next frames as the earlier ones are answered."""

    def __init__(self, plan: Plan, uid: str, source: str, place: int) -> None:
        make, self._answer = (_avl, b"\0\0\0\x01") if source == TELTONIKA else (_sd, b"#ASD#1\r\n")
        self._frames = [make(plan.start_ts + number, place) for number in range(plan.frames)]
        self._next = 0
        self._sent_at: deque[float] = deque()
        self._heard = b""
        self.acknowledged = 0
        self.socket = socket.create_connection(("127.0.0.1", plan.ports[source]), timeout=ANSWER_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._log_in(uid, source)

    @property
    def is_done(self) -> bool:
        """Whether every frame was answered."""
        return self.acknowledged == len(self._frames)

    def send(self, count: int) -> None:
        """The next frames, in one write."""
        batch = self._frames[self._next : self._next + count]
        if batch:
            self._next += len(batch)
            self._sent_at.extend([time.perf_counter()] * len(batch))
            self.socket.sendall(b"".join(batch))

    def hear(self, latencies: list[float]) -> None:
        """Take answers in and send as many frames. Raises RuntimeError for any answer but the right one."""
        data = self.socket.recv(65_536)
        now = time.perf_counter()
        self._heard += data
        count, rest = divmod(len(self._heard), len(self._answer))
        if not data or self._heard[: len(self._heard) - rest] != self._answer * count:
            raise RuntimeError(f"an answer was {self._heard[:40]!r}")
        self._heard = self._heard[len(self._heard) - rest :]
        self.acknowledged += count
        latencies.extend(now - self._sent_at.popleft() for _ in range(count))
        self.send(count)

    def _log_in(self, uid: str, source: str) -> None:
        if source == TELTONIKA:
            self.socket.sendall(len(uid).to_bytes(2, "big") + uid.encode())
            accepted = self.socket.recv(100) == b"\x01"
        else:
            self.socket.sendall(f"#L#{uid};NA\r\n".encode())
            accepted = self.socket.recv(100) == b"#AL#1\r\n"
        if not accepted:
            raise RuntimeError(f"the gateway does not take {uid} in")


def main() -> None:
    """Send everything, wait for every answer, say how it went."""
    plan = msgspec.json.decode(sys.argv[1], type=Plan)
    devices = [Device(plan, uid, source, place) for place, (uid, source) in enumerate(plan.devices.items())]
    outcome = drive(devices, plan.window)
    print(orjson.dumps(msgspec.to_builtins(outcome)).decode())


def drive(devices: list[Device], window: int) -> Outcome:
    """Drive all devices until each has all its answers."""
    latencies: list[float] = []
    with selectors.DefaultSelector() as selector:
        for device in devices:
            selector.register(device.socket, selectors.EVENT_READ, device)
        began, cpu = time.perf_counter(), time.process_time()
        for device in devices:
            device.send(window)
        going = len(devices)
        while going:
            ready = selector.select(ANSWER_S)
            if not ready:
                raise RuntimeError(f"{going} devices wait in vain")
            for key, _ in ready:
                key.data.hear(latencies)
                if key.data.is_done:
                    selector.unregister(key.fileobj)
                    going -= 1
    seconds = time.perf_counter() - began
    latencies.sort()
    p50, p95, p99 = (latencies[(len(latencies) * percent - 1) // 100] * 1000 for percent in (50, 95, 99))
    return Outcome(
        acknowledged=sum(device.acknowledged for device in devices),
        seconds=seconds,
        ack_p50_ms=round(p50, 1),
        ack_p95_ms=round(p95, 1),
        ack_p99_ms=round(p99, 1),
        cpu_s=time.process_time() - cpu,
    )


def _avl(ts: int, place: int) -> bytes:
    """A Codec 8 frame of one record: a car that goes north at 36 km/h, its ignition on, its battery charging."""
    head = _RECORD.pack(8, 1, ts * 1000, 0, place * 1_000, ts % 100_000 * 900, 120, 0, 9, 36, 0, 4)
    small = bytes((2, 239, 1, 21, 4, 1, 66)) + (13_800 + ts % 400).to_bytes(2, "big")
    odometer = bytes((1, 16)) + (ts % 100_000 * 10).to_bytes(4, "big")
    return frame(head + small + odometer + b"\0\x01")


def _sd(ts: int, place: int) -> bytes:
    """An SD packet of the same car."""
    at = datetime.fromtimestamp(ts, UTC)
    north, east = ts % 10_000 * 0.0054, place * 0.006
    place_text = f"10{north % 60:07.4f};N;020{east % 60:07.4f};E"
    return f"#SD#{at:%d%m%y;%H%M%S};{place_text};36;0;120;9\r\n".encode()


if __name__ == "__main__":
    main()
