"""A gateway on a real port in its own thread, and devices with real sockets."""

import asyncio
import contextlib
import socket
import threading
import time

import pytest

from core import clock
from portals.devices.crc16 import crc16
from portals.devices.limits import Limits
from portals.devices.mailbox import Mailbox
from portals.devices.protocols import TELTONIKA, WIALON_IPS
from portals.devices.server import Gateway
from portals.devices.teltonika.commands import decode_message
from portals.devices.teltonika.frames import frame

from .intake_in_memory import IntakeInMemory


class RunningGateway:
    def __init__(self, intake, limits):
        self.intake = intake
        self.limits = limits
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._devices = []
        self._mailboxes = []
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
        for mailbox in self._mailboxes:
            await mailbox.close()

    def open_mailbox(self, database, *, name="gateway", now=clock.now):
        """From now on it says what others put for its devices."""
        mailbox = Mailbox(database, self._connections, name=name, now=now)
        self._mailboxes.append(mailbox)
        asyncio.run_coroutine_threadsafe(mailbox.run(self._stop), self._loop)

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

    def teltonika(self, number=1):
        """A Teltonika device that has logged in."""
        tracker = self.connect_teltonika()
        assert tracker.announce(f"{860000000000000 + number}") == b"\x01"
        return tracker

    def connect_teltonika(self):
        tracker = Tracker(self.ports["teltonika"])
        self._devices.append(tracker)
        return tracker

    def talker(self, source):
        """A device that speaks a protocol by datagrams."""
        talker = Talker(self.ports[source])
        self._devices.append(talker)
        return talker

    def command(self, uid, text, *, timeout_s=5.0):
        """A command to a device, on its way; its answer is the result."""
        said = self._connections.send_command(uid, text, timeout_s=timeout_s)
        return asyncio.run_coroutine_threadsafe(said, self._loop)

    def begin_stop(self):
        with contextlib.suppress(RuntimeError):  # it has ended by itself since somebody looked
            self._loop.call_soon_threadsafe(self._stop.set)

    def stop(self):
        if self._thread.is_alive():
            self.intake.gate.set()
            self.begin_stop()
        self._thread.join(10)
        assert not self._thread.is_alive()
        for device in self._devices:
            device.socket.close()


class Tracker:
    """A Teltonika device, byte by byte."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)

    def announce(self, imei):
        self.send(len(imei).to_bytes(2, "big") + imei.encode())
        return self.hear(1)

    def send(self, data):
        self.socket.sendall(data)

    def hear(self, count=4):
        """So many bytes; fewer when the gateway hangs up."""
        heard = b""
        while len(heard) < count and (data := self.socket.recv(count - len(heard))):
            heard += data
        return heard

    def hear_command(self):
        head = self.hear(8)
        return decode_message(self.hear(int.from_bytes(head[4:], "big") + 4)[:-4]).text

    def reply(self, text):
        self.send(frame(bytes([0x0C, 1, 6]) + len(text).to_bytes(4, "big") + text.encode() + b"\x01"))

    def hears_nothing(self, seconds=0.2):
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(1) is None
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(5)

    def is_hung_up_on(self):
        try:
            return self.hear(1) == b""
        except ConnectionResetError:
            return True


class Talker:
    """A device that sends datagrams."""

    def __init__(self, port):
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.settimeout(5)
        self.socket.connect(("127.0.0.1", port))

    def ask(self, data):
        self.socket.send(data)
        return self.socket.recv(2_048)

    def hears_nothing(self, seconds=0.2):
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(2_048) is None
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(5)


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


def avl(second=0, *, speed=40, records=1):
    """A frame of records of 2024-05-20 14:00 and some seconds, one after the other."""
    body = b""
    for number in range(second, second + records):
        body += (1_716_213_600_000 + number * 1000).to_bytes(8, "big") + b"\0"
        body += (376_613_900).to_bytes(4, "big") + (557_433_750).to_bytes(4, "big")
        body += bytes((0, 3, 0, 2, 9)) + speed.to_bytes(2, "big") + bytes((0, 1, 1, 239, 1, 0, 0, 0))
    return frame(bytes((8, records)) + body + bytes((records,)))


def accepted(number):
    return number.to_bytes(4, "big")


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
