"""Rights on top of a person's roles: wherever they see, in one park, or for one vehicle; for good or for a time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from core.errors import Conflict, Invalid
from core.identity import service
from core.vehicles import queries as vehicles
from portals.admin import bp
from portals.admin.identity.person import CHANGING, show_person
from portals.admin.identity.users import parks_in_view
from portals.auth import confirmed
from portals.doors import actor, at, read, write
from portals.forms import parse_form


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """The form. Without park and vehicle the right reaches as far as the person sees."""

    permission: str = ""
    park_id: int | None = None
    vehicle: str = ""
    last_day: date | None = None


@bp.post("/users/<int:user_id>/grants")
@confirmed(CHANGING)
def give_grant(user_id: int) -> ResponseReturnValue:
    """Grant a right."""
    try:
        grant = parse_form(Grant)
        service.give_grant(
            write(),
            actor=actor(),
            at=at(),
            user_id=user_id,
            permission=grant.permission,
            park_id=_park(grant),
            vehicle_id=_vehicle(grant),
            expires_at=_end(grant.last_day),
        )
    except Invalid as refusal:
        return show_person(user_id, grant=request.form.to_dict(), problems=_renamed(refusal.fields))
    except Conflict as refusal:
        return show_person(user_id, grant=request.form.to_dict(), problems={"permission": refusal.detail})
    flash("Granted. It holds from their next step on.", "ok")
    return redirect(url_for(".show_user", user_id=user_id), 303)


@bp.post("/users/<int:user_id>/grants/<int:grant_id>/end")
@confirmed(CHANGING)
def take_grant(user_id: int, grant_id: int) -> ResponseReturnValue:
    """Take a right."""
    service.take_grant(write(), actor=actor(), at=at(), user_id=user_id, grant_id=grant_id)
    flash("Taken. It holds from their next step on.", "ok")
    return redirect(url_for(".show_user", user_id=user_id), 303)


def _park(grant: Grant) -> int | None:
    if grant.park_id is not None and grant.park_id not in {park["id"] for park in parks_in_view()}:
        raise Invalid("No such park.", fields={"park_id": "Choose a park of the list."})
    return grant.park_id


def _vehicle(grant: Grant) -> int | None:
    """The one vehicle that is called so: by VIN, plate or name, whole; or the only one in which the text is found."""
    text = grant.vehicle.casefold()
    if not text:
        return None
    found = vehicles.list_vehicles(read(), viewer=actor(), text=grant.vehicle, most=50)
    exact = [car for car in found if text in {(name or "").casefold() for name in (car.vin, car.plate, car.name)}]
    if len(exact or found) != 1:
        words = "No vehicle is called so." if not found else "Several vehicles are called so."
        raise Invalid(words, fields={"vehicle": f"{words} Enter the whole VIN or plate of one."})
    return (exact or found)[0].id


def _end(last_day: date | None) -> datetime | None:
    """The end of that day where the administrator is."""
    if last_day is None:
        return None
    try:
        return datetime.combine(last_day + timedelta(days=1), time(), ZoneInfo(current_user.time_zone))
    except OverflowError:
        raise Invalid("No such day.", fields={"last_day": "Enter a day of this century."}) from None


def _renamed(fields: dict[str, str]) -> dict[str, str]:
    names = {"expires_at": "last_day", "parks": "park_id"}
    return {names.get(name, name): text for name, text in fields.items()}
