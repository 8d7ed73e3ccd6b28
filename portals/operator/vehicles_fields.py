"""The fields that the office has defined, of one vehicle: shown on its card, filled in beside its data."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Invalid
from core.vehicles import queries, service
from core.vehicles.queries import FilledField
from core.vehicles.schemas import FieldValue
from portals.doors import actor, at, read, write
from portals.operator import bp

_YES_NO = {"yes": True, "no": False}


@bp.post("/vehicles/<int:vehicle_id>/fields")
def fill_fields(vehicle_id: int) -> ResponseReturnValue:
    """Write what stands in the fields of the vehicle: all of them, or none."""
    filled = queries.list_filled_fields(read(), viewer=actor(), vehicle_id=vehicle_id)
    names = {str(one.field.id): one.field.name for one in filled}
    try:
        service.fill_fields(
            write(),
            actor=actor(),
            at=at(),
            vehicle_id=vehicle_id,
            values={one.field.id: _typed(one) for one in filled},
        )
    except (Invalid, Conflict) as refusal:
        wrong = [f"{names.get(name, name)}: {words}" for name, words in refusal.fields.items()]
        flash(" ".join((refusal.detail, *wrong)), "act")
    else:
        flash("The fields were written.", "ok")
    return redirect(url_for("operator.show_vehicle_data", vehicle_id=vehicle_id), 303)


def _typed(one: FilledField) -> FieldValue:
    """What was typed into a field, as its kind wants it; what cannot be read goes as it is, to be refused in words."""
    text = request.form.get(f"field.{one.field.id}", "").replace("\0", "").strip()
    if not text:
        return None
    if one.field.kind == "yes_no":
        return _YES_NO.get(text, text)
    if one.field.kind == "number":
        return _as_number(text)
    return text


def _as_number(text: str) -> FieldValue:
    try:
        return float(text) if "." in text or "e" in text.lower() else int(text)
    except ValueError:
        return text
