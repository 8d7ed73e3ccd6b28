"""The load generator: many devices on sockets of their own, each with a window of frames in flight.

    python -m infra.bench.load <plan as JSON>

A process of its own, so that it does not share an interpreter with what it measures (infra/bench/generator.py starts
it). All frames are made before the clock starts. Prints "ready", and a line of JSON for each phase as it ends.
"""

from __future__ import annotations

import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence

import msgspec

from infra.bench.drive import make_teltonika, make_wialon
from infra.bench.result import spread

ANSWER_S = 60.0
# Often enough that a frame leaves within milliseconds of being due, and seldom enough to leave the processor to others.
LOOK_EVERY_S = 0.004
TELTONIKA, WIALON_IPS = "teltonika", "wialon_ips"
_ACCEPTED = {TELTONIKA: b"\0\0\0\x01", WIALON_IPS: b"#ASD#1\r\n"}


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """`frames` of one point each by every device; all devices together `per_s` of them, or as many as are answered."""

    frames: int
    per_s: float | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to send, by which devices (name -> protocol), with at most `window` frames of each unanswered.

    Device times begin at `start_ms` (Unix milliseconds), and so does the sending if that is still to come. They go on
    by the rate of each phase, or second by second.
    """

    ports: dict[str, int]
    devices: dict[str, str]
    phases: list[Phase]
    window: int
    start_ms: int

    def moments_ms(self, place: int) -> Iterator[int]:
        """The device times of one device, by its place among all: each phase where the one before it ended."""
        begin = float(self.start_ms)
        for phase in self.phases:
            step = len(self.devices) * 1000 / phase.per_s if phase.per_s else 1000.0
            own = begin + step * place / len(self.devices)
            yield from (int(own + step * number) for number in range(phase.frames))
            begin += step * phase.frames


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a phase: its length is from its beginning to the last answer.

    Milliseconds until a frame was answered, from its writing (`ack_ms`), and from when it was to leave, which counts
    what a full window held back too (`due_ms`; of a phase with a rate).
    """

    acknowledged: int
    seconds: float
    ack_ms: dict[str, float]
    due_ms: dict[str, float]
    generator_cpu_s: float


class Device:
    """One device: it sends its frames when they are due, and no more than the window allows."""

    def __init__(self, plan: Plan, uid: str, source: str, place: int) -> None:
        make = make_teltonika if source == TELTONIKA else make_wialon
        self._frames = [make(ms, (ms - plan.start_ms) / 1000, place) for ms in plan.moments_ms(place)]
        self._answer = _ACCEPTED[source]
        self._window = plan.window
        self._next = 0
        self._due: deque[float] = deque()
        self._unanswered: deque[tuple[float, float]] = deque()
        self._heard = b""
        self.acknowledged = 0
        self.socket = socket.create_connection(("127.0.0.1", plan.ports[source]), timeout=ANSWER_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._log_in(uid, source)

    def owe(self, count: int, due: float) -> None:
        """So many of the next frames are due at that moment, and leave as soon as the window allows."""
        self._due.extend([due] * count)
        self._send()

    def hear(self, took: Took) -> None:
        """Take answers in and send as many frames. Raises RuntimeError for any answer but the right one."""
        data = self.socket.recv(65_536)
        now = time.perf_counter()
        self._heard += data
        count, rest = divmod(len(self._heard), len(self._answer))
        if not data or self._heard[: len(self._heard) - rest] != self._answer * count:
            raise RuntimeError(f"an answer was {self._heard[:40]!r}")
        self._heard = self._heard[len(self._heard) - rest :]
        self.acknowledged += count
        for _ in range(count):
            due, sent = self._unanswered.popleft()
            took.ack_ms.append((now - sent) * 1000)
            took.due_ms.append((now - due) * 1000)
        self._send()

    def _send(self) -> None:
        count = min(len(self._due), self._window - len(self._unanswered))
        if count > 0:
            batch = self._frames[self._next : self._next + count]
            self._next += count
            now = time.perf_counter()
            self._unanswered.extend((self._due.popleft(), now) for _ in batch)
            self.socket.sendall(b"".join(batch))

    def _log_in(self, uid: str, source: str) -> None:
        if source == TELTONIKA:
            self.socket.sendall(len(uid).to_bytes(2, "big") + uid.encode())
            accepted = self.socket.recv(100) == b"\x01"
        else:
            self.socket.sendall(f"#L#{uid};NA\r\n".encode())
            accepted = self.socket.recv(100) == b"#AL#1\r\n"
        if not accepted:
            raise RuntimeError(f"the gateway does not take {uid} in")


class Took:
    """How long the answers of a phase took."""

    def __init__(self) -> None:
        self.ack_ms: list[float] = []
        self.due_ms: list[float] = []


def main() -> None:
    """Send everything, wait for every answer, say how it went."""
    plan = msgspec.json.decode(sys.argv[1], type=Plan)
    devices = [Device(plan, uid, source, place) for place, (uid, source) in enumerate(plan.devices.items())]
    time.sleep(max(0.0, plan.start_ms / 1000 - time.time()))
    print("ready", flush=True)
    with selectors.DefaultSelector() as selector:
        for device in devices:
            selector.register(device.socket, selectors.EVENT_READ, device)
        for phase in plan.phases:
            print(msgspec.json.encode(drive(devices, phase, selector)).decode(), flush=True)


def drive(devices: Sequence[Device], phase: Phase, selector: selectors.BaseSelector) -> Outcome:
    """Drive all devices through a phase, until every frame of it is answered."""
    took = Took()
    wanted = phase.frames * len(devices)
    cpu, began = time.process_time(), time.perf_counter()
    due = 0
    if phase.per_s is None:
        due = wanted
        for device in devices:
            device.owe(phase.frames, began)
    while len(took.ack_ms) < wanted:
        if phase.per_s is not None:
            due = _let_go(devices, began, phase.per_s, due, wanted)
        _listen(selector, took, ANSWER_S if due == wanted else LOOK_EVERY_S, is_last=due == wanted)
    return Outcome(
        acknowledged=len(took.ack_ms),
        seconds=time.perf_counter() - began,
        ack_ms=spread(took.ack_ms, digits=1),
        due_ms=spread(took.due_ms, digits=1) if phase.per_s else {},
        generator_cpu_s=time.process_time() - cpu,
    )


def _let_go(devices: Sequence[Device], began: float, per_s: float, due: int, wanted: int) -> int:
    """The frames that have become due by the clock on the wall, one device after the other. Returns how many were."""
    now_due = min(wanted, int((time.perf_counter() - began) * per_s) + 1)
    for number in range(due, now_due):
        devices[number % len(devices)].owe(1, began + number / per_s)
    return now_due


def _listen(selector: selectors.BaseSelector, took: Took, wait_s: float, *, is_last: bool) -> None:
    ready = selector.select(wait_s)
    if is_last and not ready:
        raise RuntimeError("devices wait in vain for answers")
    for key, _ in ready:
        key.data.hear(took)


if __name__ == "__main__":
    main()
