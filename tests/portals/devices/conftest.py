"""A gateway on a real port in its own thread, and devices with real sockets."""

import asyncio
import socket
import threading
import time

import pytest

from portals.devices.crc16 import crc16
from portals.devices.limits import Limits
from portals.devices.protocols import TELTONIKA, WIALON_IPS
from portals.devices.server import Gateway

from .intake_in_memory import IntakeInMemory


class RunningGateway:
    def __init__(self, intake, limits):
        self.intake = intake
        self.limits = limits
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._devices = []
        self._thread.start()
        assert self._ready.wait(5)

    async def _serve(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        gateway = Gateway(self.intake, self.limits)
        self._connections = gateway.connections
        self.ports = {
            protocol.source: await gateway.open(protocol, "127.0.0.1", 0) for protocol in (WIALON_IPS, TELTONIKA)
        }
        self._ready.set()
        await gateway.run(self._stop)

    def connect(self, **options):
        device = Device(self.ports["wialon_ips"], **options)
        self._devices.append(device)
        return device

    def device(self, number=1, *, version="1.1"):
        """A device that has logged in."""
        device = self.connect()
        uid = f"{860000000000000 + number}"
        device.say(f"#L#{uid};NA" if version == "1.1" else signed("L", f"2.0;{uid};NA;"))
        assert device.hear() == "#AL#1"
        return device

    def begin_stop(self):
        self._loop.call_soon_threadsafe(self._stop.set)

    def stop(self):
        if self._thread.is_alive():
            self.intake.gate.set()
            self.begin_stop()
        self._thread.join(10)
        assert not self._thread.is_alive()
        for device in self._devices:
            device.socket.close()


class Device:
    def __init__(self, port, *, receive_bytes=None):
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(5)
        self.socket.connect(("127.0.0.1", port))
        self._heard = b""

    def say(self, *lines):
        self.send("".join(f"{line}\r\n" for line in lines).encode())

    def send(self, data):
        self.socket.sendall(data)

    def hear(self):
        """One line without its end; empty when the gateway hangs up."""
        while b"\r\n" not in self._heard:
            data = self.socket.recv(65_536)
            if not data:
                assert not self._heard
                return ""
            self._heard += data
        line, _, self._heard = self._heard.partition(b"\r\n")
        return line.decode()

    def hears_nothing(self, seconds=0.2):
        self.socket.settimeout(seconds)
        try:
            return self.hear() is None
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(5)

    def is_hung_up_on(self):
        try:
            return self.hear() == ""
        except ConnectionResetError:
            return True


def signed(kind, body):
    return f"#{kind}#{body}{crc16(body.encode()):04X}"


def record(second=0, *, speed="40", params="NA"):
    """A D record of 2024-05-20 14:00 and some seconds."""
    clock = f"14{second // 60:02d}{second % 60:02d}"
    return f"200524;{clock};5544.6025;N;03739.6834;E;{speed};2;3;9;0.9;0;0;;NA;{params}"


def eventually(condition, within=5.0):
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


@pytest.fixture
def intake():
    return IntakeInMemory()


@pytest.fixture
def start_gateway(intake):
    running = []

    def start(**limits):
        limits = {"sweep_s": 0.05, "beat_s": 0.05, "retry_after_s": (0.05, 0.1), **limits}
        running.append(RunningGateway(intake, Limits(**limits)))
        return running[-1]

    yield start
    for gateway in running:
        gateway.stop()


@pytest.fixture
def gateway(start_gateway):
    return start_gateway()
