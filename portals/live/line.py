"""The websocket of a board, and the line it is sent over."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

from flask import Blueprint, request
from flask_login import current_user
from flask_sock import Sock
from simple_websocket import Server

from portals.auth.gates import is_same_still
from portals.doors import ErpApp, actor, erp, stop_reading
from portals.live.client import Client
from portals.live.frames import may_deflate
from portals.live.hub import Hub
from portals.security import is_own_origin

bp = Blueprint("live", __name__)
sock = Sock(bp)

TICK_S = 5.0
# For so long a board goes on after its session has ended, or its operator's rights have changed.
CHECK_S = 20.0
# A browser that has not taken a message within this is gone, or as good as gone.
PATIENCE_S = 20.0
# What the system may hold for a browser that does not read: enough for a snapshot, little for three hundred.
KERNEL_BYTES = 1 << 18


class Wire:
    """A connected socket on which frames never mix: each is sent whole, or the line is dead.

    Under gevent a `send` may take a part only, and the websocket answers pings from a thread of its own.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._sending = threading.Lock()
        line.settimeout(PATIENCE_S)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)

    def send(self, frame: bytes) -> None:
        """Send all of it; OSError when the other side does not take it in time."""
        with self._sending:
            self._line.sendall(frame)

    def recv(self, most: int) -> bytes:
        """What came from the browser."""
        return self._line.recv(most)

    def fileno(self) -> int:
        """The descriptor, for whoever waits until something comes."""
        return self._line.fileno()

    def close(self) -> None:
        """Cut the line."""
        self._line.close()


@sock.route("/live")  # type: ignore[untyped-decorator]
def live(ws: Server) -> None:
    """The websocket of a board."""
    if not is_own_origin(request.headers.get("Origin")):
        ws.close(1008, "Open the board itself.")
        return
    stop_reading()
    ws.sock = Wire(ws.sock)
    hub = hub_of(erp())
    client = hub.join(
        actor().reach("telemetry:read").parks,
        epoch=request.args.get("epoch", ""),
        offset=request.args.get("offset", ""),
    )
    try:
        _serve(ws, hub, client, deflates=may_deflate(request.headers.get("Sec-WebSocket-Extensions", "")))
    except OSError:
        ws.sock.close()
    finally:
        hub.leave(client)


def _serve(ws: Any, hub: Hub, client: Client, *, deflates: bool) -> None:
    cookie, viewer, checked_at = current_user.get_id(), actor(), time.monotonic()
    while ws.connected:
        if time.monotonic() - checked_at > CHECK_S:
            checked_at = time.monotonic()
            if not is_same_still(cookie, viewer):
                ws.close(1008, "What you may see has changed.")
                return
        message = client.take(TICK_S) or hub.refresh(client)
        if message is not None:
            ws.sock.send(message.deflated if deflates else message.plain)


def hub_of(app: ErpApp) -> Hub:
    """The hub of this process."""
    hub: Hub = app.extensions["live-hub"]
    return hub


def install(app: ErpApp) -> None:
    """Give the application its hub; it reads nothing before the first board opens."""
    app.extensions["live-hub"] = Hub(app.database)
    app.config["SOCK_SERVER_OPTIONS"] = {"ping_interval": 20, "max_message_size": 4096}
    app.register_blueprint(bp)
