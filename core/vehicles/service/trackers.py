"""The devices in vehicles."""

from __future__ import annotations

import secrets
from datetime import datetime

import sqlalchemy as sa
from msgspec import structs
from sqlalchemy.exc import IntegrityError

from core import audit, outbox
from core.db import Writer
from core.errors import Conflict, NotFound
from core.identity.passwords import hash_secret
from core.permissions import Actor, needs
from core.vehicles import queries
from core.vehicles.models import Tracker, UnknownDevice, Vehicle, VehicleStatus
from core.vehicles.schemas import NewTracker

# People type the key into a device: no letter that looks like another or like a digit.
_KEY_LETTERS, _KEY_LENGTH = "abcdefghjkmnpqrstuvwxyz23456789", 14


def fitted(vehicle_id: int, new: NewTracker) -> Tracker:
    """The record of the device `new` in a vehicle; of its key only the hash."""
    return Tracker(
        vehicle_id=vehicle_id,
        device_uid=new.device_uid,
        key_hash=None if new.key is None else hash_secret(new.key),
        relay_gateway=new.relay_gateway,
        relay_output=new.relay_output,
        relay_inverted=new.relay_inverted,
        family=new.family,
    )


@needs("vehicles:claim_device")
def claim_device(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    source: str,
    vehicle_id: int,
    tracker: NewTracker,
    replace: bool = False,
) -> None:
    """Put a device that waits to be claimed into a vehicle; from then on its reports are that vehicle's.

    Raises NotFound when the device does not wait or the vehicle is out of sight, Conflict naming the vehicle when
    it is written off, when the device is already in another one, and, unless `replace` is meant, when the vehicle
    has a tracker.
    """
    queries.check_reach(session.connection(), actor=actor, permission="vehicles:claim_device", vehicle_id=vehicle_id)
    vehicle = session.get_one(Vehicle, vehicle_id, with_for_update=True)
    if session.get(UnknownDevice, (tracker.device_uid, source), with_for_update=True) is None:
        raise NotFound(f"No device {tracker.device_uid} of {source} waits to be claimed. Load the list again.")
    if vehicle.status is VehicleStatus.WRITTEN_OFF:
        raise Conflict(f"{vehicle.name} is written off and takes no tracker. Choose another vehicle.")
    _refuse_fitted(session, device_uid=tracker.device_uid)
    replaced = _take_out(session, vehicle, replace=replace)
    try:
        with session.begin_nested():
            session.add(fitted(vehicle.id, tracker))
    except IntegrityError as race:
        # Somebody registered it with a vehicle between our look and our write.
        _refuse_fitted(session, device_uid=tracker.device_uid)
        raise race
    session.execute(sa.delete(UnknownDevice).where(UnknownDevice.device_uid == tracker.device_uid))
    _tell_paired(
        session,
        actor=actor,
        at=at,
        vehicle_id=vehicle.id,
        device_uid=tracker.device_uid,
        source=source,
        replaced=replaced,
    )


@needs("vehicles:fit_tracker")
def pair_tracker(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    vehicle_id: int,
    tracker: NewTracker,
    with_key: bool,
    replace: bool = False,
) -> str | None:
    """Put a device into a vehicle, whether it has reported yet or not. `with_key` makes a key for it, which is returned
    and never told again.

    Raises NotFound, and Conflict when the vehicle is written off, the device is in another one or, unless `replace` is
    meant, the vehicle has a tracker.
    """
    queries.check_reach(session.connection(), actor=actor, permission="vehicles:fit_tracker", vehicle_id=vehicle_id)
    vehicle = session.get_one(Vehicle, vehicle_id, with_for_update=True)
    if vehicle.status is VehicleStatus.WRITTEN_OFF:
        raise Conflict(f"{vehicle.name} is written off and takes no tracker.")
    former = session.get(Tracker, vehicle_id)
    if former is None or former.device_uid != tracker.device_uid:
        _refuse_fitted(session, device_uid=tracker.device_uid)
    key = "".join(secrets.choice(_KEY_LETTERS) for _ in range(_KEY_LENGTH)) if with_key else None
    replaced = _take_out(session, vehicle, replace=replace)
    try:
        with session.begin_nested():
            session.add(fitted(vehicle.id, structs.replace(tracker, key=key or tracker.key)))
    except IntegrityError as race:
        # Somebody put it into another vehicle between our look and our write.
        _refuse_fitted(session, device_uid=tracker.device_uid)
        raise race
    session.execute(sa.delete(UnknownDevice).where(UnknownDevice.device_uid == tracker.device_uid))
    _tell_paired(session, actor=actor, at=at, vehicle_id=vehicle_id, device_uid=tracker.device_uid, replaced=replaced)
    return key


@needs("vehicles:fit_tracker")
def take_out_tracker(session: Writer, *, actor: Actor, at: datetime, vehicle_id: int) -> None:
    """Take the device out of a vehicle, which reports no more and cannot be locked. Raises NotFound, Conflict when
    there is none.
    """
    queries.check_reach(session.connection(), actor=actor, permission="vehicles:fit_tracker", vehicle_id=vehicle_id)
    vehicle = session.get_one(Vehicle, vehicle_id, with_for_update=True)
    device_uid = _take_out(session, vehicle, replace=True)
    if device_uid is None:
        raise Conflict(f"{vehicle.name} has no tracker.")
    audit.record(
        session,
        actor=actor,
        at=at,
        action="vehicles.tracker_taken_out",
        subject=("vehicle", vehicle_id),
        device_uid=device_uid,
    )
    outbox.publish(session, "vehicles.tracker_taken_out", at=at, vehicle_id=vehicle_id)


def _tell_paired(session: Writer, *, actor: Actor, at: datetime, vehicle_id: int, **detail: str | None) -> None:
    audit.record(
        session, actor=actor, at=at, action="vehicles.tracker_paired", subject=("vehicle", vehicle_id), **detail
    )
    outbox.publish(session, "vehicles.tracker_paired", at=at, vehicle_id=vehicle_id)


def _refuse_fitted(session: Writer, *, device_uid: str) -> None:
    known = session.scalar(sa.select(Tracker.vehicle_id).where(Tracker.device_uid == device_uid))
    if known is not None:
        raise Conflict(f"Device {device_uid} is already in vehicle {known}.", vehicle_id=known)


def _take_out(session: Writer, vehicle: Vehicle, *, replace: bool) -> str | None:
    """The device that was in the vehicle until now, or None."""
    former = session.get(Tracker, vehicle.id)
    if former is None:
        return None
    if not replace:
        raise Conflict(
            f"{vehicle.name} already has the tracker {former.device_uid}. Choose another vehicle, "
            "or say that the old tracker is replaced.",
            fields={"replace": f"Tick this to take {former.device_uid} out."},
            vehicle_id=vehicle.id,
        )
    session.delete(former)
    session.flush()
    return former.device_uid
