"""An open order in the hands of one worker, with all that a decision needs: read at once for many orders."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from core.access import rules
from core.access.models import ImmobilizationAttempt
from core.access.models import ImmobilizationJob as Job
from core.access.rules.relays import Relay
from core.access.service.inputs import read_inputs, read_vehicles_now
from core.db import Writer
from core.vehicles.models import RelayGateway as Method
from core.vehicles.models import Tracker


@dataclass(frozen=True, slots=True)
class Claim:
    """An open order in the hands of one worker, with all that a decision needs. `inputs` are what a
    lock is judged by.
    """

    job_id: uuid.UUID
    vehicle_id: int
    method: Method
    relay: Relay
    waiting_for: str | None
    job: rules.Job
    vehicle: rules.VehicleNow
    inputs: rules.PolicyInputs | None


def own_readings(claim: Claim) -> list[rules.RelayReading]:
    """What the vehicle itself last told us of its relay, as of the earlier of its clock and ours.

    A record that was buffered on the way is as old as the device says, however freshly it arrived.
    """
    vehicle = claim.vehicle
    if vehicle.relay_on is None or vehicle.relay_ts is None or vehicle.relay_received_at is None:
        return []
    told_at = min(vehicle.relay_ts + rules.whole_second_grace(claim.job.kind), vehicle.relay_received_at)
    return [rules.RelayReading(vehicle.relay_on, told_at, "telemetry")]


def read_claims(
    session: Writer, jobs: Sequence[Job], *, at: datetime, traffic: rules.Traffic | None, hold_debts: bool = False
) -> list[Claim]:
    """The claims of these orders, in their order. `traffic` is what locks are counted against."""
    attempts = _attempts(session, [job.id for job in jobs])
    trackers = _by_vehicle(session, sa.select(Tracker.__table__), Tracker.vehicle_id, jobs)
    latest = read_vehicles_now(session, [job.vehicle_id for job in jobs])
    inputs = read_inputs(session, jobs, at=at, traffic=traffic, hold_debts=hold_debts)
    return [
        Claim(
            job_id=job.id,
            vehicle_id=job.vehicle_id,
            method=Method(job.method),
            relay=_relay(trackers[job.vehicle_id]),
            waiting_for=job.waiting_for,
            job=rules.Job(
                kind=job.kind,
                ordered_at=job.ordered_at,
                armed_at=job.armed_at or job.ordered_at,
                expires_at=job.expires_at,
                started_at=job.started_at,
                quiet_after=job.quiet_after,
                attempts=attempts.get(job.id, ()),
            ),
            vehicle=latest[job.vehicle_id],
            inputs=inputs.get(job.id),
        )
        for job in jobs
    ]


def _attempts(session: Writer, job_ids: list[uuid.UUID]) -> dict[uuid.UUID, tuple[rules.Attempt, ...]]:
    found: dict[uuid.UUID, tuple[rules.Attempt, ...]] = {}
    query = (
        sa.select(ImmobilizationAttempt)
        .where(ImmobilizationAttempt.job_id.in_(job_ids))
        .order_by(ImmobilizationAttempt.number)
    )
    for row in session.scalars(query):
        attempt = rules.Attempt(row.number, row.started_at, row.ttl_s, row.outcome)
        found[row.job_id] = (*found.get(row.job_id, ()), attempt)
    return found


def _by_vehicle(
    session: Writer,
    query: sa.Select[tuple[object, ...]],
    key: sa.ColumnElement[int] | InstrumentedAttribute[int],
    jobs: Sequence[Job],
) -> dict[int, sa.Row[tuple[object, ...]]]:
    rows = session.execute(query.where(key.in_([job.vehicle_id for job in jobs])))
    return {row.vehicle_id: row for row in rows}


def _relay(tracker: sa.Row[tuple[object, ...]]) -> Relay:
    return Relay(tracker.device_uid, tracker.relay_output, tracker.relay_inverted)
