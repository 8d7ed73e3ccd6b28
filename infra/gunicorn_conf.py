"""gunicorn: one server for pages, API and websockets. Measured beside the others in the stack's facts."""

from gevent import monkey

monkey.patch_all()

import gc  # noqa: E402

from gevent.server import StreamServer  # noqa: E402 - the patch comes first, or sockets block

from core.config import current  # noqa: E402

_settings = current()
bind = f"{_settings.host}:{_settings.port}"
workers = _settings.web_workers
worker_class = "gevent"
worker_connections = 5000
# A browser that keeps its websocket open must not hold up a restart.
graceful_timeout = 5
timeout = 60
keepalive = 30
accesslog = None  # the proxy keeps the access log
control_socket_disable = True

# One new connection at a wake-up: of a hundred, which is the default, the first worker to wake takes all that come at
# once, and the other cores look on. Source: gevent, BaseServer.max_accept.
StreamServer.max_accept = 1


def post_worker_init(worker: object) -> None:
    """What was loaded stays: the collector of cyclic garbage need not look at it again at each batch of points."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
