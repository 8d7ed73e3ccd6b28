"""What the fleet table is asked to show, as it stands in the address: words, choices, order, columns, page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import request
from werkzeug.datastructures import ImmutableMultiDict, MultiDict

from core.drivers import queries as drivers
from core.telemetry import queries as telemetry
from core.vehicles import queries
from core.vehicles.queries import FACETS, FleetQuery, SortKey
from portals.doors import actor, at, read
from portals.operator.motion import SILENT_AFTER

PAGE_SIZE = 100
_LAST_PAGE = 1_000_000
_LONGEST = 200
_MOST_CHOICES = 100


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: its head, what it is sorted by (None: it is not), and whether it holds figures."""

    label: str
    sort: str | None = None
    is_figure: bool = False


# The name of the vehicle always stands first.
COLUMNS: dict[str, Column] = {
    "plate": Column("Plate", "plate"),
    "vin": Column("VIN", "vin"),
    "model": Column("Model", "model"),
    "year": Column("Year", "year", is_figure=True),
    "class": Column("Class"),
    "powertrain": Column("Powertrain"),
    "park": Column("Park", "park"),
    "groups": Column("Groups"),
    "status": Column("Status", "status"),
    "papers": Column("Documents", "papers"),
    "driver": Column("Driver"),
    "tracker": Column("Tracker"),
    "speed": Column("Speed", is_figure=True),
    "report": Column("Last report", "report", is_figure=True),
    "registered": Column("Registered", "registered", is_figure=True),
}
DEFAULT_COLUMNS = ("model", "park", "status", "driver", "speed", "report")
# Of which vehicles the order comes from elsewhere; all others are keys of the registry.
_BY_REPORT = "report"
SORTS = ("name", *(column.sort for column in COLUMNS.values() if column.sort))


@dataclass(frozen=True, slots=True)
class Asked:
    """The state of the table. `sort` is a key of SORTS; `columns` are keys of COLUMNS, in their order."""

    text: str
    chosen: Mapping[str, tuple[str, ...]]
    sort: str
    is_descending: bool
    columns: tuple[str, ...]
    page: int

    @property
    def is_filtered(self) -> bool:
        """Whether anything but the whole fleet is asked for."""
        return bool(self.text or self.chosen)

    @property
    def sorted_by(self) -> str:
        """The order as it stands in the address: the key, with a minus when it goes down. Empty: by name."""
        return "" if (self.sort, self.is_descending) == ("name", False) else "-" * self.is_descending + self.sort

    @property
    def args(self) -> dict[str, Any]:
        """The state as the parts of an address, only what differs from the table as it is first seen."""
        args: dict[str, Any] = {"q": self.text, "sort": self.sorted_by, **self.chosen}
        if self.columns != DEFAULT_COLUMNS:
            args["column"] = self.columns
        if self.page > 1:
            args["page"] = self.page
        return {name: value for name, value in args.items() if value}

    @property
    def as_text(self) -> str:
        """The same in one text, without the page: what a saved view keeps."""
        return urlencode(replace(self, page=1).args, doseq=True)

    def without(self, facet: str, value: str | None = None) -> dict[str, Any]:
        """The address with one choice less; with none of this facet when no value is named. `q` is the words."""
        if facet == "q":
            return replace(self, text="", page=1).args
        left = tuple(one for one in self.chosen.get(facet, ()) if value is not None and one != value)
        return replace(self, chosen={**self.chosen, facet: left}, page=1).args

    def sorted_on(self, sort: str) -> dict[str, Any]:
        """The address sorted by this; the other way round, when it is already."""
        return replace(self, sort=sort, is_descending=sort == self.sort and not self.is_descending, page=1).args

    def on_page(self, page: int) -> dict[str, Any]:
        """The address of another page."""
        return replace(self, page=page).args


def read_asked(args: MultiDict[str, str] | None = None) -> Asked:
    """What this address asks for, or what `args` do. What makes no sense is left out, as an old address may hold it."""
    given = request.args if args is None else args
    sort = given.get("sort", "")
    columns = set(given.getlist("column")) & COLUMNS.keys()
    return Asked(
        text=given.get("q", "").replace("\0", "").strip()[:_LONGEST],
        chosen={name: tuple(values) for name in FACETS if (values := _values(given, name))},
        sort=sort.removeprefix("-") if sort.removeprefix("-") in SORTS else "name",
        is_descending=sort.startswith("-") and sort.removeprefix("-") in SORTS,
        columns=tuple(name for name in COLUMNS if name in columns) or DEFAULT_COLUMNS,
        page=min(max(given.get("page", 1, type=_page), 1), _LAST_PAGE),
    )


def as_query(asked: Asked, vehicle_ids: list[int] | None = None) -> FleetQuery:
    """The question to the registry, with what others know of the vehicles, cut to some of them when these are named."""
    return FleetQuery(
        at=at(),
        text=asked.text,
        chosen=asked.chosen,
        heard_ids=telemetry.list_heard_ids(read(), viewer=actor(), since=at() - SILENT_AFTER),
        driven_ids=drivers.list_driven_ids(read(), viewer=actor(), at=at()),
        vehicle_ids=vehicle_ids,
    )


def list_asked(
    asked: Asked, query: FleetQuery, *, skip: int = 0, most: int | None = None
) -> list[queries.VehicleRecord]:
    """The vehicles that are asked for, in their order."""
    is_elsewhere = asked.sort == _BY_REPORT
    ranked_ids = telemetry.list_ids_by_report(read(), viewer=actor()) if is_elsewhere else []
    sort: SortKey = "ranked" if is_elsewhere else asked.sort  # type: ignore[assignment]
    return queries.list_fleet(
        read(),
        viewer=actor(),
        query=query,
        sort=sort,
        is_descending=asked.is_descending,
        ranked_ids=ranked_ids,
        skip=skip,
        most=most,
    )


def _values(given: MultiDict[str, str] | ImmutableMultiDict[str, str], name: str) -> list[str]:
    kept = [value[:_LONGEST] for value in given.getlist(name) if value and "\0" not in value]
    return list(dict.fromkeys(kept))[:_MOST_CHOICES]


def _page(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(text)
    return int(text[:8])
