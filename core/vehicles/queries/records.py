"""Every read about vehicles, as far as the viewer's right reaches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.db import Reader, bigint_array, driver, plain_rows
from core.errors import NotFound
from core.identity.passwords import is_secret
from core.permissions import Actor
from core.sight import in_reach
from core.vehicles.models import (
    Park,
    Powertrain,
    RelayGateway,
    Tracker,
    UnknownDevice,
    Vehicle,
    VehicleClass,
    VehicleStatus,
    VehicleStatusChange,
)
from core.vehicles.schemas import TrackerFamily


@dataclass(frozen=True, slots=True)
class VehicleRecord:
    """A vehicle as the API and the pages show it. It never carries the device's key."""

    id: int
    park_id: int
    park: str
    time_zone: str
    vin: str
    plate: str | None
    name: str
    make: str | None
    model: str
    year: int | None
    powertrain: Powertrain | None
    vehicle_class: VehicleClass
    status: VehicleStatus
    device_uid: str | None
    family: TrackerFamily | None
    relay_gateway: RelayGateway | None
    relay_output: int | None
    relay_inverted: bool | None
    created_at: datetime
    version: int


# What a VehicleRecord is made of.
RECORD = (
    sa.select(
        Vehicle.id,
        Vehicle.park_id,
        Park.name.label("park"),
        Park.time_zone,
        Vehicle.vin,
        Vehicle.plate,
        Vehicle.name,
        Vehicle.make,
        Vehicle.model,
        Vehicle.year,
        Vehicle.powertrain,
        Vehicle.vehicle_class,
        Vehicle.status,
        Tracker.device_uid,
        Tracker.family,
        Tracker.relay_gateway,
        Tracker.relay_output,
        Tracker.relay_inverted,
        Vehicle.created_at,
        Vehicle.version,
    )
    .join(Park, Park.id == Vehicle.park_id)
    .outerjoin(Tracker, Tracker.vehicle_id == Vehicle.id)
)


def get_vehicle(reader: Reader, *, viewer: Actor, vehicle_id: int) -> VehicleRecord:
    """The vehicle `vehicle_id`. Needs vehicles:read. Raises NotFound, also when it is out of the viewer's sight."""
    viewer.require("vehicles:read")
    row = reader.execute(RECORD.where(Vehicle.id == vehicle_id)).one_or_none()
    if row is None or not viewer.may("vehicles:read", park_id=row.park_id, vehicle_id=row.id):
        raise NotFound(f"There is no vehicle {vehicle_id}.")
    return VehicleRecord(*tuple(row))


def check_sight(reader: Reader, *, viewer: Actor, permission: str, vehicle_id: int) -> None:
    """Raise NotFound unless the viewer's right to read, `permission`, reaches the vehicle. Forbidden without it."""
    viewer.require(permission)
    park_id = _find_park(reader, vehicle_id)
    if park_id is None or not viewer.may(permission, park_id=park_id, vehicle_id=vehicle_id):
        raise NotFound(f"There is no vehicle {vehicle_id}.")


def check_reach(reader: Reader, *, actor: Actor, permission: str, vehicle_id: int) -> None:
    """What a verb about one vehicle asks first: NotFound unless it is in the parks of the actor, and Forbidden unless
    the actor's right to do something, `permission`, reaches it.
    """
    park_id = _find_park(reader, vehicle_id)
    if park_id is None or not actor.sees_park(park_id):
        raise NotFound(f"There is no vehicle {vehicle_id}.")
    actor.require(permission, park_id=park_id, vehicle_id=vehicle_id)


def _find_park(reader: Reader, vehicle_id: int) -> int | None:
    return reader.execute(sa.select(Vehicle.park_id).where(Vehicle.id == vehicle_id)).scalar()


def list_vehicles(
    reader: Reader,
    *,
    viewer: Actor,
    after_id: int = 0,
    most: int | None = None,
    vehicle_ids: Iterable[int] | None = None,
    text: str = "",
    status: VehicleStatus | None = None,
) -> list[VehicleRecord]:
    """The vehicles in the viewer's parks by id, after `after_id`. Needs vehicles:read.

    `text` is looked for in name, plate, VIN, make and model.
    """
    viewer.require("vehicles:read")
    query = RECORD.where(Vehicle.id > after_id, is_readable(viewer)).order_by(Vehicle.id)
    if vehicle_ids is not None:
        query = query.where(Vehicle.id.in_(list(vehicle_ids)))
    if status is not None:
        query = query.where(Vehicle.status == status)
    if text.strip():
        query = query.where(is_worded(text))
    if most is not None:
        query = query.limit(most)
    return [VehicleRecord(*tuple(row)) for row in reader.execute(query)]


def count_by_status(reader: Reader, *, viewer: Actor) -> dict[str, int]:
    """How many vehicles of the viewer's parks are in each status. Needs vehicles:read."""
    viewer.require("vehicles:read")
    query = sa.select(Vehicle.status, sa.func.count()).where(is_readable(viewer)).group_by(Vehicle.status)
    return {str(status): count for status, count in reader.execute(query)}


