"""One person: what they may do, how they come in, where they are signed in."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Invalid
from core.identity import queries, rules, service
from core.permissions import GRANTABLE, ROLES
from core.vehicles import queries as vehicles
from portals import hx
from portals.admin import bp
from portals.admin.identity.users import Person, parks_in_view, problems_of, role_options, show_link, time_zones
from portals.auth import confirmed
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_form

CHANGING = "Changing what somebody may do"
LINKING = "Letting somebody choose a new password"
CLOSING = "Closing or opening an account"
SIGNING_OUT = "Signing somebody out"


@bp.get("/users/<int:user_id>")
def show_user(user_id: int) -> Response:
    """Everything about one person."""
    return show_person(user_id)


@bp.post("/users/<int:user_id>")
@confirmed(CHANGING)
def change_user(user_id: int) -> ResponseReturnValue:
    """Change name, zone, roles and parks."""
    person = parse_form(Person)
    try:
        _change(user_id, person)
    except Invalid as refusal:
        return show_person(user_id, person=person, problems=refusal.fields)
    except Conflict as refusal:
        return show_person(user_id, person=person, problems={"roles": refusal.detail})
    flash("Saved. It holds from their next step on.", "ok")
    return _back(user_id)


@bp.post("/users/<int:user_id>/invitation")
@confirmed(LINKING)
def invite_user_again(user_id: int) -> ResponseReturnValue:
    """Send the invitation again; the link before it is good no longer."""
    link = service.invite_again(write(), actor=actor(), at=at(), user_id=user_id, post=_post())
    return _sent(user_id, link, f"{rules.INVITATION_FOR.days} days", "A new invitation is on its way.")


@bp.post("/users/<int:user_id>/reset")
@confirmed(LINKING)
def send_reset(user_id: int) -> ResponseReturnValue:
    """Send a link to a new password."""
    link = service.send_reset(write(), actor=actor(), at=at(), user_id=user_id, post=_post())
    return _sent(user_id, link, f"{rules.RESET_FOR.seconds // 60} minutes", "A link to a new password is on its way.")


@bp.post("/users/<int:user_id>/closing")
@confirmed(CLOSING)
def close_user(user_id: int) -> ResponseReturnValue:
    """Close the account, or withdraw the invitation."""
    try:
        service.close_user(write(), actor=actor(), at=at(), user_id=user_id)
    except Conflict as refusal:
        flash(refusal.detail, "act")
    else:
        flash("The account is closed. Whoever was signed in with it is signed out.", "ok")
    return _back(user_id)


@bp.post("/users/<int:user_id>/reopening")
@confirmed(CLOSING)
def reopen_user(user_id: int) -> ResponseReturnValue:
    """Open the account again."""
    service.reopen_user(write(), actor=actor(), at=at(), user_id=user_id)
    flash("The account is open again, with the roles and rights it had.", "ok")
    return _back(user_id)


@bp.post("/users/<int:user_id>/sessions/<int:session_id>/end")
@confirmed(SIGNING_OUT)
def end_user_session(user_id: int, session_id: int) -> ResponseReturnValue:
    """Sign a person out in one browser."""
    service.end_session_of(write(), actor=actor(), at=at(), user_id=user_id, session_id=session_id)
    flash("They are signed out there.", "ok")
    return _back(user_id)


@bp.post("/users/<int:user_id>/sessions/end")
@confirmed(SIGNING_OUT)
def end_user_sessions(user_id: int) -> ResponseReturnValue:
    """Sign a person out everywhere."""
    ended = service.end_sessions_of(write(), actor=actor(), at=at(), user_id=user_id)
    flash(f"They are signed out everywhere ({ended} browser{'' if ended == 1 else 's'}).", "ok")
    return _back(user_id)


def show_person(
    user_id: int,
    *,
    person: Person | None = None,
    grant: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
) -> Response:
    """The page of one person, with what was typed into one of its forms and what is wrong with it."""
    user = queries.get_user(read(), viewer=actor(), user_id=user_id)
    grants = queries.list_grants(read(), viewer=actor(), user_id=user_id)
    return hx.render(
        "admin/identity/user.html",
        status=422 if problems else 200,
        user=user,
        person=person or _as_form(user),
        problems=problems or {},
        grant=grant or {},
        grants=grants,
        cars=_cars(grants),
        park_names={park["id"]: park["name"] for park in parks_in_view()},
        sessions=queries.list_sessions(read(), viewer=actor(), user_id=user_id, at=at()),
        letters=queries.list_letters(read(), viewer=actor(), user_id=user_id),
        meanings=GRANTABLE,
        roles=ROLES,
        people=role_options(),
        parks=parks_in_view(),
        time_zones=time_zones(user["time_zone"]),
        sends=erp().settings.mail is not None,
        now=at(),
    )


def _change(user_id: int, person: Person) -> None:
    user = queries.get_user(read(), viewer=actor(), user_id=user_id)
    in_view = {park["id"] for park in parks_in_view()}
    unseen = [park_id for park_id in user["park_ids"] or () if park_id not in in_view]
    if problems := problems_of(person, kept_parks=unseen):
        raise Invalid("Nothing was changed.", fields=problems)
    service.change_user(
        write(),
        actor=actor(),
        at=at(),
        user_id=user_id,
        name=person.name,
        time_zone=person.time_zone,
        roles=list(person.roles),
        park_ids=None if person.all_parks else list(person.parks),
    )


def _as_form(user: dict[str, Any]) -> Person:
    return Person(
        name=user["name"],
        time_zone=user["time_zone"],
        roles=dict.fromkeys(user["roles"] or (), "1"),
        all_parks=user["all_parks"],
        parks=dict.fromkeys(user["park_ids"] or (), "1"),
    )


def _cars(grants: list[dict[str, Any]]) -> dict[int, str]:
    wanted = [grant["vehicle_id"] for grant in grants if grant["vehicle_id"] is not None]
    found = vehicles.list_vehicles(read(), viewer=actor(), vehicle_ids=wanted) if wanted else []
    return {vehicle.id: vehicle.name or vehicle.plate or vehicle.vin for vehicle in found}


def _sent(user_id: int, link: str | None, good_for: str, words: str) -> ResponseReturnValue:
    if link is not None:
        user = queries.get_user(read(), viewer=actor(), user_id=user_id)
        return show_link(user["name"], user_id, link, good_for)
    flash(words, "ok")
    return _back(user_id)


def _post() -> service.Post:
    return service.open_post(erp().settings)


def _back(user_id: int) -> ResponseReturnValue:
    return redirect(url_for(".show_user", user_id=user_id), 303)
