"""What is asked of telemetry all day, each question beside the bare statement on the same connection."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from core.db import Reader, driver
from core.telemetry import queries
from core.telemetry.queries.points import POINT_COLUMNS
from core.telemetry.queries.states import STATE_COLUMNS
from core.telemetry.queries.tracks import TRACK_FIELDS
from infra.bench.result import spread
from infra.bench.stand import ACTOR

WARM_UP = 5
MOST = 50_000

_TRACK = (
    f"SELECT ts, {', '.join(TRACK_FIELDS)} FROM telemetry_points "  # noqa: S608 - names of ours
    "WHERE vehicle_id = %s AND ts >= %s AND ts < %s ORDER BY ts"
)
_LAST = (
    f"SELECT {', '.join(POINT_COLUMNS)} FROM telemetry_points "  # noqa: S608 - names of ours
    "WHERE vehicle_id = %s ORDER BY ts DESC LIMIT 10"
)
_LATEST = f"SELECT {', '.join(STATE_COLUMNS)} FROM telemetry_states WHERE ts IS NOT NULL"  # noqa: S608 - names of ours


@dataclass(frozen=True)
class Question:
    """A query as the product asks it, and bare: each given a vehicle, each returning how many rows it read."""

    name: str
    ask: Callable[[int], int]
    ask_bare: Callable[[int], int]


def common_questions(reader: Reader, since: datetime, until: datetime) -> Sequence[Question]:
    """The latest of all vehicles, the last ten points of one, and its track of a day, ready to be sent."""
    return (
        Question(
            "latest_of_all",
            lambda _: len(queries.list_states(reader, viewer=ACTOR)),
            lambda _: _fetch(reader, _LATEST),
        ),
        Question(
            "last_10",
            lambda vehicle_id: len(queries.list_last_points(reader, viewer=ACTOR, vehicle_id=vehicle_id, most=10)),
            lambda vehicle_id: _fetch(reader, _LAST, vehicle_id),
        ),
        track_question(reader, since, until, None),
    )


def track_question(reader: Reader, since: datetime, until: datetime, tolerance_m: float | None) -> Question:
    """The track of a day as the API sends it; bare, the whole of it is fetched."""

    def ask(vehicle_id: int) -> int:
        track = queries.read_track(
            reader,
            viewer=ACTOR,
            vehicle_id=vehicle_id,
            since=since,
            until=until,
            most=MOST,
            tolerance_m=tolerance_m,
        )
        orjson.dumps(track.columns)
        return track.count

    name = "day_track" if tolerance_m is None else f"day_track_within_{tolerance_m:g}_m"
    return Question(name, ask, lambda vehicle_id: _fetch(reader, _TRACK, vehicle_id, since, until))


def compare(question: Question, vehicle_ids: Iterable[int]) -> dict[str, Any]:
    """Both ways by turns, in ms, for one vehicle after the other; the first few rounds only warm up."""
    ours: list[float] = []
    theirs: list[float] = []
    rows = 0
    for number, vehicle_id in enumerate(vehicle_ids):
        # The one that goes first finds colder pages: they take turns at that too.
        for is_ours in (True, False) if number % 2 else (False, True):
            began = time.perf_counter()
            count = (question.ask if is_ours else question.ask_bare)(vehicle_id)
            (ours if is_ours else theirs).append((time.perf_counter() - began) * 1000)
            rows = count if is_ours else rows
    return {"rows": rows, "ms": spread(ours[WARM_UP:], digits=2), "bare_ms": spread(theirs[WARM_UP:], digits=2)}


def _fetch(reader: Reader, statement: str, *values: object) -> int:
    """By nothing but psycopg: prepared, in binary."""
    with driver(reader).cursor(binary=True) as cursor:
        return len(cursor.execute(statement, values, prepare=True).fetchall())
