"""One session with the Wialon Remote API: logging in, asking, and what its error codes mean.

Source: Wialon SDK, Remote API: token/login, "Error codes", "Limits" (sdk.wialon.com).
"""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx
import orjson

from core.access.gateway.road import GatewayDown
from core.config import WialonAccount

# Wialon takes ten requests at a time from one session, and blocks an address after ten failed logins in a minute.
_AT_ONCE = 8
_AFTER_BAD_TOKEN_S = 20.0
_AFTER_BAD_LOGIN_S = 2.0
# A session dies after five minutes without a request; a command is not to be the request that finds out.
_IDLE_S = 240.0
_BUSY_PAUSES_S = (0.2, 0.4)

_SESSION_GONE = frozenset({1, 1011})
_BAD_TOKEN = frozenset({7, 8})
_NO_MESSAGES = 1001
BUSY = frozenset({10, 1003})
REFUSED = frozenset({2, 3, 4, 5, 7, 8})

_WORDS = {
    1: "the session is not valid",
    2: "it knows no such service",
    3: "there is no such unit",
    4: "the input was not valid",
    5: "the command could not be executed, the device has no live data channel",
    6: "unknown error",
    7: "access denied, the account lacks the right to execute commands",
    8: "the token is not valid",
    9: "its authorization server is not available",
    10: "too many requests at the same time",
    1001: "there are no messages",
    1003: "only one such request at a time",
    1004: "too many messages",
    1005: "it took too long to carry out",
    1011: "the session has expired",
}


class ApiError(Exception):
    """Wialon answered, with a code."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        words = _WORDS.get(code, "an error of its own")
        super().__init__(f"Wialon answered error {code}: {words}{f' ({reason})' if reason else ''}")


class NeverLeft(GatewayDown):
    """The request was not made: there was no connection, or no session to make it with."""


class WialonSession:
    """One session for all threads, opened and renewed by one of them at a time."""

    def __init__(self, account: WialonAccount, *, timeout_s: float) -> None:
        self._account = account
        self._http = httpx.Client(
            base_url=account.base_url,
            timeout=timeout_s,
            trust_env=False,
            limits=httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE),
        )
        self._lock = threading.Lock()
        self._sid: str | None = None
        self._used_at = 0.0
        self._failure = ""
        self._failed_at = float("-inf")
        self._not_before = float("-inf")

    def call(self, service: str, params: dict[str, Any]) -> dict[str, Any]:
        """Ask once. Raises ApiError, NeverLeft, or GatewayDown when nobody knows whether it was done."""
        sid = self._open()
        try:
            return self._post(service, params, sid)
        except ApiError as problem:
            if problem.code in _SESSION_GONE:
                self._forget(sid)
            raise

    def read(self, service: str, params: dict[str, Any]) -> dict[str, Any]:
        """Ask what changes nothing, and may be asked again over a new session or when Wialon is less busy.

        Nothing to read is an empty answer. Raises GatewayDown.
        """
        pauses, sessions = iter(_BUSY_PAUSES_S), iter((1,))
        while True:
            try:
                return self.call(service, params)
            except ApiError as problem:
                if problem.code == _NO_MESSAGES:
                    return {}
                pause = next(pauses, None) if problem.code in BUSY else None
                if pause is not None:
                    time.sleep(pause)
                elif problem.code not in _SESSION_GONE or next(sessions, None) is None:
                    raise GatewayDown(str(problem)) from problem

    def _open(self) -> str:
        """The session's id. Whoever waited while another failed to log in has failed too."""
        asked_at = time.monotonic()
        with self._lock:
            now = time.monotonic()
            if self._sid is None or now - self._used_at > _IDLE_S:
                if self._failed_at >= asked_at:
                    raise NeverLeft(self._failure)
                if now < self._not_before:
                    raise NeverLeft(f"{self._failure}; logging in is tried again in {self._not_before - now:.0f} s")
                self._sid = self._log_in()
            self._used_at = time.monotonic()
            return self._sid

    def _log_in(self) -> str:
        """A bad token is not tried again at once: Wialon would take us for an attacker and shut us out."""
        try:
            return str(self._post("token/login", {"token": self._account.token, "fl": 1}, None)["eid"])
        except (ApiError, GatewayDown, KeyError) as problem:
            is_word = isinstance(problem, ApiError | GatewayDown)
            self._failure = str(problem) if is_word else "Wialon let us in without a session"
            self._failed_at = time.monotonic()
            if isinstance(problem, ApiError):
                pause = _AFTER_BAD_TOKEN_S if problem.code in _BAD_TOKEN else _AFTER_BAD_LOGIN_S
                self._not_before = self._failed_at + pause
            raise NeverLeft(self._failure) from problem

    def _forget(self, sid: str) -> None:
        with self._lock:
            if self._sid == sid:
                self._sid = None

    def _post(self, service: str, params: dict[str, Any], sid: str | None) -> dict[str, Any]:
        form = {"svc": service, "params": orjson.dumps(params).decode()}
        if sid is not None:
            form["sid"] = sid
        try:
            response = self._http.post("/wialon/ajax.html", data=form)
            answer = orjson.loads(response.content)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as problem:
            raise NeverLeft(f"Wialon did not answer: {type(problem).__name__}") from problem
        except (httpx.HTTPError, orjson.JSONDecodeError) as problem:
            raise GatewayDown(f"Wialon did not answer: {type(problem).__name__}") from problem
        if isinstance(answer, dict) and isinstance(code := answer.get("error"), int) and code != 0:
            raise ApiError(code, str(answer.get("reason", "")))
        return answer if isinstance(answer, dict) else {"items": answer}
