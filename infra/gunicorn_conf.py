"""gunicorn: one server for pages, API and websockets. Measured beside the others in the stack's facts."""

from gevent import monkey

monkey.patch_all()

from core.config import current  # noqa: E402 - the patch comes first, or sockets block

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
