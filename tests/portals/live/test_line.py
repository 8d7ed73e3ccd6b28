"""A browser that does not read, on a real socket, in threads and under gevent: it is cut, and nobody else waits."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time

import pytest

from portals.live import line
from portals.live.line import Wire


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "PATIENCE_S", 0.3)


class TestAWire:
    def test_is_dead_when_the_other_side_does_not_read(self) -> None:
        ours, theirs = socket.socketpair()
        began = time.monotonic()
        with pytest.raises(OSError, match="timed out"):
            Wire(ours).send(b"x" * 8_000_000)
        assert time.monotonic() - began < 10
        ours.close()
        theirs.close()

    def test_never_mixes_frames_of_two_threads(self) -> None:
        ours, theirs = socket.socketpair()
        wire = Wire(ours)
        threads = [threading.Thread(target=wire.send, args=(letter * 300_000,)) for letter in (b"a", b"b")]
        for thread in threads:
            thread.start()
        heard = b""
        while len(heard) < 600_000:
            heard += theirs.recv(1 << 16)
        for thread in threads:
            thread.join()
        assert heard in (b"a" * 300_000 + b"b" * 300_000, b"b" * 300_000 + b"a" * 300_000)
        ours.close()
        theirs.close()

    def test_behaves_so_under_gevent_too(self) -> None:
        asked = subprocess.run(
            [sys.executable, "-c", _UNDER_GEVENT], check=False, capture_output=True, text=True, timeout=60
        )
        assert asked.stdout.split() == ["cut", "others-went-on", "whole"], asked.stderr


_UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent, socket
from portals.live import line
line.PATIENCE_S = 0.5
ours, theirs = socket.socketpair()
beats = []
def beat():
    while True:
        beats.append(1)
        gevent.sleep(0.02)
gevent.spawn(beat)
try:
    line.Wire(ours).send(b"x" * 8_000_000)
except OSError:
    print("cut")
if len(beats) > 3:
    print("others-went-on")
line.PATIENCE_S = 20
ours, theirs = socket.socketpair()
wire = line.Wire(ours)
both = [gevent.spawn(wire.send, letter * 300_000) for letter in (b"a", b"b")]
heard = b""
while len(heard) < 600_000:
    heard += theirs.recv(1 << 14)
if heard == b"a" * 300_000 + b"b" * 300_000:
    print("whole")
"""
