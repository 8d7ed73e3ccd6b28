"""The one verb through which all sources come in."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

import msgspec

from core import outbox
from core.db import Writer
from core.permissions import Actor, needs
from core.telemetry.rules.cleaning import Moment, clean, late_moments
from core.telemetry.rules.geo import Fix
from core.telemetry.rules.limits import DEFAULT_CLASS, LIMITS, Limits
from core.telemetry.rules.states import advance, is_relay_on
from core.telemetry.schemas import IngestReport, Point, Reading, RefusedReading
from core.telemetry.store.points import append_late, append_newest, find_earlier_fixes
from core.telemetry.store.refusals import keep_refusals
from core.telemetry.store.states import Profile, State, lock_states, save_states

States = dict[int, State]
Stored = dict[int, list[Point]]
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
    states, profiles = lock_states(session, ids)
    fixes = _fixes(states)
    late = late_moments(readings, fixes)
    earlier = find_earlier_fixes(session, late, within=max(each.jump_memory for each in limits.values()))
    believed, doubted, left_out = clean(
        _with_relays(readings, profiles),
        fixes=fixes,
        earlier=earlier,
        at=at,
        classes={vehicle_id: profile.vehicle_class or DEFAULT_CLASS for vehicle_id, profile in profiles.items()},
        limits=limits,
    )
    arrivals = _arrivals(states, at)
    stored = _store(session, believed, states, arrivals)
    refused = (*unreadable, *doubted)
    if replayed is None:
        keep_refusals(session, (*refused, *left_out), source=source, received_at=at)
    received = Counter(map(_vehicle_of, readings)) + Counter(map(_vehicle_of, unreadable))
    _count(states, received=received, stored=stored, refused=refused, replayed=replayed or {})
    _advance(states, stored, arrivals)
    save_states(session, states.values())
    if stored:
        _publish(session, stored, at=at)
    count = sum(map(len, stored.values()))
    return IngestReport(
        received=len(readings) + len(unreadable),
        stored=count,
        duplicates=sum(map(len, believed.values())) - count,
        refused=refused,
        left_out=tuple(left_out),
        new=_moments(stored) if replayed is not None else frozenset(),
    )


_vehicle_of = attrgetter("vehicle_id")


def _vehicle_ids(readings: Sequence[Reading], unreadable: Sequence[RefusedReading]) -> list[int]:
    known = {reading.vehicle_id for reading in unreadable if reading.vehicle_id is not None}
    return sorted(known | {reading.vehicle_id for reading in readings})


def _with_relays(readings: Sequence[Reading], profiles: Mapping[int, Profile]) -> list[Reading]:
    """The readings with `relay_on` told from the mask of outputs by how each tracker is wired."""
    return [
        _with_relay(reading, profiles.get(reading.vehicle_id)) if _has_bare_outputs(reading.point) else reading
        for reading in readings
    ]


def _with_relay(reading: Reading, profile: Profile | None) -> Reading:
    if profile is None or profile.relay_output is None:
        return reading
    relay_on = is_relay_on(
        reading.point.outputs,
        relay_output=profile.relay_output,
        relay_inverted=bool(profile.relay_inverted),
        known=reading.point.outputs_known,
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


def _store(
    session: Writer, believed: Mapping[int, Sequence[Reading]], states: States, arrivals: Mapping[int, datetime]
) -> Stored:
    """Store what is believed; returns of each vehicle the points that were new, in the order of device time."""
    newest, late = [], []
    for vehicle_id, readings in believed.items():
        points = _without_repeats(readings)
        known_ts = states[vehicle_id]["ts"]
        # Of a vehicle of which nothing is known, its points may be there all the same: then the unique key decides.
        cut = len(points) if known_ts is None else bisect_right(points, known_ts, key=_moment)
        if cut:
            late.append((vehicle_id, arrivals[vehicle_id], points[:cut]))
        if cut < len(points):
            newest.append((vehicle_id, arrivals[vehicle_id], points[cut:]))
    new = append_late(session, late) if late else set()
    if newest:
        append_newest(session, newest)
    stored = {vehicle_id: [p for p in points if (vehicle_id, p.ts) in new] for vehicle_id, _, points in late}
    for vehicle_id, _, points in newest:
        stored[vehicle_id] = [*stored.get(vehicle_id, ()), *points]
    return {vehicle_id: points for vehicle_id, points in stored.items() if points}


_moment = attrgetter("ts")


def _without_repeats(readings: Sequence[Reading]) -> list[Point]:
    """The points of readings in their order, the first of each moment."""
    points: list[Point] = []
    for reading in readings:
        if not points or points[-1].ts != reading.point.ts:
            points.append(reading.point)
    return points


def _count(
    states: States,
    *,
    received: Counter[int | None],
    stored: Stored,
    refused: Sequence[RefusedReading],
    replayed: Mapping[int, int],
) -> None:
    refused_by_vehicle = Counter(map(_vehicle_of, refused))
    for vehicle_id, state in states.items():
        taken, turned_away = len(stored.get(vehicle_id, ())), refused_by_vehicle[vehicle_id]
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


def _advance(states: States, stored: Stored, arrivals: Mapping[int, datetime]) -> None:
    for vehicle_id, points in stored.items():
        advanced = advance(states[vehicle_id], points, received_at=arrivals[vehicle_id])
        if advanced is not None:
            states[vehicle_id] = advanced
        states[vehicle_id]["arrived_at"] = arrivals[vehicle_id]


def _moments(stored: Stored) -> frozenset[Moment]:
    return frozenset((vehicle_id, point.ts) for vehicle_id, points in stored.items() for point in points)


def _publish(session: Writer, stored: Stored, *, at: datetime) -> None:
    """Tell which vehicles got something new and, of each, since which moment: a late point changes what followed it."""
    ids = sorted(stored)
    outbox.publish(
        session,
        "telemetry.batch_stored",
        at=at,
        vehicle_ids=ids,
        since_ms=[int(stored[vehicle_id][0].ts.timestamp() * 1000) for vehicle_id in ids],
    )
