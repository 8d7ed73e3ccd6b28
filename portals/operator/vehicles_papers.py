"""The documents and the photos of a vehicle: seen, added from a phone in the yard or at a desk, taken back."""

from __future__ import annotations

import uuid
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Invalid, Refusal
from core.vehicles import queries, rules, service
from core.vehicles.queries import VehicleRecord
from core.vehicles.schemas import DOCUMENT_KINDS, NewDocument, Upload
from portals import hx
from portals.doors import actor, at, read, write
from portals.file_answers import answer_file
from portals.forms import parse_form
from portals.operator import bp
from portals.operator.vehicles_steps import read_onboarding

WANTED = {
    "kind": "Choose one of the list.",
    "number": "At most 120 characters.",
    "issuer": "At most 120 characters.",
    "valid_from": "Enter a day, or nothing.",
    "valid_until": "Enter a day, or nothing when it has no end.",
}
_TAKEN_BACK = "The document was taken back. It stays on file, with why."


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a document is taken back."""

    why: str = ""


@bp.get("/vehicles/<int:vehicle_id>/documents")
def show_documents(vehicle_id: int) -> Response:
    """The documents of a vehicle: those that count, and those of before."""
    return _show_documents(vehicle_id)


@bp.post("/vehicles/<int:vehicle_id>/documents")
def add_document(vehicle_id: int) -> ResponseReturnValue:
    """Add a document with its pages."""
    try:
        new = parse_form(NewDocument, {name: request.form.get(name, "") for name in WANTED})
        service.add_document(write(), actor=actor(), at=at(), vehicle_id=vehicle_id, new=new, pages=_uploads("file"))
    except (Invalid, Conflict) as refusal:
        return _show_documents(vehicle_id, refusal)
    flash(f"{DOCUMENT_KINDS[new.kind]} added.", "ok")
    return redirect(url_for("operator.show_documents", vehicle_id=vehicle_id), 303)


@bp.post("/vehicles/<int:vehicle_id>/documents/<int:paper_id>/withdrawal")
def withdraw_document(vehicle_id: int, paper_id: int) -> ResponseReturnValue:
    """Take back a document that was added by mistake."""
    why = parse_form(Withdrawal).why
    try:
        service.withdraw_document(write(), actor=actor(), at=at(), vehicle_id=vehicle_id, document_id=paper_id, why=why)
    except (Invalid, Conflict) as refusal:
        flash(" ".join((refusal.detail, *refusal.fields.values())), "act")
    else:
        flash(_TAKEN_BACK, "ok")
    return redirect(url_for("operator.show_documents", vehicle_id=vehicle_id), 303)


@bp.get("/vehicles/<int:vehicle_id>/documents/<uuid:paper_file_id>")
def show_paper_page(vehicle_id: int, paper_file_id: uuid.UUID) -> Response:
    """A page of a document as it was handed in."""
    return answer_file(queries.get_document_page(read(), viewer=actor(), vehicle_id=vehicle_id, file_id=paper_file_id))


@bp.get("/vehicles/<int:vehicle_id>/photos")
def show_photos(vehicle_id: int) -> Response:
    """The photos of a vehicle."""
    return _show_photos(vehicle_id)


@bp.post("/vehicles/<int:vehicle_id>/photos")
def add_photos(vehicle_id: int) -> ResponseReturnValue:
    """Add one or several photos: all of them, or none."""
    photos = _uploads("photo")
    try:
        if not photos:
            raise Invalid("No photo was added.", fields={"photo": "Choose a photo, or take one."})
        for photo in photos:
            service.add_photo(write(), actor=actor(), at=at(), vehicle_id=vehicle_id, photo=photo)
    except (Invalid, Conflict) as refusal:
        words = " ".join(refusal.fields.values()) or refusal.detail
        return _show_photos(vehicle_id, Invalid("No photo was added.", fields={"photo": words}))
    flash("The photo was added." if len(photos) == 1 else f"{len(photos)} photos were added.", "ok")
    return redirect(url_for("operator.show_photos", vehicle_id=vehicle_id), 303)


@bp.get("/vehicles/<int:vehicle_id>/photos/<int:photo_id>")
def show_photo(vehicle_id: int, photo_id: int) -> Response:
    """A photo as it was taken."""
    return answer_file(queries.get_photo(read(), viewer=actor(), vehicle_id=vehicle_id, photo_id=photo_id))


@bp.post("/vehicles/<int:vehicle_id>/photos/<int:photo_id>/first")
def put_photo_first(vehicle_id: int, photo_id: int) -> ResponseReturnValue:
    """Let this photo be the one by which the vehicle is known."""
    service.put_photo_first(write(), actor=actor(), at=at(), vehicle_id=vehicle_id, photo_id=photo_id)
    return redirect(url_for("operator.show_photos", vehicle_id=vehicle_id), 303)


@bp.post("/vehicles/<int:vehicle_id>/photos/<int:photo_id>/removal")
def remove_photo(vehicle_id: int, photo_id: int) -> ResponseReturnValue:
    """Show a photo no longer."""
    service.remove_photo(write(), actor=actor(), at=at(), vehicle_id=vehicle_id, photo_id=photo_id)
    return redirect(url_for("operator.show_photos", vehicle_id=vehicle_id), 303)


def read_papers(vehicle: VehicleRecord) -> dict[str, Any]:
    """What the card of a vehicle shows of its documents and photos."""
    documents = queries.list_documents(read(), viewer=actor(), vehicle_id=vehicle.id)
    today = at().astimezone(ZoneInfo(vehicle.time_zone)).date()
    return {
        "documents": documents,
        "document_kinds": DOCUMENT_KINDS,
        "validities": {one.id: rules.name_validity(one.valid_until, today=today) for one in documents},
        "missing_kinds": rules.list_missing_kinds(one.kind for one in documents if one.is_current),
        "photos": queries.list_photos(read(), viewer=actor(), vehicle_id=vehicle.id),
        "may_change": actor().may("vehicles:change", park_id=vehicle.park_id, vehicle_id=vehicle.id),
    }


def _show_documents(vehicle_id: int, refusal: Refusal | None = None) -> Response:
    return _show("documents", vehicle_id, refusal)


def _show_photos(vehicle_id: int, refusal: Refusal | None = None) -> Response:
    return _show("photos", vehicle_id, refusal)


def _show(page: str, vehicle_id: int, refusal: Refusal | None) -> Response:
    vehicle = queries.get_vehicle(read(), viewer=actor(), vehicle_id=vehicle_id)
    errors = {name: WANTED.get(name, words) for name, words in refusal.fields.items()} if refusal else {}
    return hx.render(
        f"operator/vehicles/{page}.html",
        status=refusal.status if refusal else 200,
        vehicle=vehicle,
        refusal=refusal,
        errors=errors if refusal is None or refusal.code == "invalid" else {},
        typed=request.form,
        **read_papers(vehicle),
        **read_onboarding(vehicle, page),
    )


def _uploads(field: str) -> list[Upload]:
    """The files of a field; a browser sends an empty one where none was chosen."""
    chosen = [file for file in request.files.getlist(field) if file.filename]
    return [Upload(name=file.filename or "", content=file.stream.read()) for file in chosen]
