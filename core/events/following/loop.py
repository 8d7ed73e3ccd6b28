"""Finding who is behind, following them a few at a time, and writing down what came of it."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.config import Config
from core.db import AWAY, Database, Reader, Writer
from core.events import service as events
from core.events.following.contexts import Contexts, FencesOf
from core.events.following.course import Course, Kinds, Vehicle
from core.events.service import Detected
from core.permissions import system
from core.telemetry import service as telemetry
from core.telemetry.queries import following as reads
from core.telemetry.queries.following import Behind, Since, Standing
from core.telemetry.rules.detector import Finding
from core.telemetry.rules.limits import thresholds_for
from core.telemetry.rules.memory import made_by
from core.telemetry.service import Followed

log = logging.getLogger(__name__)

ACTOR = system("follower", "telemetry:follow", "events:detect")
SWEEP_EVERY_S = 15.0
# Few enough that what is written at once takes milliseconds.
CHUNK_VEHICLES = 100
CHUNK_POINTS = 5_000
# After so long a pass looks again who is behind; who has waited so long comes first, however much there is of it.
PASS_S = 2.0
LONG_WAIT = timedelta(seconds=10)
RETRY_S = (2.0, 10.0, 60.0, 300.0)


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass did. `is_done`: nobody who was behind at its beginning is so any more, but for those set aside."""

    vehicles: int
    points: int
    is_done: bool


@dataclass(slots=True)
class Aside:
    """A vehicle that cannot be followed: why, how often that was tried, and when it is tried again."""

    error: str
    attempts: int
    retry_s: float


