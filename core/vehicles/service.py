"""Every write about vehicles."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import available_timezones

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from core import audit, outbox
from core.db import Writer
from core.errors import Conflict, Invalid, NotFound
from core.identity.passwords import hash_secret
from core.permissions import Actor, needs, system
from core.vehicles import rules
from core.vehicles.models import Park, Tracker, UnknownDevice, Vehicle, VehicleStatus, VehicleStatusChange
from core.vehicles.schemas import NewTracker, NewVehicle

# Reads back what was just registered, for an actor who may register but perhaps not read.
REGISTRAR = system("registry")


@needs("vehicles:register")
def add_park(session: Writer, *, actor: Actor, at: datetime, name: str, time_zone: str, currency: str) -> int:
    """Add a park; returns its id. `time_zone` is an IANA name, `currency` an ISO 4217 code."""
    fields = {}
    if time_zone not in available_timezones():
        fields["time_zone"] = f"{time_zone} is not a time zone; use a name like America/Los_Angeles."
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        fields["currency"] = f"{currency} is not a currency; use three capital letters, like USD."
    if session.execute(sa.select(sa.exists().where(Park.name == name))).scalar():
        fields["name"] = f"There is a park called {name} already."
    if fields:
        raise Invalid(f"The park was not added. {' '.join(fields.values())}", fields=fields)
    park = Park(name=name, time_zone=time_zone, currency=currency)
    session.add(park)
    session.flush()
    audit.record(session, actor=actor, at=at, action="vehicles.park_added", subject=("park", park.id), name=name)
    return park.id


@needs("vehicles:register")
def register_vehicle(session: Writer, *, actor: Actor, at: datetime, new: NewVehicle) -> int:
    """Put a vehicle into the registry (VEH-1); returns its id.

    Raises Invalid for a bad VIN or park, Conflict naming the record that already holds the VIN, plate or device.
    """
    vin = rules.normal_vin(new.vin)
    if problem := rules.vin_problem(vin):
        raise Invalid("The vehicle was not added: its VIN is not valid.", fields={"vin": problem})
    park_id = _park_for(session, actor=actor, park_id=new.park_id)
    plate = new.plate.strip().upper() if new.plate else None
    _refuse_known(session, vin=vin, plate=plate, device_uid=new.tracker.device_uid if new.tracker else None)
    vehicle = Vehicle(
        park_id=park_id,
        vin=vin,
        plate=plate,
        name=new.name or plate or vin,
        make=new.make,
        model=new.model,
        year=new.year,
        powertrain=new.powertrain,
        status=VehicleStatus.ONBOARDING,
        created_at=at,
    )
    try:
        with session.begin_nested():
            session.add(vehicle)
            session.flush()
            if new.tracker is not None:
                session.add(_tracker(vehicle.id, new.tracker))
    except IntegrityError as race:
        # Somebody registered the same thing between our look and our write; say which, as if we had seen it.
        _refuse_known(session, vin=vin, plate=plate, device_uid=new.tracker.device_uid if new.tracker else None)
        raise race
    _note_status(session, actor=actor, at=at, vehicle_id=vehicle.id, status=vehicle.status, reason="Registered")
    audit.record(
        session,
        actor=actor,
        at=at,
        action="vehicles.vehicle_registered",
        subject=("vehicle", vehicle.id),
        vin=vin,
    )
    outbox.publish(session, "vehicles.vehicle_registered", at=at, vehicle_id=vehicle.id)
    return vehicle.id


@needs("vehicles:change_status")
def change_status(
    session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, status: VehicleStatus, reason: str
) -> None:
    """Move a vehicle to `status`, keeping who, when and why (VEH-3)."""
    vehicle = session.get(Vehicle, vehicle_id, with_for_update=True)
    if vehicle is None or not actor.sees_park(vehicle.park_id):
        raise NotFound(f"There is no vehicle {vehicle_id}.")
    if vehicle.status is VehicleStatus.WRITTEN_OFF:
        raise Conflict(f"{vehicle.name} is written off; its status no longer changes.")
    vehicle.status = status
    _note_status(session, actor=actor, at=at, vehicle_id=vehicle_id, status=status, reason=reason)
    audit.record(
        session,
        actor=actor,
        at=at,
        action="vehicles.status_changed",
        subject=("vehicle", vehicle_id),
        status=status,
        reason=reason,
    )
    outbox.publish(session, "vehicles.status_changed", at=at, vehicle_id=vehicle_id)


@needs("vehicles:note_device")
def note_unknown_device(
    session: Writer, *, actor: Actor, at: datetime, device_uid: str, source: str, address: str
) -> None:
    """Keep that a device nobody knows has reported, so that it can be claimed. Again: only when and from where."""
    first = insert(UnknownDevice).values(
        device_uid=device_uid, source=source, first_seen_at=at, last_seen_at=at, address=address
    )
    again = {"last_seen_at": at, "address": address, "seen_count": UnknownDevice.seen_count + 1}
    session.execute(first.on_conflict_do_update(index_elements=["device_uid", "source"], set_=again))


def _park_for(session: Writer, *, actor: Actor, park_id: int | None) -> int:
    seen = [id_ for id_ in session.scalars(sa.select(Park.id).order_by(Park.id)) if actor.sees_park(id_)]
    if park_id is None and len(seen) == 1:
        return seen[0]
    if park_id is None:
        raise Invalid(
            "The vehicle was not added: say which park.",
            fields={"park_id": f"Choose one of: {_listed(seen)}."},
        )
    if park_id not in seen:
        raise Invalid(
            "The vehicle was not added: that park does not exist.",
            fields={"park_id": f"There is no park {park_id}; choose one of: {_listed(seen)}."},
        )
    return park_id


def _listed(ids: list[int]) -> str:
    return ", ".join(map(str, ids)) or "none yet; add a park first"


def _refuse_known(session: Writer, *, vin: str, plate: str | None, device_uid: str | None) -> None:
    clash = [Vehicle.vin == vin]
    clash += [Vehicle.plate == plate] if plate is not None else []
    clash += [Tracker.device_uid == device_uid] if device_uid is not None else []
    known = session.execute(
        sa.select(Vehicle.id, Vehicle.vin, Vehicle.plate, Tracker.device_uid)
        .outerjoin(Tracker, Tracker.vehicle_id == Vehicle.id)
        .where(sa.or_(*clash))
        .order_by(Vehicle.id)
        .limit(1)
    ).one_or_none()
    if known is None:
        return
    if known.vin == vin:
        field, what = "vin", f"VIN {vin}"
    elif plate is not None and known.plate == plate:
        field, what = "plate", f"Plate {plate}"
    else:
        field, what = "tracker.device_uid", f"Device {device_uid}"
    raise Conflict(
        f"{what} already belongs to vehicle {known.id}. Open that record instead.",
        fields={field: f"Already used by vehicle {known.id}."},
        vehicle_id=known.id,
    )


def _tracker(vehicle_id: int, new: NewTracker) -> Tracker:
    return Tracker(
        vehicle_id=vehicle_id,
        device_uid=new.device_uid,
        key_hash=None if new.key is None else hash_secret(new.key),
        relay_gateway=new.relay_gateway,
        relay_output=new.relay_output,
        relay_inverted=new.relay_inverted,
    )


def _note_status(
    session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, status: VehicleStatus, reason: str
) -> None:
    session.add(VehicleStatusChange(vehicle_id=vehicle_id, status=status, at=at, actor_name=actor.name, reason=reason))
