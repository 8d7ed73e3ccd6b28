"""People who can sign in: the list, and adding one."""

from __future__ import annotations

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Invalid
from core.identity import queries, service
from core.permissions import ADMIN, DRIVER, INVESTOR, OPERATOR, ROLES, STAFF
from core.vehicles import queries as vehicles
from portals import hx
from portals.admin import bp
from portals.auth import confirmed
from portals.doors import actor, at, read, write
from portals.forms import parse_form

# The roles of people, with what each is for; the others are for machines.
PEOPLE = {
    ADMIN: "Everything in this console, and immobilizing vehicles",
    OPERATOR: "The board, vehicles and drivers of their parks",
    STAFF: "The board of their parks, to read",
    DRIVER: "Their own vehicle and shift",
    INVESTOR: "The vehicles they hold shares of",
}
SEES_PARKS = {ADMIN, OPERATOR, STAFF}
IMMOBILIZE = "access:immobilize"
ADDING = "Adding a person"


class NewPerson(msgspec.Struct, frozen=True, kw_only=True):
    """The form. A ticked role is `roles.<role>`, a ticked park `parks.<id>`."""

    email: str = ""
    name: str = ""
    time_zone: str = "UTC"
    roles: dict[str, str] = {}
    may_immobilize: bool = False
    all_parks: bool = False
    parks: dict[int, str] = {}


@bp.get("/users")
def list_users() -> Response:
    """Every account with its roles and rights."""
    users = queries.list_users(read(), viewer=actor())
    return hx.render("admin/identity/users.html", users=users, roles=ROLES)


@bp.get("/users/new")
@confirmed(ADDING)
def new_user() -> ResponseReturnValue:
    """The form for one more person."""
    return _show_form(NewPerson(), {})


@bp.post("/users")
@confirmed(ADDING)
def add_user() -> ResponseReturnValue:
    """Add a person."""
    person = parse_form(NewPerson)
    try:
        _add(person)
    except (Invalid, Conflict) as refusal:
        fields = refusal.fields or {"email": refusal.detail}
        return _show_form(person, fields, status=422)
    flash(f"{person.name} can sign in now. Tell them their password; nobody can read it here.", "ok")
    return redirect(url_for(".list_users"), 303)


def _add(person: NewPerson) -> None:
    # The password is taken as typed: parsing trims fields, and signing in does not.
    if problems := _problems(person):
        raise Invalid("The person was not added.", fields=problems)
    service.create_user(
        write(),
        actor=actor(),
        at=at(),
        email=person.email,
        name=person.name,
        password=request.form.get("password", ""),
        roles=list(person.roles),
        grants=[IMMOBILIZE] if person.may_immobilize else [],
        park_ids=None if person.all_parks else list(person.parks),
        time_zone=person.time_zone,
    )


def _problems(person: NewPerson) -> dict[str, str]:
    """What the form asks beyond the service: a role, parks where it needs them, a right that can be used."""
    fields = {}
    if not person.roles:
        fields["roles"] = "Tick at least one role: without one there is no page to open."
    if SEES_PARKS & person.roles.keys() and not person.all_parks and not person.parks:
        fields["parks"] = "Tick a park, or all of them: without one these roles see no vehicle."
    if not person.parks.keys() <= {park["id"] for park in _parks()}:
        fields["parks"] = "One of these parks does not exist. Tick them again."
    if person.may_immobilize and OPERATOR not in person.roles:
        fields["may_immobilize"] = "This right is for operators. Tick that role too, or leave the right out."
    if person.time_zone not in _time_zones():
        fields["time_zone"] = "Choose a zone of the list."
    return fields


def _show_form(person: NewPerson, problems: dict[str, str], status: int = 200) -> Response:
    return hx.render(
        "admin/identity/new_user.html",
        status=status,
        person=person,
        problems=problems,
        people=[(role, ROLES[role], meaning) for role, meaning in PEOPLE.items()],
        parks=_parks(),
        time_zones=[(zone, zone) for zone in _time_zones()],
    )


def _parks() -> list[dict[str, object]]:
    return vehicles.list_parks(read(), viewer=actor())


def _time_zones() -> list[str]:
    return sorted({"UTC", *(str(park["time_zone"]) for park in _parks())})
