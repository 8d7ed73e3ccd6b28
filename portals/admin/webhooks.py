"""Webhook endpoints: how well each takes what it is told, what was sent, and sending it again."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Invalid, NotFound
from core.vehicles import queries as vehicles
from core.webhooks import queries, service
from core.webhooks.queries import EndpointRecord
from core.webhooks.rules.catalog import FACTS, parse_public_id
from core.webhooks.schemas import EndpointChange, NewEndpoint, Replay
from portals import hx
from portals.admin import bp
from portals.admin.asked import as_id, asked_text
from portals.auth import confirmed
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_form

ADDING = "Adding a webhook endpoint"
CHANGING = "Changing a webhook endpoint"
PAGE = 50
STATES = {"waiting": "Waiting", "dead": "Given up", "delivered": "Delivered"}
SPANS = {"1": "the last hour", "24": "the last 24 hours", "168": "the last 7 days", "2160": "the last 90 days"}


class EndpointForm(msgspec.Struct, frozen=True, kw_only=True):
    """The form. A ticked fact is `facts.<subsystem>:<what happened>`, a ticked park `parks.<id>`; none means all."""

    url: str = ""
    description: str = ""
    facts: dict[str, str] = {}
    parks: dict[int, str] = {}

    @property
    def chosen_facts(self) -> list[str] | None:
        """The ticked facts, or None for all but batches."""
        return [name.replace(":", ".") for name in self.facts] or None

    @property
    def chosen_parks(self) -> list[int] | None:
        """The ticked parks, or None for all."""
        return list(self.parks) or None


@bp.get("/webhooks")
def list_webhooks() -> Response:
    """Every endpoint with its health."""
    return hx.render(
        "admin/webhooks/list.html",
        "admin/webhooks/_endpoints.html",
        endpoints=queries.list_endpoints(read(), viewer=actor(), at=at()),
        now=at(),
    )


@bp.get("/webhooks/new")
@confirmed(ADDING)
def new_webhook() -> ResponseReturnValue:
    """The form for one more endpoint."""
    return _show_form(EndpointForm(), {})


@bp.post("/webhooks")
@confirmed(ADDING)
def add_webhook() -> ResponseReturnValue:
    """Add an endpoint. The answer is the only page that ever shows the secret, so it is no redirect."""
    form = parse_form(EndpointForm)
    new = NewEndpoint(url=form.url, description=form.description, facts=form.chosen_facts, park_ids=form.chosen_parks)
    try:
        address = service.check_address(erp().settings, form.url)
        made = service.add_endpoint(
            write(), actor=actor(), at=at(), new=new, address=address, sealing_key=service.sealing_key(erp().settings)
        )
    except (Invalid, Conflict) as refusal:
        return _show_form(form, refusal.fields or {"url": refusal.detail}, status=422)
    return hx.render("admin/webhooks/secret.html", status=201, url=address.url, made=made, is_new=True)


@bp.get("/webhooks/<int:endpoint_id>")
def show_webhook(endpoint_id: int) -> Response:
    """One endpoint and its messages, newest first, those in one state when asked."""
    endpoint = _get(endpoint_id)
    state, before = asked_text("state"), as_id(asked_text("before"))
    messages = queries.list_messages(
        read(),
        viewer=actor(),
        at=at(),
        endpoint_id=endpoint_id,
        state=state if state in STATES else None,
        before_id=before,
        most=PAGE,
    )
    older = None
    if len(messages) == PAGE:
        older = url_for(".show_webhook", endpoint_id=endpoint_id, state=state or None, before=messages[-1].id)
    return hx.render(
        "admin/webhooks/endpoint.html",
        endpoint=endpoint,
        park_names=[_park_names()[park_id] for park_id in endpoint.park_ids or ()],
        messages=messages,
        state=state,
        states=STATES,
        spans=list(SPANS.items()),
        older=older,
        is_older=before is not None,
        now=at(),
    )


@bp.get("/webhooks/<int:endpoint_id>/edit")
@confirmed(CHANGING)
def edit_webhook(endpoint_id: int) -> ResponseReturnValue:
    """The form with what it is now."""
    endpoint = _get(endpoint_id)
    form = EndpointForm(
        url=endpoint.url,
        description=endpoint.description,
        facts={name.replace(".", ":"): "1" for name in endpoint.facts or ()},
        parks=dict.fromkeys(endpoint.park_ids or (), "1"),
    )
    return _show_form(form, {}, endpoint=endpoint)


@bp.post("/webhooks/<int:endpoint_id>")
@confirmed(CHANGING)
def change_webhook(endpoint_id: int) -> ResponseReturnValue:
    """Change it to what the form says."""
    endpoint, form = _get(endpoint_id), parse_form(EndpointForm)
    change = EndpointChange(
        url=form.url, description=form.description, facts=form.chosen_facts, park_ids=form.chosen_parks
    )
    try:
        address = service.check_address(erp().settings, form.url)
        service.change_endpoint(
            write(), actor=actor(), at=at(), endpoint_id=endpoint_id, change=change, address=address
        )
    except (Invalid, Conflict) as refusal:
        return _show_form(form, refusal.fields or {"url": refusal.detail}, status=422, endpoint=endpoint)
    flash("The endpoint was changed. It holds for what happens from now on.", "ok")
    return _back(endpoint_id)


@bp.post("/webhooks/<int:endpoint_id>/ping")
def ping_webhook(endpoint_id: int) -> ResponseReturnValue:
    """Send a test message."""
    try:
        service.ping(write(), actor=actor(), at=at(), endpoint_id=endpoint_id)
        flash("A test message is on its way. It stands first below; read this page again for the answer.", "ok")
    except Conflict as refusal:
        flash(refusal.detail, "warn")
    return _back(endpoint_id)


@bp.post("/webhooks/<int:endpoint_id>/disable")
def disable_webhook(endpoint_id: int) -> ResponseReturnValue:
    """Send nothing more for now."""
    try:
        service.disable_endpoint(write(), actor=actor(), at=at(), endpoint_id=endpoint_id)
        flash("The endpoint is disabled. What happens meanwhile is kept for it for about a day and a half.", "ok")
    except Conflict as refusal:
        flash(refusal.detail, "warn")
    return _back(endpoint_id)


@bp.post("/webhooks/<int:endpoint_id>/enable")
def enable_webhook(endpoint_id: int) -> ResponseReturnValue:
    """Send again, from where it was disabled."""
    try:
        service.enable_endpoint(write(), actor=actor(), at=at(), endpoint_id=endpoint_id)
        flash("The endpoint is told again, from where it was disabled.", "ok")
    except Conflict as refusal:
        flash(refusal.detail, "warn")
    return _back(endpoint_id)


@bp.post("/webhooks/<int:endpoint_id>/remove")
@confirmed("Removing a webhook endpoint")
def remove_webhook(endpoint_id: int) -> ResponseReturnValue:
    """Send nothing more, ever."""
    service.remove_endpoint(write(), actor=actor(), at=at(), endpoint_id=endpoint_id)
    flash("The endpoint was removed, and its secrets are forgotten.", "ok")
    return redirect(url_for(".list_webhooks"), 303)


@bp.post("/webhooks/<int:endpoint_id>/secret")
@confirmed("Making a new signing secret")
def rotate_webhook_secret(endpoint_id: int) -> ResponseReturnValue:
    """Make a new secret. The answer is the only page that ever shows it, so it is no redirect."""
    endpoint = _get(endpoint_id)
    made = service.rotate_secret(
        write(),
        actor=actor(),
        at=at(),
        endpoint_id=endpoint_id,
        end_previous_now=request.form.get("end_previous_now") == "1",
        sealing_key=service.sealing_key(erp().settings),
    )
    return hx.render("admin/webhooks/secret.html", status=201, url=endpoint.url, made=made, is_new=False, now=at())


@bp.post("/webhooks/<int:endpoint_id>/replay")
def replay_webhook(endpoint_id: int) -> ResponseReturnValue:
    """Send again the dead, or all finished, messages of a time until now."""
    hours = request.form.get("hours", "")
    which: Literal["dead", "finished"] = "finished" if request.form.get("state") == "finished" else "dead"
    since: datetime = at() - timedelta(hours=int(hours) if hours in SPANS else 1)
    try:
        count = service.replay_messages(
            write(), actor=actor(), at=at(), endpoint_id=endpoint_id, wanted=Replay(state=which, since=since)
        )
        flash(f"{count} {'message is' if count == 1 else 'messages are'} on the way again.", "ok")
    except Conflict as refusal:
        flash(refusal.detail, "warn")
    return _back(endpoint_id)


@bp.get("/webhooks/<int:endpoint_id>/messages/<message_id>")
def show_webhook_message(endpoint_id: int, message_id: str) -> Response:
    """One message: what it says, and every try."""
    which: dict[str, Any] = {"endpoint_id": endpoint_id, "message_id": _message_id(message_id)}
    return hx.render(
        "admin/webhooks/message.html",
        endpoint=_get(endpoint_id),
        message=queries.get_message(read(), viewer=actor(), at=at(), **which),
        tries=queries.list_attempts(read(), viewer=actor(), at=at(), **which),
        words=FACTS,
    )


@bp.post("/webhooks/<int:endpoint_id>/messages/<message_id>/replay")
def replay_webhook_message(endpoint_id: int, message_id: str) -> ResponseReturnValue:
    """Send one message again, or try it now."""
    try:
        service.replay_message(
            write(), actor=actor(), at=at(), endpoint_id=endpoint_id, message_id=_message_id(message_id)
        )
        flash("The message is on its way again.", "ok")
    except Conflict as refusal:
        flash(refusal.detail, "warn")
    return redirect(url_for(".show_webhook_message", endpoint_id=endpoint_id, message_id=message_id), 303)


def _get(endpoint_id: int) -> EndpointRecord:
    return queries.get_endpoint(read(), viewer=actor(), at=at(), endpoint_id=endpoint_id)


def _back(endpoint_id: int) -> ResponseReturnValue:
    return redirect(url_for(".show_webhook", endpoint_id=endpoint_id), 303)


def _message_id(text: str) -> uuid.UUID:
    found = parse_public_id(text)
    if found is None:
        raise NotFound(f"There is no message {text}.")
    return found


def _park_names() -> dict[int, str]:
    return {park["id"]: park["name"] for park in vehicles.list_parks(read(), viewer=actor())}


def _show_form(
    form: EndpointForm, problems: dict[str, str], status: int = 200, endpoint: EndpointRecord | None = None
) -> Response:
    return hx.render(
        "admin/webhooks/form.html",
        status=status,
        form=form,
        problems=problems,
        endpoint=endpoint,
        facts=[(name.replace(".", ":"), words, name) for name, words in FACTS.items()],
        parks=[(str(park_id), name, None) for park_id, name in _park_names().items()],
    )
