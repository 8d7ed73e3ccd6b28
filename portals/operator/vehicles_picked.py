"""The vehicles that were ticked in the fleet table: some of them, or all that match what was chosen."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from portals.forms import record_id
from portals.operator.vehicles_asked import Asked
from portals.operator.vehicles_views import read_query


@dataclass(frozen=True, slots=True)
class Picked:
    """Which vehicles are meant. `ids` None: all that match `asked`."""

    asked: Asked
    ids: list[int] | None


def read_picked() -> Picked:
    """What the form says. Numbers that no vehicle can have are left out."""
    asked = read_query(request.form.get("query", ""))
    if request.form.get("all"):
        return Picked(asked, None)
    return Picked(asked, list(dict.fromkeys(request.form.getlist("vehicle", type=record_id))))
