"""The event log as one list: what people and authorities told, trips, and what was detected; newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.db import Reader
from core.drivers.models import Assignment, Driver
from core.errors import NotFound
from core.events.models import Detection, LoggedEvent, MatchState, RecordKind
from core.events.queries.records import LINE, EventLine, is_readable
from core.permissions import Actor
from core.sight import in_reach
from core.telemetry.models import trips
from core.vehicles.models import Park, Vehicle
from core.vehicles.queries import check_sight

TRIP, DETECTION = "trip", "detection"
KINDS: tuple[str, ...] = (*RecordKind, TRIP, DETECTION)
_WAITING = (MatchState.NOBODY, MatchState.AMBIGUOUS)


class LogPlace(NamedTuple):
    """A place in the log. `source` and `key` tell apart what happened at one moment."""

    happened_at: datetime
    source: str
    key: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """Something that happened: an event that was told (`event`), a trip, or what was detected."""

    source: str
    key: str
    kind: str
    vehicle_id: int | None
    driver_id: int | None
    happened_at: datetime
    ended_at: datetime | None
    event: EventLine | None
    detail: dict[str, Any]

    @property
    def place(self) -> LogPlace:
        """Where it stands in the list: the next page begins after the place of the last."""
        return LogPlace(self.happened_at, self.source, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """Which of the log. `kinds` None: all, but of a park without a vehicle or driver only what was told.

    `is_waiting`: a person has to say whose it is. What was withdrawn is left out unless asked for.
    """

    driver_id: int | None = None
    vehicle_id: int | None = None
    park_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    kinds: frozenset[str] | None = None
    disputed: bool | None = None
    is_waiting: bool | None = None
    withdrawn: bool = False


def list_log(
    reader: Reader, *, viewer: Actor, query: LogQuery, after: LogPlace | None = None, most: int = 100
) -> list[LogLine]:
    """What happened, newest first, in the parks of the viewer. Needs events:read_records.

    Of a driver also the trips and what was detected while they had the vehicle. Raises NotFound for a driver, vehicle
    or park out of sight.
    """
    viewer.require("events:read_records")
    _check_sight(reader, viewer, query)
    return _merged(reader, query, after, most, readable=is_readable(viewer), vehicles=_readable_vehicles(viewer))


def list_own_log(
    reader: Reader, *, viewer: Actor, query: LogQuery, after: LogPlace | None = None, most: int = 100
) -> list[LogLine]:
    """What happened to the driver whose account the viewer is: events, trips, detections. Needs events:read_own."""
    viewer.require("events:read_own")
    driver_id = reader.execute(sa.select(Driver.id).where(Driver.user_id == viewer.id)).scalar()
    if driver_id is None:
        return []
    own = LogQuery(driver_id=driver_id, since=query.since, until=query.until, kinds=query.kinds)
    return _merged(reader, own, after, most, readable=sa.true(), vehicles=None)


def get_zone(reader: Reader, *, viewer: Actor, query: LogQuery) -> str:
    """The zone of the park that a query is about, for its days. Raises NotFound as `list_log` does."""
    viewer.require("events:read_records")
    _check_sight(reader, viewer, query)
    parks = sa.select(Park.time_zone)
    if query.vehicle_id is not None:
        parks = parks.join(Vehicle, Vehicle.park_id == Park.id).where(Vehicle.id == query.vehicle_id)
    elif query.driver_id is not None:
        parks = parks.join(Driver, Driver.park_id == Park.id).where(Driver.id == query.driver_id)
    else:
        parks = parks.where(Park.id == query.park_id)
    return reader.execute(parks).scalar_one()


def count_waiting(reader: Reader, *, viewer: Actor) -> int:
    """How many events wait for somebody to say whose they are. Needs events:read_records."""
    viewer.require("events:read_records")
    waiting = (LoggedEvent.match_state.in_(_WAITING), LoggedEvent.withdrawn_at.is_(None))
    query = sa.select(sa.func.count()).where(is_readable(viewer), *waiting, LoggedEvent.kind != RecordKind.REPAIR)
    return reader.execute(query).scalar_one()


def _check_sight(reader: Reader, viewer: Actor, query: LogQuery) -> None:
    right = "events:read_records"
    if query.vehicle_id is not None:
        check_sight(reader, viewer=viewer, permission=right, vehicle_id=query.vehicle_id)
    if query.driver_id is not None:
        of_driver = sa.select(Driver.id).where(
            Driver.id == query.driver_id, in_reach(viewer, right, park_id=Driver.park_id)
        )
        if reader.execute(of_driver).first() is None:
            raise NotFound(f"There is no driver {query.driver_id}.")
    if query.park_id is not None:
        of_park = sa.select(Park.id).where(Park.id == query.park_id, in_reach(viewer, right, park_id=Park.id))
        if reader.execute(of_park).first() is None:
            raise NotFound(f"There is no park {query.park_id}.")


def _readable_vehicles(viewer: Actor) -> sa.Select[Any] | None:
    """The vehicles of which the viewer may read what happened; None for all."""
    if viewer.reach("events:read_records").parks is None:
        return None
    readable = in_reach(viewer, "events:read_records", park_id=Vehicle.park_id, vehicle_id=Vehicle.id)
    return sa.select(Vehicle.id).where(readable)


def _merged(
    reader: Reader,
    query: LogQuery,
    after: LogPlace | None,
    most: int,
    *,
    readable: sa.ColumnElement[bool],
    vehicles: sa.Select[Any] | None,
) -> list[LogLine]:
    found = [*_list_events(reader, query, after, most, readable)]
    is_of_somebody = query.driver_id is not None or query.vehicle_id is not None
    if query.disputed is None and query.is_waiting is None:
        if _is_asked(query, TRIP, is_of_somebody):
            found += _list_trips(reader, query, after, most, vehicles)
        if _is_asked(query, DETECTION, is_of_somebody):
            found += _list_detections(reader, query, after, most, vehicles)
    return sorted(found, key=lambda line: line.place, reverse=True)[:most]


def _is_asked(query: LogQuery, kind: str, is_of_somebody: bool) -> bool:
    return is_of_somebody if query.kinds is None else kind in query.kinds


def _list_events(
    reader: Reader, query: LogQuery, after: LogPlace | None, most: int, readable: sa.ColumnElement[bool]
) -> Iterator[LogLine]:
    event = LoggedEvent
    asked = LINE.where(readable, *_within(event.happened_at, query, after, "event", sa.cast(event.id, sa.Text)))
    for column, value in (
        (event.driver_id, query.driver_id),
        (event.vehicle_id, query.vehicle_id),
        (event.park_id, query.park_id),
        (event.is_frozen, query.disputed),
    ):
        if value is not None:
            asked = asked.where(column == value)
    if query.kinds is not None:
        asked = asked.where(event.kind.in_([kind for kind in RecordKind if kind in query.kinds]))
    if query.is_waiting is not None:
        # Of a repair it does not matter who had the vehicle.
        waiting = sa.and_(event.match_state.in_(_WAITING), event.kind != RecordKind.REPAIR)
        asked = asked.where(waiting if query.is_waiting else ~waiting)
    if not query.withdrawn:
        asked = asked.where(event.withdrawn_at.is_(None))
    order = (event.happened_at.desc(), sa.cast(event.id, sa.Text).collate("C").desc())
    for row in reader.execute(asked.order_by(*order).limit(most)):
        line = EventLine(*tuple(row))
        yield LogLine(
            "event",
            str(line.id),
            line.kind,
            line.vehicle_id,
            line.driver_id,
            line.happened_at.astimezone(UTC),
            line.happened_until,
            line,
            line.told,
        )


def _list_trips(
    reader: Reader, query: LogQuery, after: LogPlace | None, most: int, vehicles: sa.Select[Any] | None
) -> Iterator[LogLine]:
    columns = trips.c
    key = sa.cast(columns.vehicle_id, sa.Text)
    asked = sa.select(trips).where(
        columns.withdrawn_at.is_(None), *_within(columns.started_at, query, after, TRIP, key)
    )
    asked = _of_vehicles(asked, columns.vehicle_id, columns.started_at, query, vehicles)
    order = (columns.started_at.desc(), key.collate("C").desc())
    for row in reader.execute(asked.order_by(*order).limit(most)).mappings():
        detail = {name: row[name] for name in ("distance_m", "moving_s", "idle_s", "max_speed_kmh", "fuel_l")}
        yield LogLine(
            TRIP,
            str(row["vehicle_id"]),
            TRIP,
            row["vehicle_id"],
            row["driver_id"],
            row["started_at"].astimezone(UTC),
            row["ended_at"],
            None,
            detail,
        )


def _list_detections(
    reader: Reader, query: LogQuery, after: LogPlace | None, most: int, vehicles: sa.Select[Any] | None
) -> Iterator[LogLine]:
    key = sa.cast(Detection.id, sa.Text)
    columns = (Detection.vehicle_id, Detection.id, Detection.kind, Detection.subject, Detection.started_at)
    found = sa.select(*columns, Detection.ended_at, Detection.value).where(
        Detection.withdrawn_at.is_(None), *_within(Detection.started_at, query, after, DETECTION, key)
    )
    asked = _of_vehicles(found, Detection.vehicle_id, Detection.started_at, query, vehicles)
    order = (Detection.started_at.desc(), key.collate("C").desc())
    for row in reader.execute(asked.order_by(*order).limit(most)):
        detail = {"what": row.kind, "subject": row.subject, "value": row.value}
        yield LogLine(
            DETECTION,
            str(row.id),
            DETECTION,
            row.vehicle_id,
            row.driver_id,
            row.started_at.astimezone(UTC),
            row.ended_at,
            None,
            detail,
        )


def _within(
    moment: Any, query: LogQuery, after: LogPlace | None, source: str, key: sa.ColumnElement[str]
) -> Iterator[sa.ColumnElement[bool]]:
    """The range that is asked for, from the place after which the page begins."""
    if query.since is not None:
        yield moment >= query.since
    if query.until is not None:
        yield moment < query.until
    if after is not None:
        same: sa.ColumnElement[bool] = sa.true() if source < after.source else sa.false()
        if source == after.source:
            same = key.collate("C") < after.key
        yield sa.or_(moment < after.happened_at, sa.and_(moment == after.happened_at, same))


def _of_vehicles(asked: Any, vehicle_id: Any, moment: Any, query: LogQuery, vehicles: sa.Select[Any] | None) -> Any:
    """Of the vehicles that are asked for, beside the driver who had the vehicle at that moment."""
    having = sa.and_(Assignment.vehicle_id == vehicle_id, Assignment.during.contains(moment))
    if query.driver_id is not None:
        having = sa.and_(having, Assignment.driver_id == query.driver_id)
    asked = asked.join(Assignment, having, isouter=query.driver_id is None).add_columns(Assignment.driver_id)
    if query.vehicle_id is not None:
        asked = asked.where(vehicle_id == query.vehicle_id)
    if query.park_id is not None:
        asked = asked.where(vehicle_id.in_(sa.select(Vehicle.id).where(Vehicle.park_id == query.park_id)))
    if vehicles is not None:
        asked = asked.where(vehicle_id.in_(vehicles))
    return asked
