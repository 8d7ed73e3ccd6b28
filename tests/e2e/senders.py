"""Senders that live through anything: each remembers what was acknowledged, and repeats what was not."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from datetime import UTC, datetime

import httpx

from tests.e2e.api import Api
from tests.e2e.tracker import Tracker, record

KEY = "a key of four"
# As far back as points are taken in, less a few hours: each sender has moments enough for a long proof.
REACH_S = 500_000
EASE_S = 0.05


class Sender:
    """Sends points of one vehicle, second after second of its past, in a thread of its own.

    `acknowledged` are the moments that it need not send again; `sent` is the first moment that it never sent.
    """

    def __init__(self, uid: str) -> None:
        self.uid = uid
        self.began = self.sent = int(time.time()) - REACH_S
        self.acknowledged: set[int] = set()
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.over.set()
        self._thread.join(40)
        assert not self._thread.is_alive()

    def _live(self) -> None:
        while not self.over.wait(0.05):
            with contextlib.suppress(OSError, httpx.HTTPError):
                self.send_on()

    def send_on(self) -> None:
        """Send until the connection ends, or it is over."""
        raise NotImplementedError

    def take(self, count: int) -> list[int]:
        """The next moments that were never sent."""
        moments = list(range(self.sent, self.sent + count))
        self.sent += count
        assert self.sent < time.time(), "a sender came to the end of its past: it must send less, or for less long"
        return moments


class Device(Sender):
    """A tracker that does not wait for each answer: up to `window` reports are on their way at once."""

    def __init__(self, port: int, uid: str, *, window: int) -> None:
        super().__init__(uid)
        self._port, self._window = port, window
        self._unanswered: deque[int] = deque()

    def send_on(self) -> None:
        tracker = Tracker(self._port)
        try:
            if tracker.log_in(self.uid, KEY) != "#AL#1":
                return
            for moment in self._unanswered:
                tracker.say(f"#D#{record(moment)}\r\n")
            while not self.over.is_set():
                self._fill(tracker)
                if tracker.hear() != "#AD#1":
                    return
                self.acknowledged.add(self._unanswered.popleft())
        finally:
            tracker.close()

    def _fill(self, tracker: Tracker) -> None:
        for moment in self.take(self._window - len(self._unanswered)):
            self._unanswered.append(moment)
            tracker.say(f"#D#{record(moment)}\r\n")


class Integration(Sender):
    """A program that posts batches and repeats each until it is answered."""

    def __init__(self, api: Api, uid: str, *, batch: int) -> None:
        super().__init__(uid)
        self._base_url, self._authorization = str(api.http.base_url), api.http.headers["Authorization"]
        self._batch = batch
        self._unanswered: list[int] = []

    def send_on(self) -> None:
        headers = {"Authorization": self._authorization}
        with httpx.Client(base_url=self._base_url, headers=headers, timeout=10, trust_env=False) as http:
            while not self.over.wait(EASE_S):
                self._unanswered = self._unanswered or self.take(self._batch)
                points = [
                    {"device_uid": self.uid, "ts": datetime.fromtimestamp(moment, UTC).isoformat(), "speed_kmh": 0}
                    for moment in self._unanswered
                ]
                if http.post("/api/v1/telemetry", json={"points": points}).status_code != 200:
                    return
                self.acknowledged.update(self._unanswered)
                self._unanswered = []
