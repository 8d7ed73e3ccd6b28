"""What tests stand on: one throwaway PostgreSQL for the whole run, a migrated template, a clone for each test."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import psycopg
import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient

from core import clock, keyring
from core.config import Config, Retention, load
from core.db import Database
from core.drivers import service as drivers
from core.drivers.models import AssignmentKind
from core.drivers.schemas import NewDriver
from core.identity import passwords
from core.identity import service as identity
from core.investors import service as investors
from core.permissions import ADMIN, Actor
from core.vehicles import service as vehicles
from core.vehicles.models import Powertrain, RelayGateway
from core.vehicles.schemas import NewTracker, NewVehicle
from infra.migrate import migrate
from infra.postgres import Server
from portals.app import create_app, make_ready
from portals.doors import ErpApp
from tasks.storage import keep_storage
from tests.compiled_once import compile_routes_once, share_templates
from tests.infra.free_ports import free_ports

# Whoever opens the databases of this process, and whatever it starts, has the same master keys.
os.environ["ERP_MASTER_KEYS"] = keyring.draw_keys()
BLANK, WITH_FLEET = "erp_template", "erp_template_fleet"
# Hundreds of tests sign in and none is about guessing at hashes: in this process a hash costs next to nothing. What the
# product's own costs is a test in tests/core/identity/test_passwords.py; a product that is served by itself has that.
TRUE_HASHER = passwords._HASHER
passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
passwords._NOBODY = passwords.hash_password("nobody has this password")
compile_routes_once()


@pytest.fixture(scope="session")
def postgres_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of this test process, with templates that have every migration."""
    folder = _make_folder_in_memory() or tmp_path_factory.mktemp("postgres")
    server = Server(folder, free_ports(), throwaway=True)
    dsn = server.start()
    try:
        _make_templates(dsn)
        yield dsn
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


MEMORY = Path("/dev/shm")  # noqa: S108 - not predictable: mkdtemp names what is made there
ROOM_BYTES = 2 * 1024**3


def _make_folder_in_memory() -> Path | None:
    """A folder in memory, where a clone takes a fortieth of the time it takes on a disk; None where there is no room.

    What a killed run left there is cleared away: it would take memory until the machine is started again.
    """
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM_BYTES:
        return None
    for left in MEMORY.glob("erp-tests-*"):
        pid = left.name.split("-")[2]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"erp-tests-{os.getpid()}-", dir=MEMORY))
    folder.chmod(0o755)  # as root the database runs as somebody else, who must get in
    return folder


