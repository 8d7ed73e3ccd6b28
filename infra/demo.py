"""The demonstration: two parks, a simulated fleet, its drivers, one person of each role, and their logins.

Everything secret in it is derived from the product's own secret, so that a lost demo.json can be written again and
no password stands in the code. A database that people of their own use is left alone.
"""

from __future__ import annotations

import base64
import hmac
import os
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from core import sealing
from core.config import Config
from core.db import Database, Writer
from core.drivers import service as drivers
from core.drivers.models import AssignmentKind
from core.drivers.schemas import NewDriver
from core.identity import queries as people
from core.identity import service as identity
from core.investors import service as investors
from core.permissions import ADMIN, GRANTABLE, Actor
from core.vehicles import queries as registry
from core.vehicles import service as vehicles
from core.vehicles.models import Powertrain, RelayGateway, VehicleStatus
from core.vehicles.rules import compute_check_digit
from core.vehicles.schemas import NewTracker, NewVehicle

ACTOR = Actor("system", None, "demonstration", roles=frozenset({ADMIN}), parks=None)
DOMAIN = "demo.equinomix.example"
ZONE = "America/Los_Angeles"
PARKS = ("Bayview", "Mission")
FIRST_UNIT = 10_001
# From this size on, of ten vehicles one has its relay behind the simulated Traccar, and one is a Teltonika tracker's.
OTHER_ROADS_FROM, OTHER_ROADS_EVERY, TRACCAR_AT, TELTONIKA_AT = 20, 10, 7, 2


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the demonstration fleet: how it is called, driven and numbered (first eight characters of a VIN)."""

    make: str
    name: str
    year: int
    powertrain: Powertrain
    vin_start: str


MODELS = (
    Model("Toyota", "Prius", 2021, Powertrain.HYBRID, "JTDKARFU"),
    Model("Toyota", "Camry Hybrid", 2022, Powertrain.HYBRID, "4T1C31AK"),
    Model("Honda", "Accord", 2020, Powertrain.ICE, "1HGCV1F3"),
    Model("Hyundai", "Ioniq 5", 2023, Powertrain.ELECTRIC, "KM8KNDAF"),
    Model("Kia", "Niro", 2021, Powertrain.HYBRID, "KNDCB3LC"),
    Model("Tesla", "Model 3", 2022, Powertrain.ELECTRIC, "5YJ3E1EA"),
    Model("Ford", "Transit Connect", 2020, Powertrain.ICE, "NM0LS7E2"),
    Model("Nissan", "Altima", 2021, Powertrain.ICE, "1N4BL4BV"),
)
YEAR_LETTERS = {2020: "L", 2021: "M", 2022: "N", 2023: "P"}
# Statuses in the order vehicles get them: most of the fleet is out, a few are not.
STATUSES = (
    *(VehicleStatus.RENTED,) * 17,
    VehicleStatus.AVAILABLE,
    VehicleStatus.AVAILABLE,
    VehicleStatus.IN_REPAIR,
)
FIRST_NAMES = [
    "Ana",
    "Ben",
    "Carla",
    "Diego",
    "Elif",
    "Farid",
    "Grace",
    "Hiro",
    "Ines",
    "Jamal",
    "Kofi",
    "Lena",
    "Marco",
    "Nadia",
    "Omar",
    "Priya",
    "Quinn",
    "Rosa",
    "Samir",
    "Tara",
    "Umar",
    "Vera",
    "Wei",
    "Ximena",
    "Yusuf",
    "Zoe",
]
LAST_NAMES = [
    "Alvarez",
    "Becker",
    "Chen",
    "Diallo",
    "Eriksen",
    "Fernandes",
    "Garcia",
    "Haddad",
    "Ito",
    "Jensen",
    "Kaur",
    "Lopez",
    "Mensah",
    "Nguyen",
    "Okafor",
    "Park",
    "Quispe",
    "Rossi",
    "Silva",
    "Tran",
    "Usman",
    "Vega",
    "Wong",
    "Xu",
    "Yilmaz",
    "Zhang",
]


@dataclass(frozen=True, slots=True)
class Role:
    """A person of the demonstration."""

    name: str
    roles: tuple[str, ...]
    grants: tuple[str, ...] = ()
    all_parks: bool = False


PEOPLE = {
    "admin": Role("Alex Admin", ("admin",), all_parks=True),
    "operator": Role("Olga Operator", ("operator",), ("access:immobilize",), all_parks=True),
    "dispatcher": Role("Dana Dispatcher", ("operator",), all_parks=True),
    "driver": Role("Drew Driver", ("driver",)),
    "investor": Role("Ivy Investor", ("investor",)),
}


def seed(config: Config, database: Database, *, at: datetime) -> str:
    """Bring the demonstration to the configured size; returns what was done, in words. Safe to repeat."""
    secret = sealing.load_secret(config)
    with database.transaction() as session:
        if _belongs_to_others(session):
            return "This database has people of its own; no demonstration was added."
        is_new = not people.has_users(session.connection())
        if is_new:
            _add_parks_and_people(session, secret, at=at)
        added = _add_vehicles(session, config, secret, at=at)
        if is_new:
            _tie_people(session, at=at)
        client = _client(session, config, at=at)
        fitted = {
            vehicle.device_uid: vehicle.relay_gateway
            for vehicle in registry.list_vehicles(session.connection(), viewer=ACTOR, text="SIM-")
        }
    _write_private(config.home / "demo.json", _logins(config, secret, client))
    _write_private(config.home / "fleet.json", _fleet(config, secret, fitted))
    return f"The demonstration is in place ({added} simulated vehicles added)."


def _belongs_to_others(session: Writer) -> bool:
    users = people.list_users(session.connection(), viewer=ACTOR)
    return bool(users) and _email("admin") not in {user["email"] for user in users}


def _add_parks_and_people(session: Writer, secret: bytes, *, at: datetime) -> None:
    for park in PARKS:
        vehicles.add_park(session, actor=ACTOR, at=at, name=park, time_zone=ZONE, currency="USD")
    for login, person in PEOPLE.items():
        identity.create_user(
            session,
            actor=ACTOR,
            at=at,
            email=_email(login),
            name=person.name,
            password=_password(secret, login),
            roles=person.roles,
            grants=person.grants,
            park_ids=None if person.all_parks else (),
            time_zone=ZONE,
        )


def _add_vehicles(session: Writer, config: Config, secret: bytes, *, at: datetime) -> int:
    parks = [park["id"] for park in registry.list_parks(session.connection(), viewer=ACTOR)]
    known = {vehicle.name for vehicle in registry.list_vehicles(session.connection(), viewer=ACTOR, text="SIM-")}
    missing = [number for number in range(1, config.fleet_size + 1) if _name(number) not in known]
    for number in missing:
        park_id = parks[number % len(parks)]
        vehicle_id = vehicles.register_vehicle(
            session, actor=ACTOR, at=at, new=_new_vehicle(config, number, park_id, secret)
        )
        status = STATUSES[number % len(STATUSES)]
        vehicles.change_status(
            session, actor=ACTOR, at=at, vehicle_id=vehicle_id, status=status, reason="Demonstration"
        )
        if status is VehicleStatus.RENTED:
            _add_driver(session, number, park_id, vehicle_id, at=at)
    return len(missing)


def _add_driver(session: Writer, number: int, park_id: int, vehicle_id: int, *, at: datetime) -> None:
    random_ = random.Random(number)  # noqa: S311 - names of invented people
    name = f"{random_.choice(FIRST_NAMES)} {random_.choice(LAST_NAMES)}"
    driver_id = drivers.register_driver(
        session,
        actor=ACTOR,
        at=at,
        new=NewDriver(name=name, phone=f"+1415555{number:04d}", park_id=park_id),
    )
    drivers.assign_vehicle(
        session,
        actor=ACTOR,
        at=at,
        driver_id=driver_id,
        vehicle_id=vehicle_id,
        kind=random_.choice(list(AssignmentKind)),
        starts_at=at - timedelta(days=random_.randint(1, 90)),
        ends_at=None,
    )


def _tie_people(session: Writer, *, at: datetime) -> None:
    """Give the demonstration's driver a vehicle and its investor a few shares, of those without a driver first."""
    users = {user["email"]: user["id"] for user in people.list_users(session.connection(), viewer=ACTOR)}
    fleet = registry.list_vehicles(session.connection(), viewer=ACTOR)
    free = [vehicle for vehicle in fleet if vehicle.status == VehicleStatus.AVAILABLE]
    park_id = free[0].park_id if free else registry.list_parks(session.connection(), viewer=ACTOR)[0]["id"]
    driver_id = drivers.register_driver(
        session,
        actor=ACTOR,
        at=at,
        new=NewDriver(name=PEOPLE["driver"].name, phone="+14155559999", park_id=park_id),
        user_id=users[_email("driver")],
    )
    if free:
        drivers.assign_vehicle(
            session,
            actor=ACTOR,
            at=at,
            driver_id=driver_id,
            vehicle_id=free[0].id,
            kind=AssignmentKind.RENTAL,
            starts_at=at - timedelta(days=12),
            ends_at=None,
        )
        vehicles.change_status(
            session,
            actor=ACTOR,
            at=at,
            vehicle_id=free[0].id,
            status=VehicleStatus.RENTED,
            reason="Demonstration",
        )
    for place, vehicle in enumerate(fleet[:8]):
        investors.record_holding(
            session,
            actor=ACTOR,
            at=at,
            user_id=users[_email("investor")],
            vehicle_id=vehicle.id,
            share_ppm=(1_000_000, 500_000, 333_333, 250_000)[place % 4],
            since=at.date(),
        )


