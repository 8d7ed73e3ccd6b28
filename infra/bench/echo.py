"""The yardstick of the fan-out: what a database says is written to every websocket, and nothing else is done.

The same server, worker class and number of workers as the product; each worker has one LISTEN and hands the payload
that is asked for (`<moment> <bytes>`) to all of its sockets, framed once.
"""

from gevent import monkey

monkey.patch_all()

import queue  # noqa: E402 - the patch comes first, or sockets block
import threading  # noqa: E402
from typing import Any  # noqa: E402

import psycopg  # noqa: E402
from flask import Flask  # noqa: E402
from flask_sock import Sock  # noqa: E402

from core.config import current  # noqa: E402
from portals.live.frames import plain_frame  # noqa: E402

CHANNEL = "bench_echo"

app = Flask(__name__)
sock = Sock(app)
_queues: set[queue.Queue[bytes]] = set()
_begun = threading.Event()


@sock.route("/live")  # type: ignore[untyped-decorator]
def live(ws: Any) -> None:
    """Every payload, as it comes."""
    if not _begun.is_set():
        _begun.set()
        threading.Thread(target=_follow, daemon=True).start()
    mine: queue.Queue[bytes] = queue.Queue()
    _queues.add(mine)
    try:
        while ws.connected:
            ws.sock.sendall(mine.get())
    finally:
        _queues.discard(mine)


def _follow() -> None:
    with psycopg.connect(current().database_url or "", autocommit=True) as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        for notify in connection.notifies():
            moment, size = notify.payload.split()
            frame = plain_frame(moment.encode().ljust(int(size)))
            for each in list(_queues):
                each.put(frame)
