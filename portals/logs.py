"""Logs of every process in one form: time, level, where, what."""

from __future__ import annotations

import logging
import time


def set_up() -> None:
    """Log to standard error; the supervisor, or whatever runs the process, keeps it."""
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)sZ %(levelname)-7s %(name)s: %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
        force=True,
    )
    for chatty in ("httpx", "httpcore", "huey", "alembic.runtime.plugins"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
