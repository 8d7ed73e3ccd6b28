"""Facts as an integrator may know of them: the one rule behind the change feed and the messages to endpoints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from core.db import Reader
from core.outbox import Fact
from core.permissions import PERMISSIONS, Actor
from core.vehicles import queries as vehicles


class Seen(NamedTuple):
    """A fact in sight: its ids are cut to `vehicle_ids`, the vehicles of it that the viewer sees. None when it is
    about no vehicle."""

    fact: Fact
    ids: Mapping[str, Any]
    vehicle_ids: tuple[int, ...] | None


def list_in_sight(reader: Reader, *, viewer: Actor, facts: Sequence[Fact], beyond_vehicles: bool = False) -> list[Seen]:
    """Those of `facts` that the viewer may know of, each cut to the vehicles in sight.

    A fact of orders needs access:read, as the orders do, and so on. What is about no vehicle belongs to no park: it is
    left out, unless `beyond_vehicles` and the viewer sees all parks.
    """
    readable = [fact for fact in facts if right_to(fact.name) in PERMISSIONS and viewer.may(right_to(fact.name))]
    asked: dict[str, set[int]] = defaultdict(set)
    for fact in readable:
        asked[right_to(fact.name)].update(vehicles_of(fact.ids))
    known = {
        right: vehicles.list_known_ids(reader, viewer=viewer, permission=right, vehicle_ids=ids)
        for right, ids in asked.items()
        if ids
    }
    seen = []
    for fact in readable:
        named, reached = vehicles_of(fact.ids), known.get(right_to(fact.name), set())
        kept = tuple(dict.fromkeys(vehicle_id for vehicle_id in named if vehicle_id in reached))
        if kept:
            seen.append(Seen(fact, cut(fact.ids, reached), kept))
        elif not named and beyond_vehicles and viewer.parks is None:
            seen.append(Seen(fact, dict(fact.ids), None))
    return seen


def vehicles_of(ids: Mapping[str, Any]) -> list[int]:
    """The vehicles that a fact names."""
    return [*ids.get("vehicle_ids", ()), *((ids["vehicle_id"],) if "vehicle_id" in ids else ())]


def cut(ids: Mapping[str, Any], kept: set[int]) -> dict[str, Any]:
    """The ids of a fact with the vehicles `kept` alone, and without what lies beside the others."""
    if "vehicle_ids" not in ids:
        return dict(ids)
    places = [index for index, vehicle_id in enumerate(ids["vehicle_ids"]) if vehicle_id in kept]
    whole = len(ids["vehicle_ids"])
    return {
        name: [values[index] for index in places] if isinstance(values, list) and len(values) == whole else values
        for name, values in ids.items()
    }


def right_to(name: str) -> str:
    """The right to know of a fact: the one to read what it is about."""
    return f"{name.partition('.')[0]}:read"
