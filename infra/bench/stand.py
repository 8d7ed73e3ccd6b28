"""A product to measure with a database of its own: durable as in earnest, and gone afterwards."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg

from core import clock, keyring
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
BACK_END = ("web", "worker", "scheduler", "follower", "gateway")
READY_S = 120.0
STOP_S = 20.0
# Those of the product are neighbours (core/config.py); one more is for whatever a measurement sets beside it.
_PORTS = 7
SPARE_PORT = _PORTS - 1

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
    """What is measured: `vehicle_ids` in the order of their devices, the first with DEVICE_UID.format(1).

    `operator` is what somebody who may see everything signs in with, `pids` are the processes of the programs and of
    the database by name.
    """

    config: Config
    dsn: str
    vehicle_ids: Sequence[int]
    client: tuple[str, str]
    operator: Mapping[str, str]
    folder: Path
    server: Server
    pids: dict[str, int] = field(default_factory=dict)

    @property
    def device_uids(self) -> list[str]:
        """The devices, in the order of `vehicle_ids`."""
        return [DEVICE_UID.format(number + 1) for number in range(len(self.vehicle_ids))]

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A bare connection, for yardsticks and for looking after."""
        return psycopg.connect(self.dsn, autocommit=True)

    def settle(self) -> None:
        """Leave the database nothing to do about what was written: everything is on the disk afterwards.

        It is stopped in order and started again, which a checkpoint is part of; so no program may run.
        """
        self.server.stop()
        self.server.start()

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
def standing(*programs: str, vehicle_count: int = 500) -> Iterator[Stand]:
    """A migrated database with vehicles and their devices, and these programs of the product running over it.

    Call it from the main thread. Raises CannotStart when a program does not start, or did not run to the end.
    """
    # Of this program and of those it starts, which open the same database.
    os.environ.setdefault("ERP_MASTER_KEYS", keyring.draw_keys())
    folder = Path(tempfile.mkdtemp(prefix="erp-bench-"))
    folder.chmod(0o755)  # as root the database runs as somebody else, who must get in
    port = _find_free_ports()
    server = Server(folder / "postgres", port + 3)
    with ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        cleanup.callback(server.stop)
        stand = _prepare(folder, server, port, vehicle_count)
        stand.pids["database"] = server.pid or 0
        started = cleanup.enter_context(_running(stand, programs))
        _await_answers(stand, started)
        yield stand
        for program, process in started.items():
            if process.poll() is not None:
                raise CannotStart(f"{program} ended while it was measured. {_last_words(stand, program)}")


@contextmanager
def _running(stand: Stand, programs: Sequence[str]) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    env = {
        **os.environ,
        "DATABASE_URL": stand.dsn,
        "ERP_HOME": str(stand.config.home),
        "ERP_PORT": str(stand.config.port),
        "ERP_PUBLIC_URL": "",
    }
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for program in programs:
            with _log_of(stand, program).open("wb") as log:
                started[program] = subprocess.Popen([ERP, program], env=env, stdout=log, stderr=subprocess.STDOUT)
            stand.pids[program] = started[program].pid
        yield started
    finally:
        for process in reversed(started.values()):
            process.terminate()
        for process in started.values():
            process.wait(STOP_S)


def _prepare(folder: Path, server: Server, port: int, vehicle_count: int) -> Stand:
    dsn = server.start()
    config = load({"ERP_HOME": str(folder / "home"), "ERP_PORT": str(port), "DATABASE_URL": dsn})
    config.home.mkdir()
    migrate(dsn)
    database = Database(dsn)
    at = clock.now()
    keep_storage(database, at=at, retention=config.retention)
    make_ready(config, database)
    operator = {"email": "operator@bench.example", "password": secrets.token_urlsafe(24)}
    with database.transaction() as session:
        park_id = vehicles.add_park(session, actor=ACTOR, at=at, name="Bench", time_zone="UTC", currency="USD")
        made = identity.create_client(session, actor=ACTOR, at=at, name="Measurement", scopes=SCOPES, park_ids=None)
        identity.create_user(
            session, actor=ACTOR, at=at, name="Operator", roles=["operator"], park_ids=None, **operator
        )
    database.close()
    with psycopg.connect(dsn) as connection:
        connection.execute(_VEHICLES, {"park_id": park_id, "count": vehicle_count, "at": at - timedelta(days=8)})
        rows = connection.execute("SELECT vehicle_id FROM vehicles_trackers ORDER BY device_uid").fetchall()
    return Stand(config, dsn, [row[0] for row in rows], (made.client_id, made.client_secret), operator, folder, server)


def _await_answers(stand: Stand, started: Mapping[str, subprocess.Popen[bytes]]) -> None:
    answers: dict[str, Callable[[], bool]] = {
        "web": lambda: _serves(stand.config),
        "gateway": lambda: _listens(stand.config.ips_port) and _listens(stand.config.teltonika_port),
    }
    deadline = time.monotonic() + READY_S
    for program in started.keys() & answers.keys():
        while not answers[program]():
            if started[program].poll() is not None or time.monotonic() > deadline:
                raise CannotStart(f"The {program} to be measured did not start. {_last_words(stand, program)}")
            time.sleep(0.2)


def _serves(config: Config) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{config.local_url}/sign-in", timeout=2, trust_env=False).is_success
    return False


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _find_free_ports() -> int:
    """The first of neighbouring ports on which nobody listens, below those of outgoing connections."""
    for first in range(20_000, 32_000, _PORTS):
        with ExitStack() as probes, contextlib.suppress(OSError):
            for port in range(first, first + _PORTS):
                probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise CannotStart(f"There are no {_PORTS} free ports in a row between 20000 and 32000.")


def _log_of(stand: Stand, program: str) -> Path:
    return stand.folder / f"{program}.log"


def _last_words(stand: Stand, program: str) -> str:
    return f"Its last words: {_log_of(stand, program).read_text(errors='replace')[-2000:]}"
