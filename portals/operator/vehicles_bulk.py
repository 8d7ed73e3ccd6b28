"""One thing done to many vehicles: a page says first what and to which, then each is done by itself.

Each vehicle has a transaction of its own, so that one which refuses keeps no other from it, and is told of by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from flask import Response, request
from flask.typing import ResponseReturnValue

from core.db import AWAY, Writer
from core.errors import Forbidden, Invalid, Refusal
from core.vehicles import queries, service
from core.vehicles.queries import VehicleRecord
from core.vehicles.schemas import VehicleStatus
from portals import hx
from portals.doors import actor, at, erp, read
from portals.operator import bp
from portals.operator.vehicles_acts import ACTS
from portals.operator.vehicles_asked import as_query, list_asked
from portals.operator.vehicles_fleet import show_fleet
from portals.operator.vehicles_picked import Picked, read_picked
from portals.operator.vehicles_status import parse_status
from portals.operator.vehicles_words import STATUSES

# What is done while somebody waits for the page; more is done in several goes.
MOST = 500
_NO_ANSWER = "The database did not answer in time, so nothing was changed. Try this one again."

Fate = Literal["done", "already", "refused"]
# Does it to one vehicle and says what came of it.
Doing = Callable[[Writer, VehicleRecord], tuple[Fate, str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of the vehicles. `name` is None for one that is not there, or not in sight."""

    vehicle_id: int
    name: str | None
    fate: Fate
    words: str


@bp.post("/vehicles/bulk")
def prepare_bulk() -> ResponseReturnValue:
    """Ask what is to be done to the ticked vehicles; nothing is done yet."""
    picked = read_picked()
    act = request.form.get("act", "")
    if act not in ACTS:
        return show_fleet("Choose what is to be done to the vehicles.", asked=picked.asked, status=422)
    vehicles = list_asked(picked.asked, as_query(picked.asked, picked.ids), most=MOST + 1)
    if problem := _problem(picked, vehicles):
        return show_fleet(problem, asked=picked.asked, status=422)
    return _ask(act, vehicles, picked)


@bp.post("/vehicles/bulk/status")
def change_many_statuses() -> ResponseReturnValue:
    """Move many vehicles to a status."""
    try:
        change = parse_status()
    except Invalid as refusal:
        return _ask_again("status", refusal)
    status = VehicleStatus(change.status)

    def change_one(session: Writer, vehicle: VehicleRecord) -> tuple[Fate, str]:
        if vehicle.status is status:
            return "already", f"It was {STATUSES[status].lower()} already."
        service.change_status(
            session, actor=actor(), at=at(), vehicle_id=vehicle.id, status=status, reason=change.status_reason
        )
        return "done", f"{STATUSES[vehicle.status]} before, {STATUSES[status].lower()} now."

    return _do(change_one, f"Status: {STATUSES[status].lower()}")


@bp.post("/vehicles/bulk/group")
def put_many_into_group() -> ResponseReturnValue:
    """Put many vehicles into the group of one name, each in its park."""
    return _regroup("group", service.put_into_group, "Put into {}.", "It was in {} already.")


@bp.post("/vehicles/bulk/ungroup")
def take_many_out_of_group() -> ResponseReturnValue:
    """Take many vehicles out of the group of one name."""
    return _regroup("ungroup", service.take_out_of_group, "Taken out of {}.", "It was not in {}.")


@bp.post("/vehicles/bulk/park")
def move_many() -> ResponseReturnValue:
    """Move many vehicles to another park."""
    parks = {str(park["id"]): park["name"] for park in queries.list_parks(read(), viewer=actor())}
    chosen = request.form.get("park_id", "")
    if chosen not in parks:
        return _ask_again("park", Invalid("Nothing was moved.", fields={"park_id": "Choose a park of the list."}))
    park_id = int(chosen)

    def move_one(session: Writer, vehicle: VehicleRecord) -> tuple[Fate, str]:
        if vehicle.park_id == park_id:
            return "already", f"It was in {parks[chosen]} already."
        service.move_vehicle(session, actor=actor(), at=at(), vehicle_id=vehicle.id, park_id=park_id)
        return "done", f"Moved from {vehicle.park}, and out of its groups there."

    return _do(move_one, f"Move to {parks[chosen]}")


