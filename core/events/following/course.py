"""Which way a vehicle is to be followed: on from its head, back to a checkpoint, or anew from the oldest point kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec

from core.db import Reader
from core.permissions import Actor
from core.telemetry.queries import following as telemetry
from core.telemetry.queries.following import MOST_POINTS, Since, Standing
from core.telemetry.rules.detector import Context, Detector, Finding, Sample
from core.telemetry.rules.fold import Fold
from core.telemetry.rules.memory import Memory, is_of, restore
from core.telemetry.service.following import Followed

Kinds = Sequence[type[Detector]]


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle that is behind: where it stands, and the points after its head (at most MOST_POINTS)."""

    standing: Standing
    context: Context
    fresh: list[Sample]
    silent: bool
    """Whether it would be silent now if nothing of it was new."""


class Course:
    """Follows one vehicle after the other. It reads, and writes nothing."""

    def __init__(self, reader: Reader, viewer: Actor, kinds: Kinds) -> None:
        self._reader, self._viewer, self._kinds = reader, viewer, kinds

    def is_long(self, standing: Standing) -> bool:
        """Whether a vehicle is to be followed anew, which takes its time."""
        return standing.revision > 0 and (standing.memory is None or not is_of(standing.memory, self._kinds))

    def follow(self, vehicle: Vehicle) -> Followed:
        """What comes of following `vehicle` to what had arrived when its standing was read."""
        standing = vehicle.standing
        if standing.ts is None:
            return self._go_on(vehicle, Memory(), [kind() for kind in self._kinds], seen=standing.point_count)
        detectors = self._restore(standing)
        if detectors is None or standing.memory is None:
            return self._go_anew(vehicle)
        since, late_count = self._find_late(vehicle, standing.memory)
        if since is not None:
            return self._go_back(vehicle, standing.memory, since)
        return self._go_on(vehicle, standing.memory, detectors, seen=standing.point_count + late_count)

    def _restore(self, standing: Standing) -> list[Detector] | None:
        return None if standing.memory is None else restore(standing.memory, self._kinds)

    def _find_late(self, vehicle: Vehicle, memory: Memory) -> tuple[float | None, int]:
        """From which moment on what was said may be otherwise, and how many points are late."""
        standing = vehicle.standing
        moments = [ts for ts, _ in vehicle.context.readings if ts not in memory.readings]
        assert standing.ts is not None
        missing = standing.stored_count - standing.point_count - self._count_fresh(vehicle)
        late = telemetry.Found(0, None)
        if missing > 0:
            late = telemetry.find_late(self._reader, viewer=self._viewer, standing=standing, count=missing)
        if late.ts is not None:
            moments.append(late.ts)
        return min((ts for ts in moments if ts <= standing.ts), default=None), late.found

    def _count_fresh(self, vehicle: Vehicle) -> int:
        if len(vehicle.fresh) < MOST_POINTS:
            return len(vehicle.fresh)
        standing = vehicle.standing
        since = Since(standing.vehicle_id, standing.ts, standing.arrived_at)
        return telemetry.count_points(self._reader, viewer=self._viewer, since=since).found

    def _go_on(self, vehicle: Vehicle, memory: Memory, detectors: list[Detector], *, seen: int) -> Followed:
        """Feed the points after the head; of very many, the first, and the rest the next time."""
        standing, fresh = vehicle.standing, vehicle.fresh
        fold = Fold(detectors, vehicle.context, memory)
        fold.feed(fresh)
        seen += len(fresh)
        if len(fresh) < MOST_POINTS:
            # What is still missing was dropped by age before anybody saw it.
            seen = standing.stored_count
        elif standing.ts is None:
            seen = standing.stored_count - self._count_fresh(vehicle) + len(fresh)
        return Followed(
            vehicle_id=standing.vehicle_id,
            revision=standing.revision,
            arrived_at=standing.arrived_at,
            point_count=seen,
            folded=fold.finish(touched=memory.overlay, silence=_silence(vehicle, fold)),
        )

    def _go_back(self, vehicle: Vehicle, memory: Memory, since: float) -> Followed:
        """Feed everything from the newest checkpoint on that knows nothing of what came after `since`."""
        standing, viewer = vehicle.standing, self._viewer
        base = telemetry.find_base(self._reader, viewer=viewer, standing=standing, ts=since)
        detectors = None if base is None or base.memory is None else restore(base.memory, self._kinds)
        if base is None or base.memory is None or base.memory.last is None or detectors is None:
            return self._go_anew(vehicle)
        start = min(base.ts, since)
        later = telemetry.list_later(self._reader, viewer=viewer, vehicle_id=standing.vehicle_id, ts=base.ts)
        if None in later:
            return self._go_anew(vehicle)
        fold = Fold(detectors, vehicle.context, base.memory)
        for samples in self._read(standing, after=base.memory.last[0]):
            fold.feed(samples)
        touched = [key for each in (*later, memory, base.memory) if each is not None for key in each.keys]
        return Followed(
            vehicle_id=standing.vehicle_id,
            revision=standing.revision,
            arrived_at=standing.arrived_at,
            point_count=standing.stored_count,
            folded=fold.finish(touched=touched, silence=_silence(vehicle, fold)),
            replaces_after=start,
            periods_after=base.memory.last[0],
        )

    def _go_anew(self, vehicle: Vehicle) -> Followed:
        """Feed everything that is kept, to detectors that know nothing yet.

        Of a vehicle whose oldest points are dropped already, what began before the oldest that is kept stays as it was
        said, and its mileage then is where the new one begins.
        """
        standing = vehicle.standing
        everything = Since(standing.vehicle_id, None, standing.arrived_at)
        kept = telemetry.count_points(self._reader, viewer=self._viewer, since=everything)
        is_cut = kept.found < standing.stored_count
        context = self._anchored(vehicle, kept.ts) if is_cut and kept.ts is not None else vehicle.context
        base = Memory() if kept.found else _without_points(standing)
        fold = Fold([kind() for kind in self._kinds], context, base)
        for samples in self._read(standing, after=None):
            fold.feed(samples)
        folded = fold.finish(touched=(), silence=_silence(vehicle, fold))
        since = fold.first_ts if is_cut else 0.0
        if since is not None and since > 0.0:
            said = {key: it for key, it in folded.said.items() if key.table != "period" or key.start >= since}
            folded = replace(folded, said=said)
        return Followed(
            vehicle_id=standing.vehicle_id,
            revision=standing.revision,
            arrived_at=standing.arrived_at,
            point_count=standing.stored_count,
            folded=folded,
            replaces_after=0.0,
            periods_after=since,
            anew_since=since,
        )

    def _anchored(self, vehicle: Vehicle, first_ts: float) -> Context:
        """The context with the mileage before the oldest point kept, as though it had been read off just then."""
        base = telemetry.find_checkpoint(
            self._reader, viewer=self._viewer, vehicle_id=vehicle.standing.vehicle_id, by=first_ts
        )
        if base is None or base.memory is None or base.memory.mileage is None:
            return vehicle.context
        anchor = (first_ts, base.memory.mileage.mileage_m)
        return msgspec.structs.replace(vehicle.context, readings=tuple(sorted((*vehicle.context.readings, anchor))))

    def _read(self, standing: Standing, *, after: float | None) -> Iterator[list[Sample]]:
        """All points after a moment, a portion at a time."""
        while True:
            since = Since(standing.vehicle_id, after, standing.arrived_at)
            found = telemetry.list_points(self._reader, viewer=self._viewer, since=[since])[standing.vehicle_id]
            if found:
                yield found
            if len(found) < MOST_POINTS:
                return
            after = found[-1].ts


def _without_points(standing: Standing) -> Memory:
    """What is still known of a vehicle of which no point is kept: what it last said of itself."""
    known = standing.memory
    return Memory() if known is None else Memory(last=known.last, mileage=known.mileage)


def _silence(vehicle: Vehicle, fold: Fold) -> Finding | None:
    """The silence that lasts: known before and not ended by a point, or found by the clock now."""
    last = fold.last
    if last is None:
        return None
    was_silent = vehicle.standing.silent_since == last.ts
    if not was_silent and not (vehicle.silent and last.ts == vehicle.standing.ts):
        return None
    return Finding(kind="silence", started_at=last.ts, ended_at=None, lat=last.lat, lon=last.lon)
