"""Putting a vehicle into the registry: the first step of its onboarding (vehicles_steps.py)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Invalid, Refusal
from core.vehicles import queries, rules, service
from core.vehicles.rules import VinHint
from core.vehicles.schemas import NewVehicle
from portals import hx
from portals.doors import actor, at, read, write
from portals.forms import parse_form
from portals.operator import bp
from portals.operator.vehicles_words import CLASSES, ENGINES

VIN_TOLD = "operator/vehicles/_vin_told.html"
_VIN_LENGTH, _LONGEST_TYPED = 17, 64
_NO_VIN = re.compile(r"[^A-HJ-NPR-Z0-9]")

# What a field wants, for values that are not even of its form.
WANTED = {
    "vin": "Enter the VIN: 17 digits and capital letters.",
    "model": "Enter the model, at most 120 characters.",
    "name": "At most 120 characters.",
    "make": "At most 120 characters.",
    "plate": "At most 16 characters.",
    "year": "A year from 1950 to 2100.",
    "park_id": "Choose a park.",
    "powertrain": "Choose one of the list.",
    "vehicle_class": "Choose one of the list.",
}


@dataclass(frozen=True, slots=True)
class VinTold:
    """What a VIN tells while it is typed: how much of it is there, what is wrong, who has it, what looks odd."""

    vin: str
    counted: str | None = None
    problem: str | None = None
    known_id: int | None = None
    warning: str | None = None
    hint: VinHint | None = None


@bp.get("/vehicles/new")
def new_vehicle() -> Response:
    """The empty form."""
    return _show()


@bp.get("/vehicles/new/vin")
def check_vin() -> ResponseReturnValue:
    """What is to be said of a VIN while it is typed; asked for by itself, the form."""
    if not hx.is_asked_for(VIN_TOLD):
        return redirect(url_for("operator.new_vehicle"))
    return hx.render(VIN_TOLD, told=read_vin(request.args.get("vin", "")))


@bp.post("/vehicles/new")
def register_vehicle() -> ResponseReturnValue:
    """Add the vehicle, and go on to its documents."""
    try:
        new = parse_form(NewVehicle)
    except Invalid as invalid:
        fields = {name: WANTED.get(name, words) for name, words in invalid.fields.items()}
        return _show(Invalid("The vehicle was not added.", fields=fields))
    try:
        vehicle_id = service.register_vehicle(write(), actor=actor(), at=at(), new=new)
    except (Invalid, Conflict) as refusal:
        return _show(refusal)
    return redirect(url_for("operator.show_documents", vehicle_id=vehicle_id), 303)


def read_vin(typed: str) -> VinTold | None:
    """What a VIN as far as it is typed tells; None of nothing."""
    vin = rules.normal_vin(typed[:_LONGEST_TYPED])
    if not vin:
        return None
    if len(vin) < _VIN_LENGTH:
        # Wrong letters are told of at once, and not after the seventeenth.
        wrong = "".join(sorted(set(_NO_VIN.findall(vin))))
        problem = (
            f"No VIN has {' or '.join(wrong)}. It knows digits and capital letters without I, O and Q."
            if wrong
            else None
        )
        return VinTold(vin, problem=problem, counted=f"{len(vin)} of {_VIN_LENGTH} characters")
    if problem := rules.vin_problem(vin):
        return VinTold(vin, problem=problem)
    found = queries.list_vehicles(read(), viewer=actor(), text=vin, most=1)
    return VinTold(
        vin,
        known_id=found[0].id if found else None,
        warning=rules.vin_warning(vin),
        hint=rules.hint_from_vin(vin, this_year=at().year),
    )


def _show(refusal: Refusal | None = None) -> Response:
    return hx.render(
        "operator/vehicles/new.html",
        status=refusal.status if refusal else 200,
        parks=[
            (park["id"], park["name"])
            for park in queries.list_parks(read(), viewer=actor())
            if actor().may("vehicles:register", park_id=park["id"])
        ],
        powertrains=ENGINES.items(),
        classes=CLASSES.items(),
        refusal=refusal,
        errors=refusal.fields if refusal else {},
        known_id=_visible(refusal.facts.get("vehicle_id")) if refusal else None,
        typed=request.form,
        told=None if refusal else read_vin(request.form.get("vin", "")),
    )


def _visible(vehicle_id: int | None) -> int | None:
    """The record in the way, if this person may open it."""
    seen = queries.list_known_ids(
        read(), viewer=actor(), permission="vehicles:read", vehicle_ids=[vehicle_id] if vehicle_id else []
    )
    return vehicle_id if vehicle_id in seen else None
