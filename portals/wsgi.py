"""What the web server loads. Imported after gunicorn_conf.py has made blocking calls cooperative."""

from __future__ import annotations

import psycopg

from core import config, db
from portals import logs
from portals.app import create_app

# psycopg chooses how to wait when it is imported; imported too early it would block every request of the worker.
_wait = getattr(psycopg.waiting.wait, "__name__", "")
assert _wait != "wait_c", "psycopg was imported before gevent patched the sockets"

logs.set_up()
app = create_app(config.current(), db.current())
