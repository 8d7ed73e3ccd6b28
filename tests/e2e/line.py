"""The line between a browser and the product, which a test can cut: both ends see their sockets die."""

from __future__ import annotations

import contextlib
import socket
import threading


class Line:
    """Listens on a port of its own and carries bytes to `target` and back, as long as it is whole."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._whole = True
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection and let no new one through."""
        with self._lock:
            self._whole = False
            broken, self._open = self._open, set()
        for end in broken:
            _break(end)

    def mend(self) -> None:
        with self._lock:
            self._whole = True

    def close(self) -> None:
        self.cut()
        _break(self._listener)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        except OSError:
            _break(near)
            return
        far.settimeout(None)
        with self._lock:
            is_through = self._whole
            if is_through:
                self._open |= {near, far}
        if not is_through:
            _break(near)
            _break(far)
            return
        threading.Thread(target=self._carry, args=(far, near), daemon=True).start()
        self._carry(near, far)

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
        with self._lock:
            self._open -= {source, sink}
        _break(source)
        _break(sink)


def _break(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
