"""The product as an integrator meets it: a web server on a port, and a client's id and secret."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from fleet_client import Fleet

from core import clock
from core.config import load
from core.db import Database
from core.identity import service as identity
from core.permissions import GRANTABLE
from portals.app import make_ready
from tests.conftest import ROOT, WITH_FLEET
from tests.infra.free_ports import free_ports

DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "api"
ERP = Path(sysconfig.get_path("scripts")) / "erp"
READY_S = 100.0
_numbers = itertools.count(1)


class Site:
    """`erp web` with two workers on a database of its own. It can be killed and started again."""

    def __init__(self, dsn: str, home: Path) -> None:
        self.port = free_ports(5)
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ERP_")},
            "ERP_MASTER_KEYS": os.environ["ERP_MASTER_KEYS"],
            "ERP_HOME": str(home),
            "ERP_PORT": str(self.port),
            "ERP_WEB_WORKERS": "2",
            "ERP_WEBHOOK_ALLOW": "127.0.0.0/8",
            "DATABASE_URL": dsn,
        }
        self.config = load(self._env)
        self.url = self.config.base_url
        self.database = Database(dsn)
        make_ready(self.config, self.database)
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._server = subprocess.Popen([ERP, "web"], env=self._env, start_new_session=True)
        until = time.monotonic() + READY_S
        while not self._answers():
            assert time.monotonic() < until, "the web server did not start"
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL the server and all its workers."""
        if self._server is not None:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()
            self._server = None

    def client(self, *scopes: str, park_ids: list[int] | None = None) -> tuple[str, str]:
        """The id and the secret of a new client, for all scopes unless told."""
        with self.database.transaction() as session:
            made = identity.create_client(
                session,
                actor=ROOT,
                at=clock.now(),
                name="Integrator",
                scopes=scopes or tuple(GRANTABLE),
                park_ids=park_ids,
            )
        return made.client_id, made.client_secret

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=2, trust_env=False).status_code in {200, 503}
        except httpx.HTTPError:
            return False


@pytest.fixture(scope="package")
def site(postgres_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for all of these tests, with the small fleet."""
    name = f"erp_docs_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {WITH_FLEET} STRATEGY FILE_COPY")
        site = Site(f"{postgres_dsn.rpartition('/')[0]}/{name}", tmp_path_factory.mktemp("site"))
        try:
            site.start()
            yield site
        finally:
            site.kill()
            site.database.close()
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def connect(site: Site) -> Iterator[Callable[..., Fleet]]:
    """A client of the site, for all scopes unless told."""
    opened: list[Fleet] = []

    def connected(*scopes: str, park_ids: list[int] | None = None, **options: float) -> Fleet:
        opened.append(Fleet(site.url, *site.client(*scopes, park_ids=park_ids), **options))
        return opened[-1]

    yield connected
    for fleet in opened:
        fleet.close()


@pytest.fixture
def fleet(connect: Callable[..., Fleet]) -> Fleet:
    """A client that may do everything."""
    return connect()


@pytest.fixture
def environment(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the examples are told by their environment."""
    client_id, secret = site.client()
    for name, value in {"URL": site.url, "CLIENT_ID": client_id, "CLIENT_SECRET": secret}.items():
        monkeypatch.setenv(f"FLEET_{name}", value)