def _make_templates(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {BLANK}")
        migrate(_named(dsn, BLANK))
        database = Database(_named(dsn, BLANK))
        keep_storage(database, at=clock.now(), retention=Retention())
        database.close()
        connection.execute(f"CREATE DATABASE {WITH_FLEET} TEMPLATE {BLANK} STRATEGY FILE_COPY")
    database = Database(_named(dsn, WITH_FLEET))
    _make_fleet(database, clock.now())
    database.close()


_numbers = itertools.count(1)


@pytest.fixture
def database_url(postgres_dsn: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database with every migration and its partitions, and with the fleet for a test that asks for it."""
    name = f"erp_test_{os.getpid()}_{next(_numbers)}"
    template = WITH_FLEET if "fleet" in request.fixturenames else BLANK
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        yield _named(postgres_dsn, name)
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _named(dsn: str, name: str) -> str:
    return f"{dsn.rpartition('/')[0]}/{name}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The product's door to a fresh database."""
    opened = Database(database_url, pool_size=12)
    yield opened
    opened.close()


@pytest.fixture
def at() -> datetime:
    """The moment the test happens."""
    return clock.now()


@pytest.fixture
def config(tmp_path: Path, database_url: str) -> Config:
    """The product's configuration, with a home of its own and no map from elsewhere."""
    return load({"ERP_HOME": str(tmp_path / "home"), "ERP_PORT": "18000", "DATABASE_URL": database_url})


@pytest.fixture
def app(config: Config, database: Database) -> ErpApp:
    """The web application on the fresh database. Forms need no token here; that they do is a test of its own."""
    make_ready(config, database)
    made = create_app(config, database)
    made.config["WTF_CSRF_ENABLED"] = False
    share_templates(made)
    return made


@pytest.fixture
def client(app: ErpApp) -> FlaskClient:
    """A browser that is not signed in."""
    return app.test_client()


PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Fleet:
    """Two parks with a vehicle each, a driver with the first one, and a person of each role.

    `operator` may immobilize, `dispatcher` may not; both see only the first park. The investor holds half of the
    first vehicle.
    """

    park_id: int
    other_park_id: int
    vehicle_id: int
    other_vehicle_id: int
    driver_id: int
    device_uid: str
    device_key: str
    user_ids: dict[str, int]
    password: str = PASSWORD

    def email(self, role: str) -> str:
        """The e-mail of the person of `role`."""
        return f"{role}@example.test"


ROOT = Actor("system", None, "Tests", roles=frozenset({ADMIN}), parks=None)


@pytest.fixture
def fleet(database: Database) -> Fleet:
    """The smallest fleet in which every rule of sight can be broken. It was made once and comes with the template."""
    names = ("admin", "operator", "dispatcher", "driver", "investor")
    user_ids = {name: number for number, name in enumerate(names, start=1)}
    return Fleet(1, 2, 1, 2, 1, "860000000000001", "key-of-the-device", user_ids)


def _make_fleet(database: Database, at: datetime) -> None:
    with database.transaction() as session:
        parks = [
            vehicles.add_park(session, actor=ROOT, at=at, name=name, time_zone="America/Los_Angeles", currency="USD")
            for name in ("Bayview", "Mission")
        ]
        first = vehicles.register_vehicle(session, actor=ROOT, at=at, new=_first_vehicle(parks[0]))
        vehicles.register_vehicle(
            session, actor=ROOT, at=at, new=NewVehicle(vin="5GZCZ43D13S812715", model="Vue", park_id=parks[1])
        )
        people = _people(parks)
        user_ids = {
            role: identity.create_user(
                session,
                actor=ROOT,
                at=at,
                email=f"{role}@example.test",
                name=role.capitalize(),
                password=PASSWORD,
                **rights,
            )
            for role, rights in people.items()
        }
        driver = drivers.register_driver(
            session,
            actor=ROOT,
            at=at,
            new=NewDriver(name="Ana Lopez", phone="+14155550100", park_id=parks[0]),
            user_id=user_ids["driver"],
        )
        drivers.assign_vehicle(
            session,
            actor=ROOT,
            at=at,
            driver_id=driver,
            vehicle_id=first,
            kind=AssignmentKind.RENTAL,
            starts_at=at - timedelta(days=1),
            ends_at=None,
        )
        investors.record_holding(
            session,
            actor=ROOT,
            at=at,
            user_id=user_ids["investor"],
            vehicle_id=first,
            share_ppm=500_000,
            since=at.date(),
        )


def _first_vehicle(park_id: int) -> NewVehicle:
    return NewVehicle(
        vin="1HGCM82633A004352",
        plate="7ABC123",
        name="Car 1",
        make="Honda",
        model="Accord",
        year=2021,
        powertrain=Powertrain.ICE,
        park_id=park_id,
        tracker=NewTracker(
            device_uid="860000000000001", key="key-of-the-device", relay_gateway=RelayGateway.VIALON_RELAY
        ),
    )


def _people(parks: list[int]) -> dict[str, dict[str, object]]:
    return {
        "admin": {"roles": ["admin"], "park_ids": None},
        "operator": {"roles": ["operator"], "grants": ["access:approve", "access:immobilize"], "park_ids": parks[:1]},
        "dispatcher": {"roles": ["operator"], "park_ids": parks[:1]},
        "driver": {"roles": ["driver"]},
        "investor": {"roles": ["investor"]},
    }


@pytest.fixture
def sign_in(app: ErpApp, fleet: Fleet) -> Callable[[str], FlaskClient]:
    """A browser signed in as the person of a role."""

    def signed_in(role: str) -> FlaskClient:
        browser = app.test_client()
        answer = browser.post("/sign-in", data={"email": fleet.email(role), "password": fleet.password})
        assert answer.status_code == 302, answer.text
        return browser

    return signed_in


@pytest.fixture
def api(app: ErpApp, database: Database, fleet: Fleet, at: datetime) -> Callable[..., FlaskClient]:
    """A client of the API with a token for some scopes, of all parks unless told."""

    def with_token(*scopes: str, park_ids: list[int] | None = None) -> FlaskClient:
        with database.transaction() as session:
            made = identity.create_client(
                session, actor=ROOT, at=at, name="Integrator", scopes=scopes, park_ids=park_ids
            )
        browser = app.test_client()
        answer = browser.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(made.client_id, made.client_secret),
        )
        assert answer.status_code == 200, answer.text
        browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {json.loads(answer.data)['access_token']}"
        return browser

    return with_token