def _client(session: Writer, config: Config, *, at: datetime) -> dict[str, str]:
    """The API client of the demonstration: the one in demo.json as long as the database knows it, else a new one."""
    path = config.home / "demo.json"
    if path.exists():
        kept: dict[str, str] = orjson.loads(path.read_bytes())["oauth_client"]
        client = people.find_client(session.connection(), client_id=kept["client_id"], at=at)
        if client is not None and client.check_secret(kept["client_secret"]):
            return kept
    made = identity.create_client(session, actor=ACTOR, at=at, name="Demonstration integrator", scopes=GRANTABLE)
    return {"client_id": made.client_id, "client_secret": made.client_secret}


def _logins(config: Config, secret: bytes, client: dict[str, str]) -> dict[str, Any]:
    return {
        "base_url": config.base_url,
        "users": {login: {"email": _email(login), "password": _password(secret, login)} for login in PEOPLE},
        "oauth_client": client,
        "devices": {
            "wialon_ips": {"host": "127.0.0.1", "port": config.ips_port},
            "teltonika": {"host": "127.0.0.1", "port": config.teltonika_port},
        },
        "wialon_simulator": {"base_url": f"http://127.0.0.1:{config.simulator_port}"},
        "traccar_simulator": {"base_url": f"http://127.0.0.1:{config.traccar_simulator_port}"},
        "teltonika_simulator": {"base_url": f"http://127.0.0.1:{config.teltonika_simulator_port}"},
    }


