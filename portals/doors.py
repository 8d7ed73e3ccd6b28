"""The doors a view goes through: who asks, at what moment, one connection to read, one transaction to write.

The transaction belongs to the request: a view that returns commits, one that raises rolls back (see `ErpApp`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Any, cast

from flask import Flask, current_app, g
from flask.typing import ResponseReturnValue

from core import clock
from core.config import Config
from core.db import Database, Reader, Writer
from core.identity.tokens import TokenIssuer
from core.permissions import Actor
from core.telemetry.rules.limits import Limits

# What a gate may put around the view, as `g.around`, to have a part in its transaction.
Around = Callable[[Callable[[], ResponseReturnValue]], ResponseReturnValue]


class ErpApp(Flask):
    """Flask with the product's doors: what a view wrote is committed or rolled back here and nowhere else."""

    settings: Config
    database: Database
    tokens: TokenIssuer
    factor_key: bytes
    limits: Mapping[str, Limits]

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view; commit what it wrote if it returns, roll it back if it raises."""
        with ExitStack() as opened:
            g.opened = opened
            around: Around | None = g.get("around")
            return super().dispatch_request() if around is None else around(super().dispatch_request)

    def do_teardown_appcontext(self, *args: Any, **kwargs: Any) -> None:
        """Give back the connection for reading: the last that a request does, after an error page too."""
        stop_reading()
        super().do_teardown_appcontext(*args, **kwargs)


def erp() -> ErpApp:
    """The application that serves this request."""
    return cast(ErpApp, current_app)


def at() -> datetime:
    """The moment of this request, the same wherever it is asked."""
    if "at" not in g:
        g.at = clock.now()
    return cast(datetime, g.at)


def actor() -> Actor:
    """Who is asking. The gate of each portal has put them here."""
    return cast(Actor, g.actor)


def caller() -> str:
    """The program that asks, and for whom: it has its keys and its allowance by this name, whatever token it shows."""
    return cast(str, g.caller)


def read() -> Reader:
    """The request's connection for reading; PostgreSQL refuses writes on it."""
    if "reading" not in g:
        opened = ExitStack()
        g.reader = opened.enter_context(erp().database.reading())
        g.reading = opened
    return cast(Reader, g.reader)


def stop_reading() -> None:
    """Give the connection back before the request ends: a websocket lasts for hours and must not keep one."""
    if "reading" in g:
        g.pop("reader", None)
        g.pop("reading").close()


def write() -> Writer:
    """The request's transaction, opened at first use."""
    if "writer" not in g:
        g.writer = g.opened.enter_context(erp().database.transaction())
    return cast(Writer, g.writer)
