"""Calling endpoints: one lookup, checked; the connection goes to what was checked; one deadline for all of it.

httpcore, on which httpx stands, lets the connection be ours: no second lookup, no proxies, no redirects, and a limit on
the whole call that a receiver cannot stretch by answering one byte at a time.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import httpcore

from core.webhooks.gateway.addresses import Refused as RefusedAddress
from core.webhooks.gateway.addresses import Resolve, addresses_behind, look_up, read_address
from core.webhooks.rules.addresses import Allowed
from core.webhooks.rules.retries import Answer

TIMEOUT_S = 15.0
MOST_READ = 64 * 1024
# Below what receivers keep an idle connection for, lest they hang up just as a message leaves.
_KEPT_S = 2.0
_MOST_CONNECTIONS = 128


class Sender(Protocol):
    """Delivers one message. Takes up to its whole timeout and never raises: what went wrong is in the answer."""

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST `body` to `url`; the answer, or why there was none."""


class _TooLate(httpcore.TimeoutException):
    """The deadline of the whole call has passed."""


class _Deadline(threading.local):
    """When the call that this thread makes must be over, by the monotonic clock."""

    ends: float = 0.0

    def left(self, asked: float | None) -> float:
        left_s = self.ends - time.monotonic()
        if left_s <= 0:
            raise _TooLate
        return left_s if asked is None else min(asked, left_s)


class _Stream(httpcore.NetworkStream):
    """A connection of which every single step ends with the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _CheckedBackend(httpcore.NetworkBackend):
    """Connects to addresses that were looked up and checked here, and to no others."""

    def __init__(self, allowed: Allowed, deadline: _Deadline, resolve: Resolve) -> None:
        self._allowed = allowed
        self._deadline = deadline
        self._resolve = resolve
        self._calling = threading.local()
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Try the addresses behind the host in turn. Raises RefusedAddress before any connection is made."""
        scheme = self._calling.scheme
        shown = f"[{host}]" if ":" in host else host
        try:
            found = addresses_behind(read_address(f"{scheme}://{shown}:{port}/"), self._allowed, resolve=self._resolve)
        except OSError as problem:
            raise httpcore.ConnectError("there is no host of that name") from problem
        for address in found[:-1]:
            try:
                return self._connect(address, port, timeout, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(found[-1], port, timeout, socket_options)

    def calling(self, scheme: str) -> None:
        """Say by which scheme this thread calls: plain http is refused outside of what is allowed."""
        self._calling.scheme = scheme

    def _connect(
        self, address: str, port: int, timeout: float | None, socket_options: Iterable[Any] | None
    ) -> httpcore.NetworkStream:
        left_s = self._deadline.left(timeout)
        return _Stream(self._plain.connect_tcp(address, port, left_s, None, socket_options), self._deadline)


class HttpSender:
    """See Sender. Connections are kept for a moment and shared by threads."""

    def __init__(
        self,
        allowed: Allowed,
        *,
        timeout_s: float = TIMEOUT_S,
        resolve: Resolve = look_up,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._deadline = _Deadline()
        self._backend = _CheckedBackend(allowed, self._deadline, resolve)
        self._http = httpcore.ConnectionPool(
            ssl_context=trust or httpcore.default_ssl_context(),
            max_connections=_MOST_CONNECTIONS,
            max_keepalive_connections=_MOST_CONNECTIONS,
            keepalive_expiry=_KEPT_S,
            network_backend=self._backend,
        )

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """See Sender."""
        began = time.monotonic()
        self._deadline.ends = began + self._timeout_s
        try:
            status, retry_after_s, words = self._post(url, headers, body)
        except RefusedAddress as refusal:
            status, retry_after_s, words = None, None, f"Not sent: {refusal}"
        except httpcore.TimeoutException:
            status, retry_after_s, words = None, None, f"No whole answer within {self._timeout_s:g} s."
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as problem:
            status, retry_after_s, words = None, None, _say(problem)
        return Answer(status, words, round((time.monotonic() - began) * 1000), retry_after_s)

    def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, float | None, str]:
        # Read again at each sending, so that a rule that became stricter holds for endpoints that are older.
        address = read_address(url)
        self._backend.calling(address.scheme)
        fields = [("host", _host_field(address.url)), ("content-length", str(len(body))), *headers.items()]
        with self._http.stream("POST", address.url, headers=fields, content=body) as response:
            _read_some(response)
            answered = {name.lower(): value for name, value in response.headers}
            retry_after_s = _seconds(answered.get(b"retry-after"))
            return response.status, retry_after_s, _say_status(response.status)


def _read_some(response: httpcore.Response) -> None:
    """Read the body, so that the connection can serve again, unless it is long: then the connection is closed."""
    count = 0
    for piece in response.iter_stream():
        count += len(piece)
        if count > MOST_READ:
            return


def _host_field(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def _seconds(field: bytes | None) -> float | None:
    """`Retry-After`, seconds or a date, in seconds from now (RFC 9110, section 10.2.3). None for anything else."""
    text = (field or b"").decode("latin-1").strip()
    if text.isdecimal():
        return float(text[:9])
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None


def _say_status(status: int) -> str:
    if 200 <= status < 300:
        return f"Taken: {status}."
    if 300 <= status < 400:
        return f"Answered {status}, a redirect. Redirects are not followed: give the endpoint its final address."
    if status == 410:
        return "Answered 410: the receiver wants no more messages."
    return f"Answered {status}."


def _say(problem: Exception) -> str:
    if isinstance(problem, httpcore.ConnectError):
        return f"Could not connect: {problem}."[:300]
    if isinstance(problem, httpcore.RemoteProtocolError | httpcore.ReadError):
        return f"The connection broke before the answer: {problem or type(problem).__name__}."[:300]
    return f"{type(problem).__name__}: {problem}."[:300]