def list_parks(reader: Reader, *, viewer: Actor) -> list[dict[str, Any]]:
    """The parks of which the viewer may read every vehicle, by name. Needs vehicles:read."""
    viewer.require("vehicles:read")
    whole = in_reach(viewer, "vehicles:read", park_id=Park.id)
    return plain_rows(reader.execute(sa.select(Park.__table__).where(whole).order_by(Park.name)))


def list_status_changes(reader: Reader, *, viewer: Actor, vehicle_id: int) -> list[dict[str, Any]]:
    """The status history of one vehicle, newest first. Needs vehicles:read."""
    get_vehicle(reader, viewer=viewer, vehicle_id=vehicle_id)
    query = (
        sa.select(VehicleStatusChange.__table__)
        .where(VehicleStatusChange.vehicle_id == vehicle_id)
        .order_by(VehicleStatusChange.id.desc())
    )
    return plain_rows(reader.execute(query))


@dataclass(frozen=True, slots=True)
class Device:
    """A tracker as the telemetry intake knows it."""

    vehicle_id: int
    device_uid: str
    key_hash: str | None
    relay_output: int
    relay_inverted: bool
    family: str | None

    def accepts(self, key: str | None) -> bool:
        """Whether a device that shows `key` is the one we know."""
        return self.key_hash is None or (key is not None and is_secret(key, self.key_hash))


_DEVICE = sa.select(
    Tracker.vehicle_id,
    Tracker.device_uid,
    Tracker.key_hash,
    Tracker.relay_output,
    Tracker.relay_inverted,
    Tracker.family,
)


def find_device(reader: Reader, *, device_uid: str) -> Device | None:
    """The known device that calls itself `device_uid`, or None. For the device gateways, which have no viewer."""
    row = reader.execute(_DEVICE.where(Tracker.device_uid == device_uid)).one_or_none()
    return None if row is None else Device(*row)


def list_unknown_devices(
    reader: Reader, *, viewer: Actor, device_uid: str | None = None, source: str | None = None
) -> list[dict[str, Any]]:
    """The devices that wait to be claimed, the last heard first; of one name or one source when asked.

    Needs vehicles:claim_device.
    """
    viewer.require("vehicles:claim_device")
    query = sa.select(UnknownDevice.__table__).order_by(UnknownDevice.last_seen_at.desc(), UnknownDevice.device_uid)
    if device_uid is not None:
        query = query.where(UnknownDevice.device_uid == device_uid)
    if source is not None:
        query = query.where(UnknownDevice.source == source)
    return plain_rows(reader.execute(query))


_KNOWN = """
    SELECT id, park_id FROM vehicles_vehicles
    WHERE id = ANY(%s::bigint[])
"""


def list_known_ids(reader: Reader, *, viewer: Actor, permission: str, vehicle_ids: Iterable[int]) -> set[int]:
    """Those of these ids that are vehicles which the viewer's right `permission` reaches."""
    reach = viewer.reach(permission)
    rows = driver(reader).execute(_KNOWN, (bigint_array(vehicle_ids),))
    return {vehicle_id for vehicle_id, park_id in rows.fetchall() if reach.covers(park_id, vehicle_id)}


def list_ids_by_device(reader: Reader, *, viewer: Actor, permission: str, device_uids: Iterable[str]) -> dict[str, int]:
    """The vehicles that these devices are in, of those which the viewer's right `permission` reaches."""
    query = (
        sa.select(Tracker.device_uid, Tracker.vehicle_id)
        .join(Vehicle, Vehicle.id == Tracker.vehicle_id)
        .where(
            Tracker.device_uid == sa.func.any(sa.literal(list(device_uids), ARRAY(sa.Text))),
            in_reach(viewer, permission, park_id=Vehicle.park_id, vehicle_id=Vehicle.id),
        )
    )
    return {row.device_uid: row.vehicle_id for row in reader.execute(query)}


@dataclass(frozen=True, slots=True)
class Duty:
    """What the follower must know of a vehicle to read its points. One that is on duty is expected to report."""

    vehicle_class: str
    park_id: int
    time_zone: str
    is_on_duty: bool


_OFF_DUTY = (VehicleStatus.ONBOARDING, VehicleStatus.WRITTEN_OFF)
_DUTY = sa.select(
    Vehicle.id,
    Vehicle.vehicle_class,
    Vehicle.park_id,
    Park.time_zone,
    Vehicle.status.not_in(_OFF_DUTY).label("on_duty"),
).join(Park, Park.id == Vehicle.park_id)


def list_duties(reader: Reader) -> dict[int, Duty]:
    """What kind of vehicles there are, whose, and which are to report. For the follower: no viewer."""
    return {row.id: Duty(row.vehicle_class, row.park_id, row.time_zone, row.on_duty) for row in reader.execute(_DUTY)}


def is_worded(text: str) -> sa.ColumnElement[bool]:
    """Whether the words stand in name, plate, VIN, make or model."""
    wanted = f"%{_escaped(text.strip())}%"
    columns = (Vehicle.name, Vehicle.plate, Vehicle.vin, Vehicle.make, Vehicle.model)
    return sa.or_(*(column.ilike(wanted, escape="\\") for column in columns))


def is_readable(viewer: Actor) -> sa.ColumnElement[bool]:
    """Whether the viewer may read a Vehicle: a condition for queries."""
    return in_reach(viewer, "vehicles:read", park_id=Vehicle.park_id, vehicle_id=Vehicle.id)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
