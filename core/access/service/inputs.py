"""What the policy looks at, read for many orders in a constant number of queries."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from core.access.models import ImmobilizationJob as Job
from core.access.models import OrderKind
from core.access.rules import PolicyInputs, Traffic, VehicleNow
from core.access.service.brakes import read_brakes
from core.access.service.fairness import read_fairness
from core.db import Writer
from core.events import queries as events
from core.telemetry.models import states
from core.vehicles.models import Tracker, Vehicle


def read_vehicles_now(session: Writer, vehicle_ids: Sequence[int]) -> dict[int, VehicleNow]:
    """What each vehicle told last; of those that never did, nothing."""
    rows = session.execute(sa.select(states).where(states.c.vehicle_id.in_(vehicle_ids)))
    found = {row.vehicle_id: VehicleNow(**{name: getattr(row, name) for name in VehicleNow.__slots__}) for row in rows}
    return {vehicle_id: found.get(vehicle_id, VehicleNow()) for vehicle_id in vehicle_ids}


def read_inputs(
    session: Writer, jobs: Sequence[Job], *, at: datetime, traffic: Traffic | None, hold_debts: bool = False
) -> dict[uuid.UUID, PolicyInputs]:
    """What each of these locks is judged by. `traffic` counts against those of which no command has left."""
    locks = [job for job in jobs if job.kind is OrderKind.IMMOBILIZE]
    if not locks:
        return {}
    vehicle_ids = [job.vehicle_id for job in locks]
    now = read_vehicles_now(session, vehicle_ids)
    cars = _read_cars(session, vehicle_ids)
    fairness = read_fairness(
        session,
        locks,
        device_uids={vehicle_id: car.device_uid for vehicle_id, car in cars.items()},
        at=at,
        hold_debts=hold_debts,
    )
    zones = _read_zones(session, vehicle_ids)
    brakes = read_brakes(session)
    return {
        job.id: PolicyInputs(
            reason=job.reason,
            is_break_glass=job.is_break_glass,
            is_approved=job.approved_at is not None,
            expires_at=job.expires_at,
            vehicle=now[job.vehicle_id],
            powertrain=cars[job.vehicle_id].powertrain,
            fairness=fairness[job.id],
            passenger_on_board=cars[job.vehicle_id].has_passenger,
            no_lock_zone=zones.get(job.vehicle_id),
            brakes=brakes,
            traffic=traffic if job.started_at is None else None,
        )
        for job in locks
    }


def _read_zones(session: Writer, vehicle_ids: Sequence[int]) -> dict[int, str]:
    """The no-lock zone of each vehicle that is in one, or may be. A fix from before it stood is of another place."""
    is_known = sa.or_(states.c.standing_since.is_(None), states.c.fix_ts >= states.c.standing_since)
    query = (
        sa.select(
            Vehicle.id,
            Vehicle.park_id,
            sa.case((is_known, states.c.lat)).label("lat"),
            sa.case((is_known, states.c.lon)).label("lon"),
        )
        .outerjoin(states, states.c.vehicle_id == Vehicle.id)
        .where(Vehicle.id.in_(vehicle_ids))
    )
    places = [(row.id, row.park_id, row.lat, row.lon) for row in session.execute(query)]
    return events.list_no_lock_zones(session.connection(), places)


def _read_cars(session: Writer, vehicle_ids: Sequence[int]) -> dict[int, sa.Row[tuple[object, ...]]]:
    """Of each vehicle: its powertrain, its device, and whether it says that a passenger is on board."""
    says = states.c.extra["passenger"]
    query = (
        sa.select(
            Vehicle.id,
            Vehicle.powertrain,
            Tracker.device_uid,
            sa.case((sa.func.jsonb_typeof(says) == "boolean", says.as_boolean())).label("has_passenger"),
        )
        .join(Tracker, Tracker.vehicle_id == Vehicle.id)
        .outerjoin(states, states.c.vehicle_id == Vehicle.id)
        .where(Vehicle.id.in_(vehicle_ids))
    )
    return {row.id: row for row in session.execute(query)}
