"""Refused points, judged anew by the rules and the registry of today.

Order of locks: refusals first, and only those that nobody else holds; then, inside `ingest`, the states of the
vehicles in the order of their ids. The intake never waits for a refusal, so the two cannot block each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core import audit
from core.db import Writer
from core.permissions import Actor, needs, system
from core.telemetry.rules.limits import LIMITS, Limits
from core.telemetry.schemas import IngestReport, Reading, RefusalFilter, ReplayReport
from core.telemetry.service.intake import ingest
from core.telemetry.store.refusals import AGAIN, Kept, lock_open, mark_replayed
from core.vehicles import queries as vehicles

MOST = 5_000
UNKNOWN = f"{AGAIN}unknown_vehicle"
STORED, DUPLICATE = "stored", "duplicate"
# Brings the points in, for an actor who may replay what came but send nothing.
INTAKE = system("replay of refused points", "telemetry:ingest")

Owned = list[tuple[Kept, int | None]]


@needs("telemetry:replay")
def replay_refusals(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    wanted: RefusalFilter,
    most: int = MOST,
    limits: Mapping[str, Limits] = LIMITS,
) -> ReplayReport:
    """Judge up to `most` refused points anew and mark each with what became of it; call again for the next ones.

    Points whose vehicle was not known are looked up by their device. What is stored leaves the refused ones of its
    vehicle; what is refused again stays, and is tried after all others next time. Points of vehicles out of sight
    are left alone.
    """
    owned = _find_owners(session, actor, lock_open(session, wanted, most=most))
    known = [(kept, vehicle_id) for kept, vehicle_id in owned if vehicle_id is not None]
    readings = [
        Reading(index=index, vehicle_id=vehicle_id, point=kept.point) for index, (kept, vehicle_id) in enumerate(known)
    ]
    charged = Counter(kept.vehicle_id for kept, _ in known if kept.vehicle_id is not None)
    report = ingest(
        session, actor=INTAKE, at=at, source="replay", readings=readings, limits=limits, replayed=dict(charged)
    )
    outcomes = [
        *((kept, None, UNKNOWN) for kept, vehicle_id in owned if vehicle_id is None),
        *((kept, id_, outcome) for (kept, id_), outcome in zip(known, _outcomes(readings, report), strict=True)),
    ]
    mark_replayed(session, outcomes, at=at)
    result = _report(Counter(outcome for _, _, outcome in outcomes))
    if outcomes:
        _record(session, actor, at, wanted, result)
    return result


def _find_owners(session: Writer, actor: Actor, found: Sequence[Kept]) -> Owned:
    """Each refusal with its vehicle, None where it is still nobody's."""
    reader = session.connection()
    named = {kept.vehicle_id for kept in found if kept.vehicle_id is not None}
    devices = {kept.device_uid for kept in found if kept.vehicle_id is None and kept.device_uid is not None}
    right = "telemetry:replay"
    in_sight = vehicles.list_known_ids(reader, viewer=actor, permission=right, vehicle_ids=named)
    by_device = vehicles.list_ids_by_device(reader, viewer=actor, permission=right, device_uids=devices)
    return [
        (kept, by_device.get(kept.device_uid or "") if kept.vehicle_id is None else kept.vehicle_id)
        for kept in found
        if kept.vehicle_id is None or kept.vehicle_id in in_sight
    ]


def _outcomes(readings: Sequence[Reading], report: IngestReport) -> list[str]:
    """What became of each reading. Of several with one moment the first was stored and the others are duplicates."""
    rules = {refusal.index: refusal.rule for refusal in report.refused}
    left = set(report.new)
    outcomes = []
    for reading in readings:
        moment = (reading.vehicle_id, reading.point.ts)
        if reading.index in rules:
            outcomes.append(f"{AGAIN}{rules[reading.index]}")
        elif moment in left:
            left.remove(moment)
            outcomes.append(STORED)
        else:
            outcomes.append(DUPLICATE)
    return outcomes


def _report(counts: Counter[str]) -> ReplayReport:
    again = {outcome.removeprefix(AGAIN): n for outcome, n in counts.items() if outcome.startswith(AGAIN)}
    return ReplayReport(
        judged=counts.total(), stored=counts[STORED], duplicates=counts[DUPLICATE], refused=dict(sorted(again.items()))
    )


def _record(session: Writer, actor: Actor, at: datetime, wanted: RefusalFilter, result: ReplayReport) -> None:
    asked: dict[str, Any] = {
        "rule": wanted.rule,
        "source": wanted.source,
        "device_uid": wanted.device_uid,
        "since": wanted.since and wanted.since.isoformat(),
    }
    audit.record(
        session,
        actor=actor,
        at=at,
        action="telemetry.refusals_replayed",
        subject=("telemetry", "refusals") if wanted.vehicle_id is None else ("vehicle", wanted.vehicle_id),
        **{name: value for name, value in asked.items() if value is not None},
        judged=result.judged,
        stored=result.stored,
        duplicates=result.duplicates,
        refused=result.refused,
    )
