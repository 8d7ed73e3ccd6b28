"""A product made for one measurement: a PostgreSQL of its own that keeps its promises, a fleet, and gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core import clock
from core.config import Config, Retention, load
from core.db import Database
from core.permissions import ADMIN, Actor
from core.vehicles import service as vehicles
from core.vehicles.schemas import NewTracker, NewVehicle
from infra.bench.product import ERP
from infra.errors import CannotStart
from infra.migrate import migrate
from infra.postgres import Server
from tasks.storage import keep_storage

_ACTOR = Actor("system", None, "measurement", roles=frozenset({ADMIN}), parks=None)
_NEIGHBOURS = 5
_READY_S = 30.0
_STOP_S = 20.0


@dataclass(frozen=True)
class Throwaway:
    """What was made: where it is, and the vehicle of each device."""

    config: Config
    dsn: str
    vehicle_ids: dict[str, int]


@contextmanager
def throwaway_product(device_uids: list[str]) -> Iterator[Throwaway]:
    """A migrated database on the disk with a vehicle for each device. Raises CannotStart."""
    home = Path(tempfile.mkdtemp(prefix="erp-bench-"))
    home.chmod(0o755)
    port = _free_ports()
    server = Server(home / "postgres", port + 3)
    try:
        dsn = server.start()
        config = load({"ERP_HOME": str(home), "ERP_PORT": str(port), "DATABASE_URL": dsn})
        migrate(dsn)
        database = Database(dsn)
        keep_storage(database, at=clock.now(), retention=Retention())
        made = Throwaway(config, dsn, _register(database, device_uids))
        database.close()
        yield made
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def gateway_of(product: Throwaway) -> Iterator[int]:
    """`erp gateway` as a process of its own; its process id. Raises CannotStart when it does not listen soon."""
    config = product.config
    env = os.environ | {"ERP_HOME": str(config.home), "ERP_PORT": str(config.port), "DATABASE_URL": product.dsn}
    log = config.home / "gateway.log"
    with log.open("wb") as output:
        gateway = subprocess.Popen([ERP, "gateway"], env=env, stdout=output, stderr=subprocess.STDOUT)
    try:
        _await_port(gateway, config.teltonika_port, log)
        yield gateway.pid
    finally:
        gateway.terminate()
        gateway.wait(_STOP_S)


def _register(database: Database, device_uids: list[str]) -> dict[str, int]:
    with database.transaction() as session:
        at = clock.now()
        park_id = vehicles.add_park(session, actor=_ACTOR, at=at, name="Bench", time_zone="Etc/UTC", currency="USD")
        return {
            uid: vehicles.register_vehicle(
                session,
                actor=_ACTOR,
                at=at,
                new=NewVehicle(
                    vin=f"WV1ZZZ2EZ{number:08d}", model="Bench", park_id=park_id, tracker=NewTracker(device_uid=uid)
                ),
            )
            for number, uid in enumerate(device_uids)
        }


def _free_ports() -> int:
    """The first of five neighbouring ports on which nobody listens, below those of outgoing connections."""
    for first in range(20_000, 32_000, _NEIGHBOURS):
        with contextlib.ExitStack() as probes, contextlib.suppress(OSError):
            for port in range(first, first + _NEIGHBOURS):
                probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise CannotStart("There are no five free ports between 20000 and 32000.")


def _await_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _READY_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise CannotStart(f"The gateway does not listen on {port}: {log.read_text()[-500:]}")
