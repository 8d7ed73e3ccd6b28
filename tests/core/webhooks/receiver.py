"""A receiver of webhooks: a real HTTP server that answers as it is told and keeps what it got."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson


@dataclass(frozen=True)
class Got:
    """One request as it came in."""

    headers: dict[str, str]
    body: bytes
    began: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> dict[str, Any]:
        return orjson.loads(self.body)["data"]

    @property
    def type(self) -> str:
        return orjson.loads(self.body)["type"]


Answer = int | tuple[int, dict[str, str]] | Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Receiver:
    """`answer` says what a request is answered with. `overlapping` names messages that came while they were here."""

    port: int = 0
    answer: Callable[[Got], Answer] = lambda got: 204
    got: list[Got] = field(default_factory=list)
    overlapping: list[str] = field(default_factory=list)
    server: ThreadingHTTPServer | None = None
    _open: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?tenant=1"

    @property
    def allowed(self) -> str:
        return f"127.0.0.1:{self.port}"

    def secure(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        assert self.server is not None
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)

    def taken(self) -> list[Got]:
        """What was answered with a 2xx, in the order of the answers."""
        return [got for got, status in self.answered if 200 <= status < 300]

    answered: list[tuple[Got, int]] = field(default_factory=list)

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"]))
        if len(body) < int(handler.headers["content-length"]):
            return  # the sender died over it
        got = Got({name.lower(): value for name, value in handler.headers.items()}, body, time.monotonic())
        with self._lock:
            self.got.append(got)
            if got.id in self._open:
                self.overlapping.append(got.id)
            self._open.add(got.id)
        try:
            answer = self.answer(got)
            if callable(answer):
                answer(handler)
                return
            status, headers = answer if isinstance(answer, tuple) else (answer, {})
            with self._lock:
                self.answered.append((got, status))
                self._open.discard(got.id)
            handler.send_response(status)
            for name, value in {"content-length": "0", **headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
        finally:
            with self._lock:
                self._open.discard(got.id)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens on a port of its own until the block ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            receiver.handle(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # who hung up did so on purpose

    server = Server(("127.0.0.1", 0), Handler)
    receiver.server = server
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