@dataclass
class Follower:
    """One process's following. `transaction` and `reading` are the doors to the database, `now` the clock of the edge.

    Two at once do no harm: who writes second finds the head moved on and writes nothing.
    """

    transaction: Callable[[], AbstractContextManager[Writer]]
    reading: Callable[[], AbstractContextManager[Reader]]
    now: Callable[[], datetime]
    kinds: Kinds
    contexts: Contexts
    must_stop: Callable[[], bool] = lambda: False
    writes_s: deque[float] = field(default_factory=lambda: deque(maxlen=1000))
    """How long the last writing transactions took."""
    _aside: dict[int, Aside] = field(default_factory=dict)
    _waiting: dict[int, datetime] = field(default_factory=dict)
    _long: dict[int, None] | None = None
    _swept_s: float = float("-inf")

    def follow_all(self) -> None:
        """Follow until nobody is behind, but for those set aside."""
        while not self.follow().is_done and not self.must_stop():
            pass

    def follow(self) -> Pass:
        """Look who is behind, and follow them for a while."""
        began_s = time.monotonic()
        wanted = self._find_wanted(began_s)
        vehicles = points = 0
        is_done = True
        long = self._find_long()
        for chunk in _chunks(wanted):
            if self.must_stop() or time.monotonic() - began_s > PASS_S:
                is_done = False
                break
            did = self._follow_chunk([each.vehicle_id for each in chunk if each.vehicle_id not in long])
            vehicles, points, is_done = vehicles + did.vehicles, points + did.points, is_done and did.is_done
        if long and not self.must_stop():
            did = self._follow_chunk([long.popitem()[0]], is_long=True)
            vehicles, points, is_done = vehicles + did.vehicles, points + did.points, is_done and did.is_done
        return Pass(vehicles, points, is_done and not long)

    def lag_ms(self) -> float:
        """How long the longest-waiting point has not been seen, in milliseconds."""
        waiting = min(self._waiting.copy().values(), default=None)
        return 0.0 if waiting is None else max(0.0, (self.now() - waiting).total_seconds() * 1000)

    def words(self) -> str:
        """Which vehicles are set aside; empty when none is."""
        aside = sorted(self._aside.copy().items())
        if not aside:
            return ""
        vehicle_id, first = aside[0]
        return f"{len(aside)} set aside. Vehicle {vehicle_id}: {first.error}"

    def _find_wanted(self, now_s: float) -> list[Behind]:
        at = self.now()
        with self.reading() as reader:
            behind = reads.list_behind(reader, viewer=ACTOR)
            if self.contexts.missing(each.vehicle_id for each in behind):
                self.contexts.forget()
            again = self.contexts.renew(reader, now_s)
            if now_s - self._swept_s >= SWEEP_EVERY_S:
                self._swept_s = now_s
                before = at - timedelta(seconds=self.contexts.shortest_silence_s)
                quiet = reads.list_quiet(reader, viewer=ACTOR, before=before)
                again.update(self.contexts.find_silent(quiet, at.timestamp()))
        self._waiting = {
            each.vehicle_id: self._waiting.get(each.vehicle_id, each.arrived_at)
            for each in behind
            if each.vehicle_id not in self._aside
        }
        again |= self._aside.keys()
        again -= {each.vehicle_id for each in behind}
        wanted = [*behind, *(Behind(vehicle_id, 0, at) for vehicle_id in sorted(again))]
        due = [each for each in wanted if self._is_due(each.vehicle_id, now_s)]
        return sorted(due, key=lambda each: (at - self._waiting.get(each.vehicle_id, at) < LONG_WAIT, each.unseen))

    def _find_long(self) -> dict[int, None]:
        """The vehicles to be followed anew, which takes its time: one in each pass."""
        if self._long is None:
            with self.reading() as reader:
                foreign = reads.list_foreign(reader, viewer=ACTOR, made_by=made_by(self.kinds))
            self._long = dict.fromkeys(foreign)
        return self._long

    def _is_due(self, vehicle_id: int, now_s: float) -> bool:
        aside = self._aside.get(vehicle_id)
        return aside is None or now_s >= aside.retry_s

    def _follow_chunk(self, vehicle_ids: Sequence[int], *, is_long: bool = False) -> Pass:
        """Follow some vehicles and write it down. Those to be followed anew are put off, unless they are meant."""
        at = self.now()
        long = self._find_long()
        followed: list[Followed] = []
        with self.reading() as reader:
            course = Course(reader, ACTOR, self.kinds)
            standings = reads.list_standings(reader, viewer=ACTOR, vehicle_ids=vehicle_ids)
            if not is_long:
                long.update((each.vehicle_id, None) for each in standings if course.is_long(each))
                standings = [each for each in standings if each.vehicle_id not in long]
            for vehicle in self._look_at(reader, standings, at):
                try:
                    followed.append(course.follow(vehicle))
                except AWAY:
                    raise
                except Exception as problem:
                    self._set_aside(vehicle.standing.vehicle_id, problem)
        before = {each.vehicle_id: each for each in standings}
        written = [(before[each.vehicle_id], each) for each in self._write(followed, at)]
        return Pass(
            vehicles=len(written),
            points=sum(each.point_count - was.point_count for was, each in written),
            is_done=all(each.point_count == was.stored_count for was, each in written),
        )

    def _look_at(self, reader: Reader, standings: Iterable[Standing], at: datetime) -> list[Vehicle]:
        """The vehicles with their contexts and new points."""
        known = []
        for standing in standings:
            if (context := self.contexts.of(standing.vehicle_id)) is not None:
                known.append((standing, context))
            else:
                self._set_aside(standing.vehicle_id, LookupError("it is not in the registry"))
        since = [Since(standing.vehicle_id, standing.ts, standing.arrived_at) for standing, _ in known]
        fresh = reads.list_points(reader, viewer=ACTOR, since=since)
        return [
            Vehicle(
                standing,
                context,
                fresh[standing.vehicle_id],
                standing.ts is not None and self.contexts.is_silent(standing.vehicle_id, standing.ts, at.timestamp()),
            )
            for standing, context in known
        ]

    def _write(self, followed: Sequence[Followed], at: datetime) -> list[Followed]:
        """Write what came of it in one transaction; if that cannot be, each vehicle in one of its own."""
        if not followed:
            return []
        try:
            kept = self._write_together(followed, at)
        except AWAY:
            raise
        except Exception as problem:
            if len(followed) > 1:
                return [kept for each in followed for kept in self._write([each], at)]
            self._set_aside(followed[0].vehicle_id, problem)
            return []
        for each in kept:
            self._aside.pop(each.vehicle_id, None)
            self._waiting.pop(each.vehicle_id, None)
        return kept

    def _write_together(self, followed: Sequence[Followed], at: datetime) -> list[Followed]:
        began_s = time.monotonic()
        with self.transaction() as session:
            kept = telemetry.save_followed(session, actor=ACTOR, at=at, followed=followed)
            events.save_detections(session, actor=ACTOR, at=at, detected=[_detected(each) for each in kept])
        self.writes_s.append(time.monotonic() - began_s)
        return kept

    def _set_aside(self, vehicle_id: int, problem: Exception) -> None:
        before = self._aside.get(vehicle_id)
        attempts = 1 if before is None else before.attempts + 1
        wait_s = RETRY_S[min(attempts, len(RETRY_S)) - 1]
        error = f"{type(problem).__name__}: {problem}"
        self._aside[vehicle_id] = Aside(error, attempts, time.monotonic() + wait_s)
        self._waiting.pop(vehicle_id, None)
        log.error("vehicle %s is set aside for %.0f s: %s", vehicle_id, wait_s, error, exc_info=problem)


def _detected(each: Followed) -> Detected:
    return Detected(
        vehicle_id=each.vehicle_id,
        said={key: it for key, it in each.folded.said.items() if isinstance(it, Finding)},
        gone=[key for key in each.folded.gone if key.table == "finding"],
        anew_since=each.anew_since,
    )


def _chunks(wanted: Sequence[Behind]) -> Iterator[list[Behind]]:
    chunk: list[Behind] = []
    points = 0
    for each in wanted:
        if chunk and (len(chunk) >= CHUNK_VEHICLES or points + each.unseen > CHUNK_POINTS):
            yield chunk
            chunk, points = [], 0
        chunk.append(each)
        points += each.unseen
    if chunk:
        yield chunk


def make_follower(
    config: Config,
    database: Database,
    *,
    now: Callable[[], datetime],
    kinds: Kinds,
    load_fences: Callable[[Reader], FencesOf],
    renewing_facts: Sequence[str],
    must_stop: Callable[[], bool] = lambda: False,
) -> Follower:
    """The following of one process. `renewing_facts`: the names of facts that change what detectors may look at."""
    return Follower(
        transaction=database.transaction,
        reading=database.reading,
        now=now,
        kinds=kinds,
        contexts=Contexts(
            viewer=ACTOR,
            thresholds=thresholds_for(config.limits),
            load_fences=load_fences,
            renewing_facts=renewing_facts,
        ),
        must_stop=must_stop,
    )
