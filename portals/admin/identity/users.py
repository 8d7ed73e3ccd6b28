"""People who can sign in: the list, and inviting one."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Invalid
from core.identity import queries, rules, service
from core.permissions import ADMIN, DRIVER, INVESTOR, OPERATOR, ROLES, STAFF
from core.vehicles import queries as vehicles
from portals import hx
from portals.admin import bp
from portals.auth import confirmed
from portals.doors import actor, at, erp, read, write
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


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """The form of a person. A ticked role is `roles.<role>`, a ticked park `parks.<id>`."""

    name: str = ""
    time_zone: str = "UTC"
    roles: dict[str, str] = {}
    all_parks: bool = False
    parks: dict[int, str] = {}


class NewPerson(Person, frozen=True, kw_only=True):
    """The form of somebody who is invited."""

    email: str = ""
    may_immobilize: bool = False


@bp.get("/users")
def list_users() -> Response:
    """Every account with its roles and rights."""
    users = queries.list_users(read(), viewer=actor())
    return hx.render("admin/identity/users.html", users=users, roles=ROLES, now=at())


@bp.get("/users/new")
@confirmed(ADDING)
def new_user() -> ResponseReturnValue:
    """The form for one more person."""
    return _show_form(NewPerson(), {})


@bp.post("/users")
@confirmed(ADDING)
def add_user() -> ResponseReturnValue:
    """Invite a person. Without a mail server the answer is the only page that shows the link, so it is no redirect."""
    person = parse_form(NewPerson)
    try:
        invited = _invite(person)
    except (Invalid, Conflict) as refusal:
        fields = refusal.fields or {"email": refusal.detail}
        return _show_form(person, fields, status=422)
    if invited.link is not None:
        return show_link(person.name, invited.user_id, invited.link, f"{rules.INVITATION_FOR.days} days", status=201)
    flash(f"An invitation is on its way to {person.email}. {person.name} chooses a password with it.", "ok")
    return redirect(url_for(".show_user", user_id=invited.user_id), 303)


def show_link(name: str, user_id: int, link: str, good_for: str, *, status: int = 200) -> Response:
    """The one page that shows a link to an account, to be passed on by hand."""
    return hx.render(
        "admin/identity/user_link.html", status=status, name=name, user_id=user_id, link=link, good_for=good_for
    )


def parks_in_view() -> list[dict[str, object]]:
    """The parks that can be given to somebody."""
    return vehicles.list_parks(read(), viewer=actor())


def time_zones(*more: str) -> list[tuple[str, str]]:
    """The zones that are offered: those of the parks."""
    return [(zone, zone) for zone in sorted({"UTC", *more, *(str(park["time_zone"]) for park in parks_in_view())})]


def role_options() -> list[tuple[str, str, str]]:
    """The roles that are offered, in words."""
    return [(role, ROLES[role], meaning) for role, meaning in PEOPLE.items()]


def problems_of(person: Person, *, kept_parks: Collection[int] = ()) -> dict[str, str]:
    """What the form asks beyond the service: a role, and parks where it needs them."""
    fields = {}
    if not person.roles:
        fields["roles"] = "Tick at least one role: without one there is no page to open."
    if SEES_PARKS & person.roles.keys() and not (person.all_parks or person.parks or kept_parks):
        fields["parks"] = "Tick a park, or all of them: without one these roles see no vehicle."
    if not person.parks.keys() <= {park["id"] for park in parks_in_view()}:
        fields["parks"] = "One of these parks does not exist. Tick them again."
    return fields


def _invite(person: NewPerson) -> service.Invited:
    if problems := _problems(person):
        raise Invalid("The person was not added.", fields=problems)
    return service.invite_user(
        write(),
        actor=actor(),
        at=at(),
        email=person.email,
        name=person.name,
        roles=list(person.roles),
        grants=[IMMOBILIZE] if person.may_immobilize else [],
        park_ids=None if person.all_parks else list(person.parks),
        time_zone=person.time_zone,
        post=service.open_post(erp().settings),
    )


def _problems(person: NewPerson) -> dict[str, str]:
    fields = problems_of(person)
    if person.may_immobilize and OPERATOR not in person.roles:
        fields["may_immobilize"] = "This right is for operators. Tick that role too, or leave the right out."
    if person.time_zone not in dict(time_zones()):
        fields["time_zone"] = "Choose a zone of the list."
    return fields


def _show_form(person: NewPerson, problems: dict[str, str], status: int = 200) -> Response:
    return hx.render(
        "admin/identity/new_user.html",
        status=status,
        person=person,
        problems=problems,
        people=role_options(),
        parks=parks_in_view(),
        time_zones=time_zones(),
        sends=erp().settings.mail is not None,
    )
