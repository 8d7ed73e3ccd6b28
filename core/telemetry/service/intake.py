"""The one verb through which all sources come in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from core import outbox
from core.db import Writer
from core.permissions import Actor, needs
from core.telemetry.rules.cleaning import Moment, clean, late_moments
from core.telemetry.rules.geo import Fix
from core.telemetry.rules.limits import LIMITS, Limits
from core.telemetry.rules.states import advance, is_relay_on
from core.telemetry.schemas import IngestReport, Point, Reading, RefusedReading
from core.telemetry.store.points import append, find_earlier_fixes
from core.telemetry.store.refusals import keep_refusals
from core.telemetry.store.states import lock_states, save_states
from core.vehicles import queries as vehicles

States = dict[int, dict[str, Any]]
_TICK = timedelta(microseconds=1)


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
    replayed: Mapping[int, int] | None = None,
) -> IngestReport:
    """Take in a batch, of any size and any mix of vehicles; a retry of it stores nothing more.

    `unreadable` is what the source could not even read: it is kept and counted with the rest.
    `limits` are those of each class of vehicle. `replayed` says that these readings were refused before and are kept
    already, and of each vehicle how many of them it was charged with: they leave its refused ones.
    """
    ids = _vehicle_ids(readings, unreadable)
    states = lock_states(session, ids)
    profiles = vehicles.list_profiles(session.connection(), vehicle_ids=ids)
    fixes = _fixes(states)
    late = late_moments(readings, fixes)
    earlier = find_earlier_fixes(session, late, within=max(each.jump_memory for each in limits.values()))
    kept, doubted = clean(
        _with_relays(readings, profiles),
        fixes=fixes,
        earlier=earlier,
        at=at,
        classes={vehicle_id: profile.vehicle_class for vehicle_id, profile in profiles.items()},
        limits=limits,
    )
    arrivals = _arrivals(states, at)
    new = append(session, kept, arrivals=arrivals)
    refused = (*unreadable, *doubted)
    if replayed is None:
        keep_refusals(session, refused, source=source, received_at=at)
    received = Counter(reading.vehicle_id for reading in readings) + Counter(r.vehicle_id for r in unreadable)
    _count(states, received=received, stored=new, refused=refused, replayed=replayed or {})
    _advance(states, kept, new, arrivals)
    save_states(session, list(states.values()))
    if new:
        _publish(session, new, at=at)
    return IngestReport(
        received=len(readings) + len(unreadable),
        stored=len(new),
        duplicates=len(kept) - len(new),
        refused=refused,
        new=frozenset(new),
    )


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
    replayed: Mapping[int, int],
) -> None:
    stored_by_vehicle = Counter(vehicle_id for vehicle_id, _ in stored)
    refused_by_vehicle = Counter(reading.vehicle_id for reading in refused)
    for vehicle_id, state in states.items():
        taken, turned_away = stored_by_vehicle[vehicle_id], refused_by_vehicle[vehicle_id]
        before = replayed.get(vehicle_id, 0)
        state["received_count"] += received[vehicle_id] - before
        state["stored_count"] += taken
        state["refused_count"] += turned_away - before
        state["duplicate_count"] += received[vehicle_id] - taken - turned_away


def _arrivals(states: States, at: datetime) -> dict[int, datetime]:
    """When each vehicle's readings arrived: now, but strictly later than the last that did.

    Batches of a vehicle come one after the other, under the lock of its state, though perhaps from two processes with
    clocks of their own. So whoever has seen everything up to one arrival finds the rest by asking for later ones.
    """
    return {
        vehicle_id: max(at, state["arrived_at"] + _TICK) if state["arrived_at"] else at
        for vehicle_id, state in states.items()
    }


def _advance(states: States, kept: Sequence[Reading], new: set[Moment], arrivals: Mapping[int, datetime]) -> None:
    points: dict[int, list[Point]] = defaultdict(list)
    for reading in kept:
        if (reading.vehicle_id, reading.point.ts) in new:
            points[reading.vehicle_id].append(reading.point)
    for vehicle_id, arrived in points.items():
        advanced = advance(states[vehicle_id], arrived, received_at=arrivals[vehicle_id])
        if advanced is not None:
            states[vehicle_id] = advanced
        states[vehicle_id]["arrived_at"] = arrivals[vehicle_id]


def _publish(session: Writer, new: set[Moment], *, at: datetime) -> None:
    """Tell which vehicles got something new and, of each, since which moment: a late point changes what followed it."""
    since: dict[int, datetime] = {}
    for vehicle_id, ts in new:
        if vehicle_id not in since or ts < since[vehicle_id]:
            since[vehicle_id] = ts
    ids = sorted(since)
    outbox.publish(
        session,
        "telemetry.batch_stored",
        at=at,
        vehicle_ids=ids,
        since_ms=[int(since[vehicle_id].timestamp() * 1000) for vehicle_id in ids],
    )
