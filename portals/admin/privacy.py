"""Privacy: erasing a person for good. What goes, what stays, and the word that it is meant."""

from __future__ import annotations

from typing import Literal

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.drivers import queries
from core.errors import Conflict, Invalid, NotFound
from core.privacy import service
from portals import hx
from portals.admin import bp
from portals.auth import confirmed
from portals.doors import actor, at, read, write
from portals.forms import parse_form


class ErasureForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, and the number of the record typed once more."""

    why: Literal["asked", "expired", "mistake"]
    driver_id: int


@bp.get("/privacy")
def show_privacy() -> ResponseReturnValue:
    """Whom to erase: by the number of the record, which the card of the driver shows."""
    number = request.args.get("driver_id", "").strip()
    if not number:
        return hx.render("admin/privacy/index.html", problem=None, number="")
    if number.isdecimal() and len(number) < 18:
        try:
            queries.get_driver(read(), viewer=actor(), driver_id=int(number), at=at())
            return redirect(url_for("admin.ask_erasure", driver_id=int(number)), 303)
        except NotFound:
            pass
    problem = f"There is no driver {number}. The number stands on the driver's card, under Record."
    return hx.render("admin/privacy/index.html", status=404, problem=problem, number=number)


@bp.get("/privacy/drivers/<int:driver_id>")
def ask_erasure(driver_id: int) -> Response:
    """What erasing this person does."""
    return _show(driver_id)


@bp.post("/privacy/drivers/<int:driver_id>")
@confirmed("Erasing a person")
def erase_driver(driver_id: int) -> ResponseReturnValue:
    """Erase this person. Nothing brings them back."""
    try:
        form = parse_form(ErasureForm)
        if form.driver_id != driver_id:
            raise Invalid("Nobody was erased.", fields={"driver_id": f"Type {driver_id}, the number of this record."})
        service.erase_driver(write(), actor=actor(), at=at(), driver_id=driver_id, why=form.why)
    except (Invalid, Conflict) as refusal:
        return _show(driver_id, refusal)
    flash(f"Person {driver_id} is erased.", "ok")
    return redirect(url_for("admin.show_privacy"), 303)


def _show(driver_id: int, refusal: Invalid | Conflict | None = None) -> Response:
    return hx.render(
        "admin/privacy/erasure.html",
        status=refusal.status if refusal else 200,
        driver=queries.get_driver(read(), viewer=actor(), driver_id=driver_id, at=at()),
        refusal=refusal,
        errors=refusal.fields if refusal else {},
        reasons=service.WHY,
    )
