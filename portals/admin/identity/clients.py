"""API clients: machines that get access tokens with a secret of their own, which is shown once."""

from __future__ import annotations

import msgspec
from flask import Response
from flask.typing import ResponseReturnValue

from core.errors import Invalid
from core.identity import queries, service
from core.permissions import GRANTABLE
from core.vehicles import queries as vehicles
from portals import hx
from portals.admin import bp
from portals.auth import confirmed
from portals.doors import actor, at, read, write
from portals.forms import parse_form

ADDING = "Adding an API client"


class NewApiClient(msgspec.Struct, frozen=True, kw_only=True):
    """The form. A ticked right is `scopes.<permission>`."""

    name: str = ""
    scopes: dict[str, str] = {}


@bp.get("/clients")
def list_clients() -> Response:
    """Every API client with what it may do."""
    parks = {park["id"]: park["name"] for park in vehicles.list_parks(read(), viewer=actor())}
    return hx.render(
        "admin/identity/clients.html",
        clients=queries.list_clients(read(), viewer=actor()),
        meanings=GRANTABLE,
        parks=parks,
    )


@bp.get("/clients/new")
@confirmed(ADDING)
def new_client() -> ResponseReturnValue:
    """The form for one more client."""
    return _show_form(NewApiClient(), {})


@bp.post("/clients")
@confirmed(ADDING)
def add_client() -> ResponseReturnValue:
    """Add a client. The answer is the only page that ever shows the secret, so it is no redirect."""
    client = parse_form(NewApiClient)
    if problems := _problems(client):
        return _show_form(client, problems, status=422)
    try:
        made = service.create_client(write(), actor=actor(), at=at(), name=client.name, scopes=client.scopes)
    except Invalid as refusal:
        return _show_form(client, refusal.fields, status=422)
    return hx.render("admin/identity/client_added.html", status=201, name=client.name, made=made)


def _problems(client: NewApiClient) -> dict[str, str]:
    fields = {}
    if not client.name:
        fields["name"] = "Enter what this machine is, like “Dispatch system”."
    if not client.scopes:
        fields["scopes"] = "Tick at least one right: without one no token is of use."
    return fields


def _show_form(client: NewApiClient, problems: dict[str, str], status: int = 200) -> Response:
    return hx.render(
        "admin/identity/new_client.html",
        status=status,
        client=client,
        problems=problems,
        scopes=list(GRANTABLE.items()),
    )
