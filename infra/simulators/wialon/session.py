"""API sessions: who is logged in, what they watch, and the limits that the real service sets."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from infra.simulators.wialon.errors import INVALID_SESSION, ONE_AT_A_TIME, TOO_MANY_REQUESTS, WialonError

IDLE_S = 300.0
REQUESTS_AT_ONCE = 10
HEAVY_AT_ONCE = 3
POLLS = 10
POLLS_WITHIN_S = 10.0
KEPT_EVENTS = 10_000
FAILED_LOGINS = 10
GOOD_LOGINS = 120
LOGINS_WITHIN_S = 60.0

WATCHES_MESSAGES = 32 | 1024 | 1_048_576


class ApiSession:
    """One login. `watched` maps a unit's number to the data flags asked for it."""

    def __init__(self) -> None:
        self.eid = secrets.token_hex(16)
        self.watched: dict[int, int] = {}
        self.used_at = time.monotonic()
        self._events: deque[dict[str, Any]] = deque(maxlen=KEPT_EVENTS)
        self._requests = 0
        self._heavy = 0
        self._polls: deque[float] = deque()

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """One of at most ten requests at the same time. Raises error 10."""
        if self._requests >= REQUESTS_AT_ONCE:
            raise WialonError(TOO_MANY_REQUESTS)
        self._requests += 1
        try:
            yield
        finally:
            self._requests -= 1

    @contextlib.contextmanager
    def heavy_request(self) -> Iterator[None]:
        """One of at most three that read the archive at the same time. Raises error 1003."""
        if self._heavy >= HEAVY_AT_ONCE:
            raise WialonError(ONE_AT_A_TIME, "LIMIT api_concurrent")
        self._heavy += 1
        try:
            yield
        finally:
            self._heavy -= 1

    def notice(self, unit_id: int, message: dict[str, Any]) -> None:
        """A message has come in; kept until the next poll if this unit's messages are watched."""
        if self.watched.get(unit_id, 0) & WATCHES_MESSAGES:
            self._events.append({"i": unit_id, "t": "m", "d": message})

    def poll(self) -> list[dict[str, Any]]:
        """What happened since the last poll. Raises error 10 at the eleventh within ten seconds."""
        now = time.monotonic()
        while self._polls and now - self._polls[0] >= POLLS_WITHIN_S:
            self._polls.popleft()
        if len(self._polls) >= POLLS:
            raise WialonError(TOO_MANY_REQUESTS)
        self._polls.append(now)
        events = list(self._events)
        self._events.clear()
        return events


class Logins:
    """How often somebody logged in, and failed to: beyond ten failures in a minute nobody is let in at all.

    The witness of a client that hammers. Which error the real service answers with is not documented.
    """

    def __init__(self) -> None:
        self.good = 0
        self.failed = 0
        self._good: deque[float] = deque()
        self._failed: deque[float] = deque()

    def check(self) -> None:
        """Raises error 10 when there were too many within the minute."""
        before = time.monotonic() - LOGINS_WITHIN_S
        for times in (self._good, self._failed):
            while times and times[0] < before:
                times.popleft()
        if len(self._failed) >= FAILED_LOGINS or len(self._good) >= GOOD_LOGINS:
            raise WialonError(TOO_MANY_REQUESTS, "too many logins")

    def note(self, *, is_good: bool) -> None:
        """Somebody tried."""
        self.good += is_good
        self.failed += not is_good
        (self._good if is_good else self._failed).append(time.monotonic())


class ApiSessions:
    """All sessions."""

    def __init__(self, *, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self._by_eid: dict[str, ApiSession] = {}

    def __iter__(self) -> Iterator[ApiSession]:
        """The sessions that are alive."""
        self._forget_idle()
        return iter(list(self._by_eid.values()))

    def open(self) -> ApiSession:
        """A new login."""
        self._forget_idle()
        session = ApiSession()
        self._by_eid[session.eid] = session
        return session

    def renew(self, eid: str) -> ApiSession:
        """The session of a request, which keeps it alive. Raises error 1 when there is none."""
        self._forget_idle()
        session = self._by_eid.get(eid)
        if session is None:
            raise WialonError(INVALID_SESSION)
        session.used_at = time.monotonic()
        return session

    def end_all(self) -> int:
        """End every session, as a restart of the service does; how many there were."""
        ended = len(self._by_eid)
        self._by_eid.clear()
        return ended

    def close(self, session: ApiSession) -> None:
        """Log out."""
        self._by_eid.pop(session.eid, None)

    def _forget_idle(self) -> None:
        before = time.monotonic() - self._idle_s
        for session in [s for s in self._by_eid.values() if s.used_at < before]:
            self.close(session)
