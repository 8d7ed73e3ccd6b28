"""API clients: machines that act by themselves, and apps that act for people. A secret is shown once."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from core.errors import Invalid
from core.identity import queries, service
from core.permissions import DANGEROUS, GRANTABLE
from core.vehicles import queries as vehicles
from portals import hx
from portals.admin import bp
from portals.auth import confirmed
from portals.doors import actor, at, read, write
from portals.forms import parse_form

ADDING = "Adding an API client"
CHANGING = "Changing an API client"


class ClientForm(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a client. A ticked right is `scopes.<permission>`, a ticked park `parks.<id>`; the addresses of
    an app stand in a line each.
    """

    name: str = ""
    kind: Literal["machine", "app"] = "machine"
    is_public: bool = False
    redirect_uris: str = ""
    scopes: dict[str, str] = {}
    all_parks: bool = False
    parks: dict[int, str] = {}

    @property
    def addresses(self) -> list[str]:
        """The addresses of an app; a machine has none."""
        return self.redirect_uris.split() if self.kind == "app" else []


@bp.get("/clients")
def list_clients() -> Response:
    """Every API client with what it may do."""
    clients = queries.list_clients(read(), viewer=actor())
    return hx.render("admin/identity/clients.html", clients=clients, **_words())


@bp.get("/clients/new")
@confirmed(ADDING)
def new_client() -> ResponseReturnValue:
    """The form for one more client."""
    return _show_new(ClientForm(all_parks=True), {})


@bp.post("/clients")
@confirmed(ADDING)
def add_client() -> ResponseReturnValue:
    """Add a client. The answer is the only page that ever shows the secret, so it is no redirect."""
    form = parse_form(ClientForm)
    try:
        _check(form)
        made = service.create_client(
            write(),
            actor=actor(),
            at=at(),
            name=form.name,
            scopes=form.scopes,
            park_ids=_park_ids(form),
            redirect_uris=form.addresses,
            is_public=form.is_public,
        )
    except Invalid as refusal:
        return _show_new(form, refusal.fields, status=422)
    title = f"{form.name} was added"
    return hx.render("admin/identity/client_secret.html", status=201, title=title, made=made, is_app=form.kind == "app")


@bp.get("/clients/<client_id>")
def show_client(client_id: str) -> Response:
    """One client: what it is, what it may do, and what can be done about it."""
    client = _get(client_id)
    return _show(client, _form_of(client), {})


@bp.post("/clients/<client_id>")
@confirmed(CHANGING)
def change_client(client_id: str) -> ResponseReturnValue:
    """Give a client another name, other rights, parks or addresses."""
    client = _get(client_id)
    form = msgspec.structs.replace(parse_form(ClientForm), kind=client["kind"])
    try:
        _check(form)
        service.change_client(
            write(),
            actor=actor(),
            at=at(),
            client_id=client["client_id"],
            name=form.name,
            scopes=form.scopes,
            park_ids=_park_ids(form),
            redirect_uris=form.addresses,
        )
    except Invalid as refusal:
        return _show(client, form, refusal.fields, status=422)
    flash(f"{form.name} is changed. Tokens that it has now end within seconds; the next ones are as you set it.", "ok")
    return redirect(url_for(".show_client", client_id=client["client_id"]), 303)


@bp.post("/clients/<client_id>/secret")
@confirmed("Making a new secret")
def rotate_client_secret(client_id: str) -> ResponseReturnValue:
    """Make a new secret, shown on this page and nowhere else. The one before is good for another day."""
    client = _get(client_id)
    made = service.rotate_client_secret(write(), actor=actor(), at=at(), client_id=client["client_id"])
    title = f"{client['name']} has a new secret"
    return hx.render(
        "admin/identity/client_secret.html",
        status=201,
        title=title,
        made=made,
        is_app=client["kind"] == "app",
        is_new=True,
    )


@bp.post("/clients/<client_id>/closing")
@confirmed("Closing an API client")
def close_client(client_id: str) -> ResponseReturnValue:
    """Let a client in no more."""
    client = _get(client_id)
    service.close_client(write(), actor=actor(), at=at(), client_id=client["client_id"])
    flash(f"{client['name']} is closed, and what it holds is worth nothing within seconds.", "ok")
    return redirect(url_for(".show_client", client_id=client["client_id"]), 303)


@bp.post("/clients/<client_id>/reopening")
@confirmed("Opening an API client again")
def reopen_client(client_id: str) -> ResponseReturnValue:
    """Let a closed client in again."""
    client = _get(client_id)
    service.reopen_client(write(), actor=actor(), at=at(), client_id=client["client_id"])
    flash(f"{client['name']} is open again, with the secret that it had.", "ok")
    return redirect(url_for(".show_client", client_id=client["client_id"]), 303)


def _get(client_id: str) -> dict[str, Any]:
    return queries.get_client(read(), viewer=actor(), client_id=client_id.replace("\0", ""))


def _form_of(client: dict[str, Any]) -> ClientForm:
    return ClientForm(
        name=client["name"],
        kind=client["kind"],
        is_public=client["is_public"],
        redirect_uris="\n".join(client["redirect_uris"]),
        scopes=dict.fromkeys(client["scopes"], "1"),
        all_parks=client["park_ids"] is None,
        parks=dict.fromkeys(client["park_ids"] or (), "1"),
    )


def _check(form: ClientForm) -> None:
    """Raise Invalid for what the form asks beyond the service: rights that can be used somewhere, and addresses."""
    fields = {}
    if not form.name:
        fields["name"] = "Enter what this client is, like “Dispatch system”."
    if not form.scopes and form.kind == "machine":
        fields["scopes"] = "Tick at least one right: without one no token is of use."
    if form.kind == "app" and not form.addresses:
        fields["redirect_uris"] = "Enter the address to which people come back after they signed in."
    if not form.all_parks and not form.parks:
        fields["parks"] = "Tick a park, or all of them: without one it sees no vehicle."
    if not form.parks.keys() <= _park_names().keys():
        fields["parks"] = "One of these parks does not exist. Tick them again."
    if fields:
        raise Invalid("The client was not kept.", fields=fields)


def _park_ids(form: ClientForm) -> list[int] | None:
    return None if form.all_parks else list(form.parks)


def _park_names() -> dict[int, str]:
    return {park["id"]: park["name"] for park in vehicles.list_parks(read(), viewer=actor())}


def _words() -> dict[str, Any]:
    return {"meanings": GRANTABLE, "dangerous": DANGEROUS, "parks": _park_names()}


def _show_new(form: ClientForm, problems: dict[str, str], status: int = 200) -> Response:
    return hx.render("admin/identity/new_client.html", status=status, client=form, problems=problems, **_words())


def _show(client: dict[str, Any], form: ClientForm, problems: dict[str, str], status: int = 200) -> Response:
    is_overlapping = client["previous_secret_until"] is not None and at() < client["previous_secret_until"]
    return hx.render(
        "admin/identity/client.html",
        status=status,
        known=client,
        client=form,
        problems=problems,
        is_overlapping=is_overlapping,
        **_words(),
    )