def _regroup(act: str, verb: Callable[..., bool], done: str, already: str) -> ResponseReturnValue:
    name = " ".join(request.form.get("group", "").replace("\0", "").split())
    if not 1 <= len(name) <= service.LONGEST_GROUP_NAME:
        words = f"Enter the name of a group, at most {service.LONGEST_GROUP_NAME} characters."
        return _ask_again(act, Invalid("Nothing was changed.", fields={"group": words}))

    def regroup_one(session: Writer, vehicle: VehicleRecord) -> tuple[Fate, str]:
        changed = verb(session, actor=actor(), at=at(), vehicle_id=vehicle.id, name=name)
        return ("done", done.format(name)) if changed else ("already", already.format(name))

    return _do(regroup_one, f"Group: {name}")


def _do(do: Doing, title: str) -> Response:
    picked = read_picked()
    ids = (picked.ids or [])[:MOST]
    known = {vehicle.id: vehicle for vehicle in queries.list_vehicles(read(), viewer=actor(), vehicle_ids=ids)}
    outcomes = [_do_one(do, vehicle_id, known) for vehicle_id in ids]
    # What needs a look comes first.
    outcomes.sort(key=lambda outcome: ("refused", "already", "done").index(outcome.fate))
    return hx.render(
        "operator/vehicles/bulk_done.html",
        title=title,
        outcomes=outcomes,
        counts={fate: sum(outcome.fate == fate for outcome in outcomes) for fate in ("done", "already", "refused")},
        left_out=len(picked.ids or []) - len(ids),
        asked=picked.asked,
    )


def _do_one(do: Doing, vehicle_id: int, known: Mapping[int, VehicleRecord]) -> Outcome:
    vehicle = known.get(vehicle_id)
    if vehicle is None:
        return Outcome(vehicle_id, None, "refused", "There is no such vehicle in your parks. It was left alone.")
    try:
        with erp().database.transaction() as session:
            fate, words = do(session, vehicle)
    except Forbidden:
        words = "It was left alone: you may not do this in its park. Ask an administrator to widen the right."
        return Outcome(vehicle_id, vehicle.name, "refused", words)
    except Refusal as refusal:
        return Outcome(vehicle_id, vehicle.name, "refused", refusal.detail)
    except AWAY:
        return Outcome(vehicle_id, vehicle.name, "refused", _NO_ANSWER)
    return Outcome(vehicle_id, vehicle.name, fate, words)


def _problem(picked: Picked, vehicles: list[VehicleRecord]) -> str | None:
    if not vehicles:
        return "No vehicle was ticked. Tick some, and choose again what is to be done."
    if len(vehicles) > MOST:
        return f"At most {MOST} vehicles at a time: what takes longer is not to be waited for. Choose fewer."
    return None


def _ask(act: str, vehicles: list[VehicleRecord], picked: Picked, refusal: Refusal | None = None) -> Response:
    return hx.render(
        "operator/vehicles/bulk.html",
        status=refusal.status if refusal else 200,
        act=ACTS[act],
        vehicles=vehicles,
        asked=picked.asked,
        refusal=refusal,
        errors=refusal.fields if refusal else {},
        typed=request.form,
        statuses=STATUSES,
        # A vehicle is onboarded once.
        next_statuses={code: word for code, word in STATUSES.items() if code != VehicleStatus.ONBOARDING},
        parks=[(park["id"], park["name"]) for park in queries.list_parks(read(), viewer=actor())],
        group_names=queries.list_group_names(read(), viewer=actor()),
    )


def _ask_again(act: str, refusal: Refusal) -> Response:
    picked = read_picked()
    vehicles = queries.list_vehicles(read(), viewer=actor(), vehicle_ids=(picked.ids or [])[:MOST])
    return _ask(act, vehicles, picked, refusal)
