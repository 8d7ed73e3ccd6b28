"""Putting vehicles into the registry and moving them through their lives."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core import audit, outbox
from core.db import Writer
from core.errors import Conflict, Invalid, check_version
from core.permissions import Actor, needs
from core.vehicles import queries, rules
from core.vehicles.models import Park, Tracker, UnknownDevice, Vehicle, VehicleStatus, VehicleStatusChange
from core.vehicles.schemas import NewVehicle
from core.vehicles.service.trackers import fitted


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
        vehicle_class=new.vehicle_class,
        status=VehicleStatus.ONBOARDING,
        created_at=at,
    )
    try:
        with session.begin_nested():
            session.add(vehicle)
            session.flush()
            if new.tracker is not None:
                session.add(fitted(vehicle.id, new.tracker))
                session.execute(sa.delete(UnknownDevice).where(UnknownDevice.device_uid == new.tracker.device_uid))
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
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    vehicle_id: int,
    status: VehicleStatus,
    reason: str,
    versions: Collection[int] | None = None,
) -> None:
    """Move a vehicle to `status`, keeping who, when and why (VEH-3). One that is there already stays as it is.

    Raises NotFound, Invalid without a reason, Conflict for a status that may not follow, PreconditionFailed unless the
    vehicle has one of `versions`.
    """
    queries.check_reach(session.connection(), actor=actor, permission="vehicles:change_status", vehicle_id=vehicle_id)
    vehicle = session.get_one(Vehicle, vehicle_id, with_for_update=True)
    check_version(vehicle.version, versions)
    if problem := rules.find_reason_problem(reason):
        raise Invalid("The status was not changed.", fields={"reason": problem})
    if vehicle.status is status:
        return
    problem = rules.find_status_problem(vehicle.status, status, is_program=actor.client_id is not None)
    if problem is not None:
        raise Conflict(f"{vehicle.name} {problem}", vehicle_status=vehicle.status)
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


def _park_for(session: Writer, *, actor: Actor, park_id: int | None) -> int:
    reach = actor.reach("vehicles:register")
    seen = [id_ for id_ in session.scalars(sa.select(Park.id).order_by(Park.id)) if reach.covers(id_)]
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


def _note_status(
    session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, status: VehicleStatus, reason: str
) -> None:
    session.add(VehicleStatusChange(vehicle_id=vehicle_id, status=status, at=at, actor_name=actor.name, reason=reason))
