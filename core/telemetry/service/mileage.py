"""What people read off the odometer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import audit, outbox
from core.db import Writer
from core.errors import Conflict, Invalid, NotFound
from core.permissions import Actor, needs
from core.telemetry.models import MileageReading
from core.telemetry.schemas import MOST_MILEAGE_M, MOST_REASON
from core.vehicles import queries as vehicles


@needs("telemetry:record_mileage")
def record_mileage_reading(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    vehicle_id: int,
    read_at: datetime,
    odometer_m: int,
    reason: str,
    raw_retention_days: int = 7,
) -> None:
    """Record the mileage (metres) that was read off the vehicle at `read_at`; the fused mileage follows from it.

    It is never changed or deleted: a wrong one is put right by a later one. One below the fused mileage counts too,
    and is flagged as a rollback. `raw_retention_days` is how far back points are kept to count on from a reading.
    Raises NotFound, Invalid naming the field, Conflict when there is a reading of that very moment.
    """
    vehicles.check_reach(
        session.connection(), actor=actor, permission="telemetry:record_mileage", vehicle_id=vehicle_id
    )
    reason = reason.strip()
    wrong = _faults(at, read_at, odometer_m, reason, raw_retention_days)
    if wrong:
        raise Invalid(f"The reading was not recorded. {' '.join(wrong.values())}", fields=wrong)
    known = session.get(MileageReading, (vehicle_id, read_at))
    if known is not None:
        raise Conflict(
            f"There is a reading of that moment already, {known.odometer_m / 1000:,.1f} km by {known.recorded_by}. "
            "It stays; record what is right with a later time.",
            odometer_m=known.odometer_m,
        )
    session.execute(
        sa.insert(MileageReading).values(
            vehicle_id=vehicle_id,
            read_at=read_at,
            odometer_m=odometer_m,
            reason=reason,
            recorded_by=actor.name,
            recorded_at=at,
        )
    )
    audit.record(
        session,
        actor=actor,
        at=at,
        action="telemetry.mileage_read",
        subject=("vehicle", vehicle_id),
        odometer_m=odometer_m,
        read_at=read_at.isoformat(),
        reason=reason,
    )
    since_ms = int(read_at.timestamp() * 1000)
    outbox.publish(session, "telemetry.mileage_read", at=at, vehicle_ids=[vehicle_id], since_ms=[since_ms])


@needs("telemetry:record_mileage")
def record_first_readings(
    session: Writer, *, actor: Actor, at: datetime, readings: Mapping[int, int], reason: str
) -> None:
    """Record what the odometers of many vehicles that are new say at this moment: metres by vehicle.

    Raises NotFound for one that is out of reach, Invalid for a mileage that cannot be.
    """
    reached = vehicles.list_known_ids(
        session.connection(), viewer=actor, permission="telemetry:record_mileage", vehicle_ids=readings
    )
    for vehicle_id, odometer_m in readings.items():
        if vehicle_id not in reached:
            raise NotFound(f"There is no vehicle {vehicle_id}.")
        if wrong := _faults(at, at, odometer_m, reason, 0):
            raise Invalid(f"The reading was not recorded. {' '.join(wrong.values())}", fields=wrong)
    told = {"read_at": at, "reason": reason, "recorded_by": actor.name, "recorded_at": at}
    rows = [{"vehicle_id": id_, "odometer_m": odometer_m, **told} for id_, odometer_m in readings.items()]
    session.connection().execute(sa.insert(MileageReading), rows)
    detail = {"read_at": at.isoformat(), "reason": reason}
    entries = [(("vehicle", id_), {"odometer_m": odometer_m, **detail}) for id_, odometer_m in readings.items()]
    audit.record_each(session, actor=actor, at=at, action="telemetry.mileage_read", entries=entries)
    since_ms = [int(at.timestamp() * 1000)] * len(rows)
    outbox.publish(session, "telemetry.mileage_read", at=at, vehicle_ids=list(readings), since_ms=since_ms)


def _faults(at: datetime, read_at: datetime, odometer_m: int, reason: str, raw_retention_days: int) -> dict[str, str]:
    wrong = {}
    if read_at > at:
        wrong["read_at"] = "The time of the reading is in the future; give the time when it was read."
    elif at - read_at > timedelta(days=raw_retention_days):
        wrong["read_at"] = (
            f"The reading is older than {raw_retention_days} days, and what was driven since can no longer be told; "
            "read the odometer now and record that."
        )
    if not 0 <= odometer_m < MOST_MILEAGE_M:
        wrong["odometer_m"] = (
            f"A mileage must be from 0 to {MOST_MILEAGE_M // 1000:,} km; check the number and its unit."
        )
    if not reason or len(reason) > MOST_REASON:
        wrong["reason"] = f"Say in at most {MOST_REASON} characters why it was read, such as: inspection."
    return wrong
