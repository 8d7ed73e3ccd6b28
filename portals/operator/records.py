"""The event log of the office: the list with its filters, one event with everything about it, and its files."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, request, url_for
from flask_login import current_user

from core.drivers import queries as drivers
from core.errors import Invalid, NotFound, Refusal
from core.events import queries
from core.events.queries import EventDetail, LogLine, LogQuery
from core.events.rules.incidents import TASKS
from core.events.schemas import CostKind
from core.identity.queries import name_users
from core.vehicles import queries as vehicles
from portals import hx, log_words
from portals.doors import actor, at, read
from portals.file_answers import answer_file
from portals.filters import words
from portals.forms import record_id
from portals.log_places import as_cursor, as_place
from portals.money import as_money
from portals.operator import bp

PAGE_SIZE = 100
FILTERS = ("kind", "vehicle", "driver", "from", "to", "state", "withdrawn")
STATES = {"unmatched": "Nobody found", "disputed": "Disputed"}


@bp.get("/records")
def list_records() -> Response:
    """What was told, newest first, a page at a time; trips and detections when they are asked for."""
    kept: dict[str, Any] = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    asked, problem = _asked()
    lines, next_cursor = ([], None) if problem else _read_page(asked)
    people = drivers.list_drivers(read(), viewer=actor(), at=at())
    return hx.render(
        "operator/records/list.html",
        "operator/records/_records.html",
        status=problem.status if problem else 200,
        lines=lines,
        names=_name_drivers(lines),
        people=people,
        vehicles={vehicle.id: vehicle for vehicle in vehicles.list_vehicles(read(), viewer=actor())},
        kept=kept,
        states=STATES,
        problem=problem,
        waiting=queries.count_waiting(read(), viewer=actor()),
        first_url=url_for("operator.list_records", **kept) if request.args.get("cursor") else None,
        next_url=url_for("operator.list_records", **kept, cursor=next_cursor) if next_cursor else None,
        may_record=actor().may("events:record"),
        log_words=log_words,
        as_money=as_money,
    )


@bp.get("/records/<int:event_id>")
def show_record(event_id: int) -> Response:
    """Everything about one event."""
    return show(event_id)


@bp.get("/records/<int:event_id>/files/<uuid:evidence_id>")
def open_record_file(event_id: int, evidence_id: uuid.UUID) -> Response:
    """A photo of an incident, or what was handed in with a dispute."""
    return answer_file(queries.get_event_file(read(), viewer=actor(), event_id=event_id, file_id=evidence_id))


def show(event_id: int, refusal: Refusal | None = None) -> Response:
    """The page of an event; with what was refused and what had been typed."""
    found = queries.get_event(read(), viewer=actor(), event_id=event_id)
    line = found.line
    may_record = actor().may("events:record", park_id=line.park_id, vehicle_id=line.vehicle_id)
    people = drivers.list_drivers(read(), viewer=actor(), at=at()) if may_record else []
    return hx.render(
        "operator/records/show.html",
        status=refusal.status if refusal else 200,
        found=found,
        line=line,
        refusal=refusal,
        errors=refusal.fields if refusal else {},
        typed=request.form,
        title=log_words.say(line.kind, line.told),
        vehicle=_find_vehicle(line.vehicle_id),
        names=drivers.name_drivers(read(), _people_of(found)),
        actors=name_users(read(), user_ids=_actors_of(found)),
        people=[(person["id"], person["name"]) for person in people],
        may_record=may_record,
        may_decide=actor().may("events:decide", park_id=line.park_id, vehicle_id=line.vehicle_id),
        tasks=TASKS,
        costs=[(kind.value, words(kind)) for kind in CostKind],
        log_words=log_words,
        as_money=as_money,
        now=at(),
    )


def _find_vehicle(vehicle_id: int | None) -> Any:
    if vehicle_id is None:
        return None
    try:
        return vehicles.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)
    except NotFound:
        return None


def _people_of(found: EventDetail) -> set[int]:
    ids = {found.line.driver_id, *(match.driver_id for match in found.matches)}
    ids |= {dispute.driver_id for dispute in found.disputes}
    if found.incident is not None:
        ids |= {share.driver_id for share in found.incident.shares}
    return {one for one in ids if one is not None}


def _actors_of(found: EventDetail) -> set[int]:
    steps = found.incident.steps if found.incident else []
    done: list[Any] = [*found.versions, *found.matches, *steps]
    ids = {one.actor_id for one in done if one.actor_kind == "user"}
    return {one for one in ids if one is not None}


def _name_drivers(lines: list[LogLine]) -> dict[int, str]:
    return drivers.name_drivers(read(), {line.driver_id for line in lines if line.driver_id is not None})


def _read_page(asked: LogQuery) -> tuple[list[LogLine], str | None]:
    after = as_place(request.args.get("cursor", ""))
    try:
        found = queries.list_log(read(), viewer=actor(), query=asked, after=after, most=PAGE_SIZE + 1)
    except NotFound:
        return [], None  # nothing happened with what is not in sight
    shown = found[:PAGE_SIZE]
    return shown, as_cursor(shown[-1].place) if len(found) > PAGE_SIZE else None


def _asked() -> tuple[LogQuery, Invalid | None]:
    """The filters as the query wants them, and what is wrong with one."""
    kind, state = request.args.get("kind", ""), request.args.get("state", "")
    kinds = frozenset({kind}) if kind in log_words.KINDS else frozenset(log_words.RECORD_KINDS)
    problem = None
    bounds: list[datetime | None] = []
    for name, days in (("from", 0), ("to", 1)):
        try:
            bounds.append(_midnight(request.args.get(name, ""), days))
        except (ValueError, OverflowError):
            bounds.append(None)
            problem = Invalid(f"{request.args[name][:40]} is not a day. Choose one, or clear the field.")
    return LogQuery(
        driver_id=request.args.get("driver", type=record_id),
        vehicle_id=request.args.get("vehicle", type=record_id),
        since=bounds[0],
        until=bounds[1],
        kinds=kinds,
        disputed=True if state == "disputed" else None,
        is_waiting=True if state == "unmatched" else None,
        withdrawn=bool(request.args.get("withdrawn")),
    ), problem


def _midnight(text: str, days: int) -> datetime | None:
    if not text:
        return None
    day = date.fromisoformat(text) + timedelta(days=days)
    if not 1970 <= day.year <= 9000:
        raise ValueError(text)
    return datetime.combine(day, time(), ZoneInfo(current_user.time_zone))
