"""A product to measure with a database of its own: durable as in earnest, and gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg

from core import clock
from core.config import Config, load
from core.db import Database
from core.identity import service as identity
from core.permissions import ADMIN, Actor
from core.vehicles import service as vehicles
from infra.bench.product import ERP
from infra.errors import CannotStart
from infra.migrate import migrate
from infra.postgres import Server
from portals.app import make_ready
from tasks.storage import keep_storage

ACTOR = Actor("system", None, "measurement", roles=frozenset({ADMIN}), parks=None)
SCOPES = ("telemetry:ingest", "telemetry:read", "vehicles:read")
DEVICE_UID = "35200000{:07d}"  # fifteen digits, as an IMEI has
READY_S = 60.0
STOP_S = 20.0

_VEHICLES = """
    WITH made AS (
        INSERT INTO vehicles_vehicles (park_id, vin, name, model, status, created_at)
        SELECT %(park_id)s, 'WBENCH0000' || lpad(n::text, 7, '0'), 'Bench ' || n, 'Bench', 'available', %(at)s
        FROM generate_series(1, %(count)s) AS n RETURNING id
    )
    INSERT INTO vehicles_trackers (vehicle_id, device_uid)
    SELECT id, '35200000' || lpad(row_number() OVER (ORDER BY id)::text, 7, '0') FROM made
"""


@dataclass(frozen=True)
class Stand:
    """What is measured: `vehicle_ids` in the order of their devices, the first with DEVICE_UID.format(1)."""

    config: Config
    dsn: str
    vehicle_ids: Sequence[int]
    client: tuple[str, str]
    folder: Path

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A bare connection, for yardsticks and for looking after."""
        return psycopg.connect(self.dsn)

    def token(self) -> str:
        """A fresh access token of the measurement's client."""
        answer = httpx.post(
            f"{self.config.local_url}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=self.client,
            trust_env=False,
        )
        return str(answer.json()["access_token"])


@contextmanager
def standing(*programs: str, port: int, vehicle_count: int = 500) -> Iterator[Stand]:
    """A migrated database with vehicles and their devices, and these programs of the product running over it."""
    folder = Path(tempfile.mkdtemp(prefix="erp-bench-"))
    folder.chmod(0o755)  # as root the database runs as somebody else, who must get in
    server = Server(folder / "postgres", port + 3)
    started: list[subprocess.Popen[bytes]] = []
    try:
        stand = _prepare(folder, server.start(), port, vehicle_count)
        env = {
            **os.environ,
            "DATABASE_URL": stand.dsn,
            "ERP_HOME": str(stand.config.home),
            "ERP_PORT": str(port),
        }
        for program in programs:
            log = (folder / f"{program}.log").open("wb")
            started.append(subprocess.Popen([ERP, program], env=env, stdout=log, stderr=subprocess.STDOUT))
        if "web" in programs:
            _await_web(stand)
        yield stand
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(STOP_S)
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(folder: Path, dsn: str, port: int, vehicle_count: int) -> Stand:
    config = load({"ERP_HOME": str(folder / "home"), "ERP_PORT": str(port), "DATABASE_URL": dsn})
    config.home.mkdir()
    migrate(dsn)
    database = Database(dsn)
    at = clock.now()
    keep_storage(database, at=at, retention=config.retention)
    make_ready(config, database)
    with database.transaction() as session:
        park_id = vehicles.add_park(session, actor=ACTOR, at=at, name="Bench", time_zone="UTC", currency="USD")
        made = identity.create_client(session, actor=ACTOR, at=at, name="Measurement", scopes=SCOPES, park_ids=None)
    database.close()
    with psycopg.connect(dsn) as connection:
        connection.execute(_VEHICLES, {"park_id": park_id, "count": vehicle_count, "at": at - timedelta(days=8)})
        rows = connection.execute("SELECT vehicle_id FROM vehicles_trackers ORDER BY device_uid").fetchall()
    return Stand(config, dsn, [row[0] for row in rows], (made.client_id, made.client_secret), folder)


def _await_web(stand: Stand) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{stand.config.local_url}/sign-in", timeout=2, trust_env=False).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.2)
    log = (stand.folder / "web.log").read_text(errors="replace")
    raise CannotStart(f"The web to be measured did not start. Its last words: {log[-2000:]}")
