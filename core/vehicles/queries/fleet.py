"""The fleet as a table: which vehicles match what is chosen, in which order, and how many each choice would leave."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from core.db import Reader, bigint_array
from core.permissions import Actor
from core.vehicles.models import GroupMember, Park, Tracker, Vehicle, VehicleGroup
from core.vehicles.queries.papers import newest_documents
from core.vehicles.queries.records import RECORD, VehicleRecord, is_readable, is_worded
from core.vehicles.rules import SOON

SortKey = Literal["name", "plate", "vin", "model", "year", "park", "status", "papers", "registered", "ranked"]
# What one can choose by. The values of each stand as text, as in an address.
FACETS = ("park", "group", "status", "class", "powertrain", "tracker", "driver", "papers")
NOT_KNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetQuery:
    """Which vehicles are asked for: words, and of each facet the values that will do (none: any will).

    `heard_ids` and `driven_ids` are what this subsystem does not know: the vehicles that have reported lately, and
    those somebody has now. `vehicle_ids` cuts the whole to some vehicles.

    Values: `park` an id; `status`, `class`, `powertrain` their codes, `unknown` for a powertrain nobody told;
    `tracker` is `heard`, `silent` or `none`; `driver` is `driven` or `free`; `group` a name; `papers` is how the
    document stands that ends first, on the day of the park that it is `at`: `expired`, `soon`, `fine`, or `none`.
    """

    at: datetime
    text: str = ""
    chosen: Mapping[str, Collection[str]] = field(default_factory=dict)
    heard_ids: Sequence[int] = ()
    driven_ids: Sequence[int] = ()
    vehicle_ids: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class FleetCounts:
    """How many vehicles match, and of each facet how many of each value match everything else that is chosen."""

    matching: int
    by: Mapping[str, Mapping[str, int]]


def list_fleet(
    reader: Reader,
    *,
    viewer: Actor,
    query: FleetQuery,
    sort: SortKey = "name",
    is_descending: bool = False,
    ranked_ids: Iterable[int] = (),
    skip: int = 0,
    most: int | None = None,
) -> list[VehicleRecord]:
    """The vehicles that match, in the order of `sort`; those without a value come last. Needs vehicles:read.

    `ranked` sorts them as they stand in `ranked_ids`.
    """
    viewer.require("vehicles:read")
    papers = _papers()
    found = RECORD.where(*_asked(viewer, query), *_matches(query, papers).values())
    if sort == "papers" or query.chosen.get("papers"):
        found = found.outerjoin(papers, papers.c.vehicle_id == Vehicle.id)
    key = papers.c.ends if sort == "papers" else _sort_key(sort)
    if sort == "ranked":
        ranked = _as_ids(ranked_ids)
        ranks = sa.func.unnest(ranked).table_valued("id", with_ordinality="rank", name="ranks").render_derived()
        found = found.outerjoin(ranks, ranks.c.id == Vehicle.id)
        key = ranks.c.rank
    ordered = key.desc() if is_descending else key.asc()
    found = found.order_by(ordered.nulls_last(), Vehicle.id).offset(skip)
    if most is not None:
        found = found.limit(most)
    return [VehicleRecord(*tuple(row)) for row in reader.execute(found)]


def count_fleet(reader: Reader, *, viewer: Actor, query: FleetQuery) -> FleetCounts:
    """How many vehicles match, and what each further choice would leave, in one pass. Needs vehicles:read."""
    viewer.require("vehicles:read")
    papers = _papers()
    matches = _matches(query, papers)
    values = _values(query, papers)
    misses: sa.ColumnElement[int] = sa.literal(0)
    for match in matches.values():
        misses = misses + sa.case((match, 0), else_=1)
    fleet = (
        sa.select(
            Vehicle.id.label("vehicle_id"),
            *(value.label(name) for name, value in values.items()),
            *(match.label(f"has_{name}") for name, match in matches.items()),
            misses.label("misses"),
        )
        .join(Park, Park.id == Vehicle.park_id)
        .outerjoin(Tracker, Tracker.vehicle_id == Vehicle.id)
        .outerjoin(papers, papers.c.vehicle_id == Vehicle.id)
        .where(*_asked(viewer, query))
        .cte("fleet")
        .prefix_with("MATERIALIZED")
    )
    counted = [
        sa.select(sa.literal(name).label("facet"), fleet.c[name].label("value"), sa.func.count().label("count"))
        .where(_is_left(fleet, name, is_chosen=name in matches))
        .group_by(fleet.c[name])
        for name in values
    ]
    # A vehicle counts once for each group that it is in.
    counted.append(
        sa.select(sa.literal("group"), VehicleGroup.name, sa.func.count())
        .join(GroupMember, GroupMember.group_id == VehicleGroup.id)
        .join(fleet, fleet.c.vehicle_id == GroupMember.vehicle_id)
        .where(_is_left(fleet, "group", is_chosen="group" in matches))
        .group_by(VehicleGroup.name)
    )
    whole = sa.select(sa.literal(""), sa.literal(""), sa.func.count()).where(fleet.c.misses == 0)
    by: dict[str, dict[str, int]] = {name: {} for name in FACETS}
    matching = 0
    for facet, value, count in reader.execute(sa.union_all(whole, *counted)):
        if facet:
            by[facet][value] = by[facet].get(value, 0) + count
        else:
            matching = count
    return FleetCounts(matching, by)


def _asked(viewer: Actor, query: FleetQuery) -> list[sa.ColumnElement[bool]]:
    """What holds for every vehicle of the table, whatever is chosen of the facets."""
    asked = [is_readable(viewer)]
    if query.text.strip():
        asked.append(is_worded(query.text))
    if query.vehicle_ids is not None:
        asked.append(Vehicle.id == sa.any_(_as_ids(query.vehicle_ids)))
    return asked


def _papers() -> sa.Subquery:
    """Of each vehicle that has documents, the day on which the first of those that count ends."""
    newest = newest_documents()
    ends = sa.func.min(newest.c.valid_until).label("ends")
    return sa.select(newest.c.vehicle_id, ends).group_by(newest.c.vehicle_id).subquery("papers")


def _values(query: FleetQuery, papers: sa.Subquery) -> dict[str, sa.ColumnElement[str]]:
    """Of each facet in which a vehicle has one value, that value."""
    today = sa.cast(sa.func.timezone(Park.time_zone, sa.literal(query.at)), sa.Date)
    heard, driven = _as_ids(query.heard_ids), _as_ids(query.driven_ids)
    return {
        "park": sa.cast(Vehicle.park_id, sa.Text),
        "status": sa.cast(Vehicle.status, sa.Text),
        "class": sa.cast(Vehicle.vehicle_class, sa.Text),
        "powertrain": sa.func.coalesce(sa.cast(Vehicle.powertrain, sa.Text), NOT_KNOWN),
        "tracker": sa.case(
            (Tracker.vehicle_id.is_(None), "none"), (Vehicle.id == sa.any_(heard), "heard"), else_="silent"
        ),
        "driver": sa.case((Vehicle.id == sa.any_(driven), "driven"), else_="free"),
        "papers": sa.case(
            (papers.c.vehicle_id.is_(None), "none"),
            (papers.c.ends < today, "expired"),
            (papers.c.ends <= today + SOON.days, "soon"),
            else_="fine",
        ),
    }


def _matches(query: FleetQuery, papers: sa.Subquery) -> dict[str, sa.ColumnElement[bool]]:
    values = _values(query, papers)
    chosen = {name: list(wanted) for name, wanted in query.chosen.items() if wanted}
    return {
        name: _is_in_group(wanted) if name == "group" else values[name].in_(wanted) for name, wanted in chosen.items()
    }


def _is_in_group(names: list[str]) -> sa.ColumnElement[bool]:
    return (
        sa.select(sa.literal(1))
        .select_from(GroupMember)
        .join(VehicleGroup, VehicleGroup.id == GroupMember.group_id)
        .where(GroupMember.vehicle_id == Vehicle.id, VehicleGroup.name.in_(names))
        .exists()
    )


def _is_left(fleet: sa.CTE, name: str, *, is_chosen: bool) -> sa.ColumnElement[bool]:
    """Whether a vehicle matches everything but, perhaps, what is chosen of this facet."""
    if not is_chosen:
        return fleet.c.misses == 0
    return sa.or_(fleet.c.misses == 0, sa.and_(fleet.c.misses == 1, sa.not_(fleet.c[f"has_{name}"])))


def _sort_key(sort: SortKey) -> Any:
    keys: dict[str, Any] = {
        "name": sa.func.lower(Vehicle.name),
        "plate": Vehicle.plate,
        "vin": Vehicle.vin,
        "model": sa.func.lower(sa.func.concat_ws(" ", Vehicle.make, Vehicle.model)),
        "year": Vehicle.year,
        "park": sa.func.lower(Park.name),
        "status": Vehicle.status,
        "registered": Vehicle.created_at,
    }
    return keys.get(sort, Vehicle.id)


def _as_ids(ids: Iterable[int]) -> sa.ColumnElement[Any]:
    # Without a type of its own: a cast of text would be done again for every row.
    return sa.cast(sa.literal(bigint_array(ids), sa.types.NullType()), sa.ARRAY(sa.BigInteger))
