"""The fleet table: every vehicle in sight, with what one may choose of it and how much each choice leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response

from core.drivers import queries as drivers
from core.identity import queries as identity
from core.telemetry import queries as telemetry
from core.vehicles import queries, rules
from core.vehicles.queries import FleetCounts, VehicleRecord
from core.vehicles.schemas import DOCUMENT_KINDS
from portals import hx
from portals.doors import actor, at, read
from portals.operator import bp
from portals.operator.motion import say_motion
from portals.operator.vehicles_acts import list_acts
from portals.operator.vehicles_asked import COLUMNS, PAGE_SIZE, Asked, as_query, list_asked, read_asked
from portals.operator.vehicles_words import CLASSES, DRIVING, PAPERS, POWERTRAINS, REPORTING, STATUSES

PAGE = "vehicles"


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet: how it is called, how many it would leave, and whether it is chosen."""

    value: str
    label: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """Something to choose by, with its values."""

    name: str
    label: str
    choices: list[Choice]


@bp.get("/vehicles")
def list_vehicles() -> Response:
    """The vehicles that match what is chosen, a page at a time."""
    return show_fleet()


def show_fleet(problem: str | None = None, *, asked: Asked | None = None, status: int = 200) -> Response:
    """The table, with what went wrong if something did."""
    asked = asked or read_asked()
    query = as_query(asked)
    counts = queries.count_fleet(read(), viewer=actor(), query=query)
    pages = max(1, -(-counts.matching // PAGE_SIZE))
    number = min(asked.page, pages)
    vehicles = list_asked(asked, query, skip=(number - 1) * PAGE_SIZE, most=PAGE_SIZE)
    parks = queries.list_parks(read(), viewer=actor())
    return hx.render(
        "operator/vehicles/list.html",
        "operator/vehicles/_fleet.html",
        status=status,
        asked=asked,
        facets=_facets(asked, counts, {str(park["id"]): park["name"] for park in parks}),
        columns=COLUMNS,
        matching=counts.matching,
        first=(number - 1) * PAGE_SIZE + 1,
        number=number,
        pages=pages,
        vehicles=vehicles,
        views=identity.list_saved_views(read(), viewer=actor(), page=PAGE),
        problem=problem,
        may_register=actor().may("vehicles:register"),
        acts=list_acts(actor()),
        **_rows(vehicles),
    )


def _rows(vehicles: list[VehicleRecord]) -> dict[str, Any]:
    """What others know of the vehicles of this page."""
    ids = [vehicle.id for vehicle in vehicles]
    states = telemetry.list_states(read(), viewer=actor(), vehicle_ids=ids)
    return {
        "states": states,
        "motions": {vehicle_id: say_motion(states.get(vehicle_id), at=at()) for vehicle_id in ids},
        "groups": queries.list_groups(read(), viewer=actor(), vehicle_ids=ids),
        "papers": _first_to_end(vehicles),
        "drivers": drivers.list_current_drivers(read(), viewer=actor(), at=at(), vehicle_ids=ids),
        "statuses": STATUSES,
        "powertrains": POWERTRAINS,
        "classes": CLASSES,
    }


def _first_to_end(vehicles: list[VehicleRecord]) -> dict[int, tuple[str, date, str]]:
    """Of each vehicle the document that ends first: what it is, its last day, and how it stands."""
    ends: dict[int, tuple[str, date, str]] = {}
    today = {vehicle.id: at().astimezone(ZoneInfo(vehicle.time_zone)).date() for vehicle in vehicles}
    for vehicle_id, _, kind, until in queries.list_expiring_documents(
        read(), viewer=actor(), until=date.max, vehicle_ids=today
    ):
        said = (DOCUMENT_KINDS[kind], until, rules.name_validity(until, today=today[vehicle_id]))
        ends.setdefault(vehicle_id, said)
    return ends


def _facets(asked: Asked, counts: FleetCounts, parks: dict[str, str]) -> list[Facet]:
    named = {
        "status": ("Status", STATUSES),
        "papers": ("Documents", PAPERS),
        "group": ("Group", {name: name for name in sorted(counts.by["group"], key=str.lower)}),
        "park": ("Park", parks),
        "driver": ("Driver", DRIVING),
        "tracker": ("Tracker", REPORTING),
        "class": ("Class", CLASSES),
        "powertrain": ("Powertrain", POWERTRAINS),
    }
    return [
        facet
        for name, (label, words) in named.items()
        if (facet := _facet(name, label, words, counts, asked.chosen.get(name, ()))).choices
    ]


def _facet(name: str, label: str, words: dict[str, str], counts: FleetCounts, chosen: tuple[str, ...]) -> Facet:
    """Only what is there to be chosen; what is chosen stands there even when it leaves nothing."""
    found = counts.by[name]
    choices = [
        Choice(value, word, found.get(value, 0), value in chosen)
        for value, word in words.items()
        if found.get(value) or value in chosen
    ]
    # A choice among one thing is none.
    return Facet(name, label, choices if len(choices) > 1 or chosen else [])
