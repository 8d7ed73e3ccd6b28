"""People with second factors, and sessions whose last proof is long ago."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from werkzeug.serving import make_server

from core.config import Config
from core.db import Database
from core.identity.models import LoginSession
from portals.app import create_app, make_ready
from portals.doors import ErpApp
from tests.conftest import Fleet
from tests.infra.free_ports import free_ports


@pytest.fixture
def age_proof(database: Database) -> Callable[[], None]:
    """Let the last proof of everybody who is signed in be six minutes old."""

    def aged() -> None:
        with database.transaction() as session:
            long_ago = LoginSession.confirmed_at - timedelta(minutes=6)
            session.execute(sa.update(LoginSession).values(confirmed_at=long_ago))

    return aged


@pytest.fixture
def served(config: Config, database: Database, fleet: Fleet) -> Iterator[ErpApp]:
    """The application at the address that it believes in, forms guarded as in production."""
    port = free_ports()
    config = replace(config, public_url=f"http://localhost:{port}")
    make_ready(config, database)
    app = create_app(config, database)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield app
    server.shutdown()
    thread.join()
