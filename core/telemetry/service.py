"""Every write of telemetry: the one verb through which all sources come in, and the upkeep of its tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from core import outbox
from core.db import Writer
from core.permissions import Actor, needs
from core.telemetry import store
from core.telemetry.rules.cleaning import clean, late_moments
from core.telemetry.rules.geo import Fix
from core.telemetry.rules.limits import LIMITS, Limits
from core.telemetry.rules.states import advance, is_relay_on
from core.telemetry.schemas import IngestReport, Point, Reading, RefusedReading
from core.vehicles import queries as vehicles

States = dict[int, dict[str, Any]]


@needs("telemetry:ingest")
def ingest(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    source: str,
    readings: Sequence[Reading],
    unreadable: Sequence[RefusedReading] = (),
    limits: Mapping[str, Limits] = LIMITS,
) -> IngestReport:
    """Take in a batch, of any size and any mix of vehicles; a retry of it stores nothing more.

    `unreadable` is what the source could not even read: it is kept and counted with the rest.
    `limits` are those of each class of vehicle.
    """
    ids = _vehicle_ids(readings, unreadable)
    states = store.lock_states(session, ids)
    profiles = vehicles.list_profiles(session.connection(), vehicle_ids=ids)
    fixes = _fixes(states)
    late = late_moments(readings, fixes)
    earlier = store.find_earlier_fixes(session, late, within=max(each.jump_memory for each in limits.values()))
    kept, doubted = clean(
        _with_relays(readings, profiles),
        fixes=fixes,
        earlier=earlier,
        at=at,
        classes={vehicle_id: profile.vehicle_class for vehicle_id, profile in profiles.items()},
        limits=limits,
    )
    new = store.append(session, kept, received_at=at)
    refused = (*unreadable, *doubted)
    store.keep_refusals(session, refused, source=source, received_at=at)
    received = Counter(reading.vehicle_id for reading in readings) + Counter(r.vehicle_id for r in unreadable)
    _count(states, received=received, stored=new, refused=refused)
    _advance(states, kept, new, at=at)
    store.save_states(session, list(states.values()))
    if new:
        outbox.publish(
            session,
            "telemetry.batch_stored",
            at=at,
            vehicle_ids=sorted({vehicle_id for vehicle_id, _ in new}),
        )
    return IngestReport(
        received=len(readings) + len(unreadable),
        stored=len(new),
        duplicates=len(kept) - len(new),
        refused=refused,
    )


@needs("telemetry:maintain")
def keep_storage(session: Writer, *, actor: Actor, at: datetime, raw_retention_days: int) -> list[str]:
    """Make tomorrow's partitions and drop those past retention; returns the names of the dropped."""
    return store.keep_partitions(session, at=at, raw_retention_days=raw_retention_days)


def _vehicle_ids(readings: Sequence[Reading], unreadable: Sequence[RefusedReading]) -> list[int]:
    known = {reading.vehicle_id for reading in unreadable if reading.vehicle_id is not None}
    return sorted(known | {reading.vehicle_id for reading in readings})


def _with_relays(readings: Sequence[Reading], profiles: Mapping[int, vehicles.Profile]) -> list[Reading]:
    """The readings with `relay_on` told from the mask of outputs by how each tracker is wired."""
    return [
        _with_relay(reading, profiles.get(reading.vehicle_id)) if _has_bare_outputs(reading.point) else reading
        for reading in readings
    ]


def _with_relay(reading: Reading, profile: vehicles.Profile | None) -> Reading:
    if profile is None or profile.relay_output is None:
        return reading
    relay_on = is_relay_on(
        reading.point.outputs, relay_output=profile.relay_output, relay_inverted=bool(profile.relay_inverted)
    )
    return msgspec.structs.replace(reading, point=msgspec.structs.replace(reading.point, relay_on=relay_on))


def _has_bare_outputs(point: Point) -> bool:
    return point.outputs is not None and point.relay_on is None


def _fixes(states: States) -> dict[int, Fix]:
    return {
        vehicle_id: Fix(state["fix_ts"], state["lat"], state["lon"])
        for vehicle_id, state in states.items()
        if state["fix_ts"] is not None
    }


def _count(
    states: States,
    *,
    received: Counter[int | None],
    stored: set[tuple[int, datetime]],
    refused: Sequence[RefusedReading],
) -> None:
    stored_by_vehicle = Counter(vehicle_id for vehicle_id, _ in stored)
    refused_by_vehicle = Counter(reading.vehicle_id for reading in refused)
    for vehicle_id, state in states.items():
        taken, turned_away = stored_by_vehicle[vehicle_id], refused_by_vehicle[vehicle_id]
        state["received_count"] += received[vehicle_id]
        state["stored_count"] += taken
        state["refused_count"] += turned_away
        state["duplicate_count"] += received[vehicle_id] - taken - turned_away


def _advance(states: States, kept: Sequence[Reading], new: set[tuple[int, datetime]], *, at: datetime) -> None:
    points: dict[int, list[Point]] = defaultdict(list)
    for reading in kept:
        if (reading.vehicle_id, reading.point.ts) in new:
            points[reading.vehicle_id].append(reading.point)
    for vehicle_id, arrived in points.items():
        advanced = advance(states[vehicle_id], arrived, received_at=at)
        if advanced is not None:
            states[vehicle_id] = advanced
