"""The devices that report and are in no vehicle yet: claimed for a vehicle, or forgotten."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Invalid, NotFound, Refusal
from core.telemetry import queries as telemetry
from core.telemetry.schemas import RefusalFilter
from core.vehicles import queries, service
from core.vehicles.queries import VehicleRecord
from core.vehicles.schemas import FAMILIES, NewTracker
from portals import hx
from portals.admin import bp
from portals.admin.asked import as_id, asked_text
from portals.doors import actor, at, read, write
from portals.forms import parse_form

FOUND_MOST = 20
FOUND = "admin/devices/_found.html"
GATEWAYS = [("vialon_relay", "Wialon (vialon_relay)"), ("traccar_command", "Traccar (traccar_command)")]
WANTED = {
    "tracker.key": "4 to 128 characters, or nothing.",
    "tracker.relay_output": "A number from 1 to 16.",
    "tracker.relay_gateway": "Choose one of the list.",
    "tracker.family": "Choose one of the list.",
}


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A device that waits, as a form names it."""

    device_uid: str
    source: str


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The form that puts a device into a vehicle."""

    source: str
    vehicle_id: int
    tracker: NewTracker
    replace: bool = False


@bp.get("/devices")
def list_unknown_devices() -> Response:
    """The devices that wait, the last heard first."""
    return hx.render(
        "admin/devices/waiting.html",
        devices=queries.list_unknown_devices(read(), viewer=actor()),
        kept_most=service.KEPT_UNKNOWN_DEVICES,
    )


@bp.get("/devices/claim")
def choose_vehicle() -> Response:
    """Which vehicle the device goes into; once that is chosen, how it is fitted."""
    device = _waiting(asked_text("device_uid"), asked_text("source"))
    text, chosen = asked_text("text"), asked_text("vehicle_id")
    if chosen:
        return _show_claim(device, _vehicle(as_id(chosen)))
    found = queries.list_vehicles(read(), viewer=actor(), text=text, most=FOUND_MOST + 1) if text else []
    return hx.render(
        "admin/devices/choose.html",
        FOUND,
        device=device,
        text=text,
        found=found[:FOUND_MOST],
        is_cut=len(found) > FOUND_MOST,
    )


@bp.post("/devices/claim")
def claim_device() -> ResponseReturnValue:
    """Put it in, and go on to the points that came before."""
    try:
        claim = _parse_claim()
        service.claim_device(
            write(),
            actor=actor(),
            at=at(),
            source=claim.source,
            vehicle_id=claim.vehicle_id,
            tracker=claim.tracker,
            replace=claim.replace,
        )
    except (Invalid, Conflict) as refusal:
        device = _waiting(request.form.get("tracker.device_uid", ""), request.form.get("source", ""))
        return _show_claim(device, _vehicle(as_id(request.form.get("vehicle_id", ""))), refusal)
    device_uid = claim.tracker.device_uid
    flash(f"{device_uid} is in vehicle {claim.vehicle_id} now. What it sends from here on is stored.", "ok")
    wanted = RefusalFilter(device_uid=device_uid)
    if telemetry.count_replayable(read(), viewer=actor(), wanted=wanted):
        return redirect(url_for(".confirm_replay", device_uid=device_uid, hours=0), 303)
    return redirect(url_for(".list_unknown_devices"), 303)


@bp.post("/devices/forget")
def forget_device() -> ResponseReturnValue:
    """Take a device off the list; it comes back when it reports again."""
    waiting = parse_form(Waiting)
    service.forget_unknown_device(write(), actor=actor(), at=at(), device_uid=waiting.device_uid, source=waiting.source)
    flash(f"{waiting.device_uid} was taken off the list. It comes back when it reports again.")
    return redirect(url_for(".list_unknown_devices"), 303)


def _parse_claim() -> Claim:
    try:
        return parse_form(Claim)
    except Invalid as invalid:
        raise Invalid("The device was not claimed.", fields=invalid.fields) from invalid


def _show_claim(device: dict[str, Any], vehicle: VehicleRecord, refusal: Refusal | None = None) -> Response:
    return hx.render(
        "admin/devices/claim.html",
        status=refusal.status if refusal else 200,
        device=device,
        vehicle=vehicle,
        gateways=GATEWAYS,
        families=list(FAMILIES.items()),
        refusal=refusal,
        errors={name: WANTED.get(name, words) for name, words in refusal.fields.items()} if refusal else {},
        typed=request.form,
    )


def _waiting(device_uid: str, source: str) -> dict[str, Any]:
    name, by = device_uid.replace("\0", ""), source.replace("\0", "")
    found = queries.list_unknown_devices(read(), viewer=actor(), device_uid=name, source=by)
    if not found:
        raise NotFound(f"No device {name[:64]} waits to be claimed. Load the list again.")
    return found[0]


def _vehicle(vehicle_id: int | None) -> VehicleRecord:
    if vehicle_id is None:
        raise NotFound("There is no such vehicle. Choose one of the list.")
    return queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)
