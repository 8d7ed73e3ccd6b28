"""My data: what my park knows of me, and what of it I change myself."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from msgspec import Meta

from core.drivers import queries, service
from core.drivers.schemas import DriverChanges, EmergencyContact
from core.errors import Conflict, Invalid, NotFound, Refusal
from core.privacy import queries as privacy
from portals import hx
from portals.doors import actor, at, read, write
from portals.driver import bp
from portals.forms import parse_form

WANTED = {
    "email": "Enter an e-mail address, like name@company.com.",
    "address": "Enter street, number and town.",
    "emergency_name": "Enter the name, 2 to 120 characters.",
    "emergency_phone": "Enter the number with + and the country code: +14155550100.",
}


class ContactForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a driver changes of their own record."""

    email: Annotated[str, Meta(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    address: Annotated[str, Meta(min_length=5, max_length=400)] | None = None
    emergency_name: Annotated[str, Meta(min_length=2, max_length=120)] | None = None
    emergency_phone: Annotated[str, Meta(pattern=r"^\+[0-9]{7,15}$")] | None = None


@bp.get("/me")
def show_me() -> Response:
    """What my park knows of me."""
    return _show()


@bp.get("/me/export")
def export_me() -> Response:
    """All that is known of me, as a file. JSON, so that it can be taken elsewhere (GDPR article 20)."""
    known = privacy.export_own(read(), viewer=actor(), at=at())
    if known is None:
        raise NotFound("Your account is not linked to a driver yet.")
    answer = Response(msgspec.json.format(msgspec.json.encode(known), indent=2), mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="my-data-{at():%Y-%m-%d}.json"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@bp.post("/me")
def change_me() -> ResponseReturnValue:
    """Change how I am reached, and who is called in an emergency."""
    try:
        form = parse_form(ContactForm)
        service.change_own_record(write(), actor=actor(), at=at(), changes=_changes(form))
    except (Invalid, Conflict) as refusal:
        return _show(Invalid("Nothing was changed.", fields=_in_words(refusal)))
    flash("Your data are changed.", "ok")
    return redirect(url_for("driver.show_me"), 303)


def _changes(form: ContactForm) -> DriverChanges:
    contact = None
    if form.emergency_name or form.emergency_phone:
        missing = {name: WANTED[name] for name in ("emergency_name", "emergency_phone") if getattr(form, name) is None}
        if missing or form.emergency_name is None or form.emergency_phone is None:
            raise Invalid("Nothing was changed.", fields=missing)
        contact = EmergencyContact(name=form.emergency_name, phone=form.emergency_phone)
    return DriverChanges(email=form.email, address=form.address, emergency_contact=contact)


def _in_words(refusal: Refusal) -> dict[str, str]:
    return {name: WANTED.get(name, text) for name, text in refusal.fields.items()}


def _show(refusal: Refusal | None = None) -> Response:
    own = queries.find_own_driver(read(), viewer=actor(), at=at())
    me = own and queries.get_own_personal(read(), viewer=actor(), driver_id=own.driver_id)
    return hx.render(
        "driver/me.html",
        status=refusal.status if refusal else 200,
        me=me,
        looks=privacy.list_own_looks(read(), viewer=actor(), at=at()),
        refusal=refusal,
        errors=refusal.fields if refusal else {},
        typed=request.form,
    )
