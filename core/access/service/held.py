"""One order in the hands of one transaction: found, within reach, and nobody else's until it ends."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from core.access.models import ImmobilizationJob as Job
from core.db import Writer, take_transaction_lock
from core.errors import Conflict, Invalid, NotFound
from core.permissions import Actor
from core.vehicles import queries as vehicles
from core.vehicles.models import Tracker

LEAST_WORDS = 4


def hold_orders(session: Writer, vehicle_id: int) -> None:
    """Let the orders of one vehicle come one after another. Taken before any row of them."""
    take_transaction_lock(session, f"access:{vehicle_id}")


def hold_job(session: Writer, *, actor: Actor, permission: str, vehicle_id: int, job_id: uuid.UUID) -> Job:
    """The order, for an actor whose right reaches its vehicle. Raises NotFound, Forbidden."""
    vehicles.check_reach(session.connection(), actor=actor, permission=permission, vehicle_id=vehicle_id)
    hold_orders(session, vehicle_id)
    job = session.get(Job, job_id, with_for_update=True)
    if job is None or job.vehicle_id != vehicle_id:
        raise NotFound(f"There is no order {job_id} for this vehicle.")
    return job


def device_of(session: Writer, vehicle_id: int) -> str:
    """The device whose relay would lock the vehicle. Raises Conflict when it has been taken out."""
    device_uid: str | None = session.scalar(sa.select(Tracker.device_uid).where(Tracker.vehicle_id == vehicle_id))
    if device_uid is None:
        raise Conflict("The vehicle has no tracker any more. Pair one first.", vehicle_id=vehicle_id)
    return device_uid


def check_words(field: str, text: str) -> None:
    """Raise Invalid unless something was said."""
    if len(text.strip()) < LEAST_WORDS:
        raise Invalid("Some words are missing.", fields={field: "Say why in a few words; it is kept for whoever asks."})