def _fleet(config: Config, secret: bytes, fitted: Mapping[str | None, RelayGateway | None]) -> dict[str, Any]:
    """The fleet as the simulators read it. Which tracker a vehicle has is what the registry says of it."""
    return {
        "ips": {"host": "127.0.0.1", "port": config.ips_port},
        "wialon": {"host": "127.0.0.1", "port": config.simulator_port, "token": config.wialon.token},
        "traccar": {"host": "127.0.0.1", "port": config.traccar_simulator_port, "token": config.traccar.token},
        "teltonika": {
            "host": "127.0.0.1",
            "port": config.teltonika_port,
            "control_port": config.teltonika_simulator_port,
        },
        "devices": [
            {
                "device_uid": _device_uid(number),
                "device_key": _device_key(secret, number),
                "unit_id": FIRST_UNIT + number - 1,
                "name": _name(number),
                "powertrain": _model(number).powertrain,
                "relay_output": 1,
                "protocol": "teltonika" if _is_teltonika(fitted.get(_device_uid(number))) else "wialon_ips",
            }
            for number in range(1, config.fleet_size + 1)
        ],
    }


def _new_vehicle(config: Config, number: int, park_id: int, secret: bytes) -> NewVehicle:
    model = _model(number)
    gateway = _gateway(config, number)
    return NewVehicle(
        vin=_vin(model, number),
        plate=f"{number % 9 + 1}SIM{number:03d}",
        name=_name(number),
        make=model.make,
        model=model.name,
        year=model.year,
        powertrain=model.powertrain,
        park_id=park_id,
        tracker=NewTracker(
            device_uid=_device_uid(number),
            key=None if _is_teltonika(gateway) else _device_key(secret, number),
            relay_gateway=gateway,
        ),
    )


def _gateway(config: Config, number: int) -> RelayGateway:
    place = number % OTHER_ROADS_EVERY if config.fleet_size >= OTHER_ROADS_FROM else 0
    roads = {TRACCAR_AT: RelayGateway.TRACCAR_COMMAND, TELTONIKA_AT: RelayGateway.TELTONIKA_CODEC12}
    return roads.get(place, RelayGateway.VIALON_RELAY)


def _is_teltonika(gateway: RelayGateway | None) -> bool:
    """Such a tracker speaks its maker's protocol, which knows no key."""
    return gateway is RelayGateway.TELTONIKA_CODEC12


def _vin(model: Model, number: int) -> str:
    """An invented VIN with a true check digit; the plant `Z` and the high serial keep it apart from real cars."""
    blank = f"{model.vin_start}0{YEAR_LETTERS[model.year]}Z9{number:05d}"
    return f"{blank[:8]}{compute_check_digit(blank)}{blank[9:]}"


def _model(number: int) -> Model:
    return MODELS[number % len(MODELS)]


def _name(number: int) -> str:
    return f"SIM-{number:03d}"


def _device_uid(number: int) -> str:
    return f"8600000000{number:05d}"


def _device_key(secret: bytes, number: int) -> str:
    return _derived(secret, f"demo:device:{number}", length=16)


def _email(login: str) -> str:
    return f"{login}@{DOMAIN}"


def _password(secret: bytes, login: str) -> str:
    text = _derived(secret, f"demo:password:{login}", length=16).lower()
    return "-".join(_groups(text, 4))


def _groups(text: str, size: int) -> Iterable[str]:
    return (text[start : start + size] for start in range(0, len(text), size))


def _derived(secret: bytes, purpose: str, *, length: int) -> str:
    digest = hmac.digest(sealing.derive(secret, "demo"), purpose.encode(), "sha256")
    return base64.b32encode(digest).decode()[:length]


def _write_private(path: Path, content: dict[str, Any]) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    draft.replace(path)
