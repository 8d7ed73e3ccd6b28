"""A tracker on the device port: it says lines and hears lines of Wialon IPS 1.1."""

from __future__ import annotations

import contextlib
import socket
import time
from datetime import UTC, datetime


class Tracker:
    """One connection of one device."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._heard = self._socket.makefile("rb")

    def say(self, text: str) -> None:
        self._socket.sendall(text.encode())

    def hear(self) -> str:
        """One line without its end; empty when the gateway has hung up."""
        return self._heard.readline().decode().strip()

    def ask(self, text: str) -> str:
        self.say(f"{text}\r\n")
        return self.hear()

    def log_in(self, uid: str, key: str) -> str:
        return self.ask(f"#L#{uid};{key}")

    def is_hung_up_on(self, *, within_s: float) -> bool:
        self._socket.settimeout(within_s)
        try:
            return self._heard.readline() == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._heard.close()
            self._socket.close()


def record(ts: float, *, speed: str = "0") -> str:
    """A D record of a car in San Francisco, without its `#D#`."""
    at = datetime.fromtimestamp(ts, UTC)
    return f"{at:%d%m%y;%H%M%S};3746.7580;N;12225.1520;W;{speed};90;15;9;0.9;NA;0;;NA;ign:1:0"


def seconds_ago(seconds: int) -> int:
    """A whole second of the recent past."""
    return int(time.time()) - seconds
