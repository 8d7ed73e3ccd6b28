"""A server that trackers can talk to, and a client of the platform."""

import asyncio
import json
import threading
import time

import httpx
import pytest

from infra.simulators.process import SimulatorProcess


def crc16_bit_by_bit(data: bytes) -> int:
    """CRC-16/ARC from its definition, independent of the simulator's table."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def parse_frame(line: bytes) -> tuple[str, list[list[str]]]:
    """(type, records as fields) of a frame, refusing a wrong checksum."""
    assert line.startswith(b"#") and line.endswith(b"\r\n"), line
    kind, body = line[1:-2].split(b"#", 1)
    cut = max(body.rfind(b";"), body.rfind(b"|")) + 1
    assert int(body[cut:], 16) == crc16_bit_by_bit(body[:cut]), line
    text = body[:cut].decode()
    if kind == b"B":
        return "B", [record.split(";") for record in text.rstrip("|").split("|")]
    return kind.decode(), [text[:-1].split(";")]


class IpsSink:
    """Accepts trackers, checks every frame, keeps every record. `answer` may be replaced to misbehave."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.records: list[tuple[str, list[str]]] = []
        self.boxes = 0
        self.connections = 0
        self.answer = self.answer_well
        self._writers: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        assert self._ready.wait(5)

    def answer_well(self, kind: str, records: list[list[str]]) -> str | None:
        return {"L": "#AL#1", "D": "#AD#1", "B": f"#AB#{len(records)}"}.get(kind)

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def _serve(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._converse, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopped.wait()
        for writer in self._writers:
            writer.transport.abort()
        server.close()

    async def _converse(self, reader, writer) -> None:
        self._writers.add(writer)
        self.connections += 1
        try:
            while line := await reader.readline():
                if not self._take(line, writer):
                    break
        except ConnectionError:
            pass
        self._writers.discard(writer)
        writer.transport.abort()

    def _take(self, line, writer) -> bool:
        self.lines.append(line)
        kind, records = parse_frame(line)
        answer = self.answer(kind, records)
        if answer is None:
            return False
        if answer not in {"#AD#16", "#AB#0"} and kind in "DB":
            self.boxes += kind == "B"
            self.records += [(kind, record) for record in records]
        writer.write(f"{answer}\r\n".encode())
        return True


class Platform:
    """A client of the Remote API, and of the simulator's own endpoints."""

    def __init__(self, base_url: str, token: str) -> None:
        self.base_url, self.token = base_url, token
        self.http = httpx.Client(base_url=base_url, timeout=20)
        self.sid = self.call("token/login", {"token": token})["eid"]

    def call(self, svc: str, params: dict | str, sid: str | None = None):
        text = params if isinstance(params, str) else json.dumps(params)
        sid = sid or getattr(self, "sid", "")
        return self.http.post("/wialon/ajax.html", data={"svc": svc, "params": text, "sid": sid}).json()

    def poll(self):
        return self.http.get("/avl_evts", params={"sid": self.sid}).json()

    def make_unit(self, unit_id: int, **wish):
        body = {"unit_id": unit_id, "device_uid": f"bare-{unit_id}", "name": f"Bare {unit_id}"} | wish
        return self.http.post("/sim/units", json=body).json()

    def unit(self, unit_id: int):
        return self.http.get(f"/sim/units/{unit_id}").json()

    def fault(self, unit_id: int | None, **fault):
        return self.http.post("/sim/faults", json={"unit_id": unit_id} | fault)

    def execute(self, unit_id: int, name: str = "Immobilize", **more):
        call = {"itemId": unit_id, "commandName": name, "linkType": "tcp", "param": "", "timeout": 4}
        return self.call("unit/exec_cmd", call | {"flags": 0} | more)

    def item(self, unit_id: int, flags: int):
        return self.call("core/search_item", {"id": unit_id, "flags": flags})["item"]

    def commands(self, unit_id: int, kind: str = "commands"):
        return [c for c in self.http.get("/sim/commands").json()[kind] if c["unit_id"] == unit_id]

    def log(self, unit_id: int, **more):
        now = int(time.time())
        call = {"itemId": unit_id, "timeFrom": now - 60, "timeTo": now + 5, "flags": 512, "flagsMask": 65280}
        return self.call("messages/load_interval", call | {"loadCount": 100} | more)


@pytest.fixture
def ips_sink():
    sink = IpsSink()
    yield sink
    sink.stop()


@pytest.fixture(scope="package")
def simulator():
    with SimulatorProcess() as process:
        yield process


@pytest.fixture
def platform(simulator):
    client = Platform(simulator.base_url, simulator.token)
    client.fault(None)
    return client


@pytest.fixture
def connect():
    return Platform


@pytest.fixture
def parse():
    return parse_frame


@pytest.fixture
def eventually():
    def wait(condition, within_s: float = 6.0):
        deadline = time.monotonic() + within_s
        while not (value := condition()):
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.05)
        return value

    return wait
