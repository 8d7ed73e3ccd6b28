"""Simulated Teltonika trackers on a real socket, against what the maker says of its commands."""

import asyncio
import threading
import time

import httpx
import pytest

from infra.simulators.process import SimulatorProcess
from portals.devices.teltonika.commands import decode_message, encode_command
from portals.devices.teltonika.records import read_records


class Listener:
    """The product's side of one tracker: takes records, gives commands."""

    def __init__(self):
        self.points = []
        self.answers = []
        self.connections = 0
        self._writers = {}
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        assert self._ready.wait(5)

    @property
    def address(self):
        return "127.0.0.1", self._port

    @property
    def uids(self):
        """Who has logged in."""
        return self._writers.keys()

    def say(self, uid, text):
        self._loop.call_soon_threadsafe(self._writers[uid].write, encode_command(text))

    def stop(self):
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def _serve(self):
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._converse, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopped.wait()
        server.close()

    async def _converse(self, reader, writer):
        try:
            uid = (await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))).decode()
            self._writers[uid] = writer
            writer.write(b"\x01")
            self.connections += 1
            while True:
                head = await reader.readexactly(8)
                content = (await reader.readexactly(int.from_bytes(head[4:], "big") + 4))[:-4]
                if content[0] == 0x0C:
                    self.answers.append(decode_message(content).text)
                    continue
                records = read_records(content, family=None, answer=lambda number: number.to_bytes(4, "big"))
                assert not records.bad
                self.points += [good.point for good in records.good]
                writer.write(records.answer(()))
        except (EOFError, ConnectionError, asyncio.CancelledError):
            writer.transport.abort()


class Tracker:
    """One simulated tracker that is connected to a listener, and its /sim."""

    def __init__(self, base_url, listener, number, *, moving):
        self.base_url, self.listener, self.number = base_url, listener, number
        self.uid = f"86000000000000{number}"
        self.post("units", device_uid=self.uid, moving=moving)

    def post(self, what, **body):
        answer = httpx.post(f"{self.base_url}/sim/{what}", json={"unit_id": self.number, **body}, trust_env=False)
        answer.raise_for_status()

    def truth(self):
        return self.get(f"units/{self.number}")

    def get(self, what):
        return httpx.get(f"{self.base_url}/sim/{what}", trust_env=False).json()

    def ask(self, text, answers=1, within_s=5.0):
        """What it answers within that time."""
        before = len(self.listener.answers)
        self.listener.say(self.uid, text)
        end = time.monotonic() + within_s
        while len(self.listener.answers) < before + answers and time.monotonic() < end:
            time.sleep(0.02)
        return self.listener.answers[before:]


@pytest.fixture(scope="module")
def listener():
    listener = Listener()
    yield listener
    listener.stop()


@pytest.fixture(scope="module")
def simulated(listener):
    with SimulatorProcess(teltonika=listener.address) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def standing(simulated, listener):
    return Tracker(simulated.teltonika_url, listener, 1, moving=False)


@pytest.fixture
def tracker(standing, eventually):
    standing.post("faults")
    eventually(lambda: standing.listener.points)
    assert standing.ask("setdigout 0000")
    return standing


class TestATracker:
    def test_reports_its_vehicle_and_a_relay_that_moves_at_once(self, tracker, eventually):
        assert tracker.ask("setdigout 1") == ["DOUT1:1 Timeout:INFINITY"]
        eventually(lambda: tracker.listener.points[-1].outputs == 1)
        truth, point = tracker.truth(), tracker.listener.points[-1]
        assert truth["relay_on"] is True
        assert abs(point.lat - truth["lat"]) < 0.001
        assert (point.speed_kmh, point.ignition) == (0, False)
        assert abs(point.odometer_m - truth["odometer_m"]) <= 1

    def test_knows_the_makers_commands(self, tracker):
        assert tracker.ask("setdigout ?1") == ["DOUT1:IGNORED DOUT2:1 Timeout:INFINITY"]
        assert tracker.ask("getio") == ["DI1:0 DI2:0 DI3:0 AIN1:0 AIN2:0 DO1:0 DO2:1 DO3:0 DO4:0"]
        assert tracker.ask("getver")[0].startswith("Ver:")
        assert tracker.ask("setdigout 7") == ["Unknown command or invalid format"]

    def test_keeps_a_command_for_later_when_it_is_too_fast_and_forgets_it_when_told(
        self, simulated, listener, eventually
    ):
        tracker = Tracker(simulated.teltonika_url, listener, 2, moving=True)
        eventually(lambda: tracker.truth()["speed_kmh"] > 10 and tracker.uid in listener.uids)
        (answer,) = tracker.ask("setdigout 1 ? 5")
        assert answer.endswith("Speed is above threshold, queued")
        assert tracker.truth()["relay_on"] is False
        assert [each["text"] for each in tracker.get("commands")["queued"]] == ["setdigout 1 ? 5"]
        assert tracker.ask("setdigout 0") == ["DOUT1:0 Timeout:INFINITY"]
        assert tracker.get("commands")["queued"] == []

    @pytest.mark.parametrize(
        ("fault", "answers", "relay_on"),
        [
            ({"lie": True}, ["DOUT1:1 Timeout:INFINITY"], False),
            ({"double": True}, ["DOUT1:1 Timeout:INFINITY"] * 2, True),
            ({"drop": 1.0}, [], False),
            ({"silent": True}, [], True),
            ({"die": True}, [], False),
            ({"die_after": True}, [], True),
            ({"disabled": True}, ["DOUT1 Is disabled from CFG"], False),
        ],
    )
    def test_misbehaves_when_told_to(self, tracker, eventually, fault, answers, relay_on):
        connections = tracker.listener.connections
        tracker.post("faults", **fault)
        assert tracker.ask("setdigout 1 ? 5", answers=len(answers) or 1, within_s=5 if answers else 0.7) == answers
        assert tracker.truth()["relay_on"] is relay_on
        if fault.keys() & {"die", "die_after"}:
            eventually(lambda: tracker.listener.connections > connections)
