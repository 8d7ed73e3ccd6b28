"""Webhook endpoints: added, changed, given a new secret; what was sent to them, and sending it again."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response, g, jsonify, request, url_for

from core.errors import Invalid, NotFound
from core.webhooks import queries, service
from core.webhooks.queries import EndpointRecord, MessageRecord
from core.webhooks.rules.catalog import parse_public_id, public_id
from core.webhooks.schemas import EndpointChange, NewEndpoint, Replay, SecretRotation
from portals.api_v1 import bp, pages
from portals.api_v1.conditional import show_record, wanted_versions
from portals.api_v1.idempotency import keep_no_answer, require_key
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_json

CHECKED = {"api_v1.add_endpoint", "api_v1.change_endpoint"}
STATES = ("waiting", "delivered", "dead")


class _Wanted(msgspec.Struct):
    """What of a body is looked at before its view."""

    url: str | None = None


@bp.before_request
def look_behind_address() -> None:
    """Check an address before a transaction is opened, since that asks the name servers of others."""
    if request.endpoint not in CHECKED:
        return
    try:
        wanted = msgspec.json.decode(request.get_data(), type=_Wanted)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return  # the view says what is wrong with it
    if wanted.url is not None:
        g.address = service.check_address(erp().settings, wanted.url)


@bp.get("/webhooks/endpoints")
def list_endpoints() -> Response:
    """The endpoints in sight, by id. An API client sees its own."""
    most = pages.limit(default=50, most=500)
    found = queries.list_endpoints(read(), viewer=actor(), at=at(), after_id=pages.after_id(), most=most)
    items = [_show(endpoint) for endpoint in found]
    return jsonify(pages.page(items, most=most, last_id=found[-1].id if found else None))


@bp.post("/webhooks/endpoints")
def add_endpoint() -> Response:
    """Add an endpoint: 201, its address, its record and its secret, which no other answer ever shows."""
    require_key()
    keep_no_answer()
    new = parse_json(NewEndpoint)
    session = write()
    made = service.add_endpoint(
        session, actor=actor(), at=at(), new=new, address=g.address, sealing_key=service.sealing_key(erp().settings)
    )
    endpoint = _get_written(made.endpoint_id)
    response = show_record({**_show(endpoint), "secret": made.secret}, endpoint.version, 201)
    response.headers["Location"] = url_for("api_v1.get_endpoint", endpoint_id=made.endpoint_id)
    return response


@bp.get("/webhooks/endpoints/<int:endpoint_id>")
def get_endpoint(endpoint_id: int) -> Response:
    """One endpoint."""
    endpoint = queries.get_endpoint(read(), viewer=actor(), at=at(), endpoint_id=endpoint_id)
    return show_record(_show(endpoint), endpoint.version)


@bp.patch("/webhooks/endpoints/<int:endpoint_id>")
def change_endpoint(endpoint_id: int) -> Response:
    """Change what is given; with If-Match only if nobody else has."""
    change = parse_json(EndpointChange)
    service.change_endpoint(
        write(),
        actor=actor(),
        at=at(),
        endpoint_id=endpoint_id,
        change=change,
        address=g.address if isinstance(change.url, str) else None,
        versions=wanted_versions(),
    )
    endpoint = _get_written(endpoint_id)
    return show_record(_show(endpoint), endpoint.version)


@bp.delete("/webhooks/endpoints/<int:endpoint_id>")
def remove_endpoint(endpoint_id: int) -> tuple[str, int]:
    """Remove it: nothing more is sent, its secrets are forgotten."""
    service.remove_endpoint(write(), actor=actor(), at=at(), endpoint_id=endpoint_id, versions=wanted_versions())
    return "", 204


@bp.get("/webhooks/endpoints/<int:endpoint_id>/standing")
def get_endpoint_standing(endpoint_id: int) -> Response:
    """How well it takes what it is told."""
    endpoint = queries.get_endpoint(read(), viewer=actor(), at=at(), endpoint_id=endpoint_id)
    return jsonify(
        {
            "state": endpoint.state,
            "last_success_at": endpoint.last_success_at,
            "failing_since": endpoint.failing_since,
            "held_until": endpoint.held_until,
            "waiting": endpoint.waiting,
            "waiting_since": endpoint.waiting_since,
            "dead": endpoint.dead,
        }
    )


@bp.post("/webhooks/endpoints/<int:endpoint_id>/secret")
def rotate_secret(endpoint_id: int) -> Response:
    """Make a new secret; the one before signs along for 24 hours, or ends at once."""
    require_key()
    keep_no_answer()
    made = service.rotate_secret(
        write(),
        actor=actor(),
        at=at(),
        endpoint_id=endpoint_id,
        end_previous_now=parse_json(SecretRotation).end_previous_now,
        sealing_key=service.sealing_key(erp().settings),
    )
    return jsonify({"secret": made.secret, "previous_until": made.previous_until})


@bp.get("/webhooks/endpoints/<int:endpoint_id>/messages")
def list_messages(endpoint_id: int) -> Response:
    """What was and is to be sent to it, newest first; in one `state` when asked."""
    most = pages.limit(default=50, most=500)
    found = queries.list_messages(
        read(),
        viewer=actor(),
        at=at(),
        endpoint_id=endpoint_id,
        state=_asked_state(),
        before_id=pages.after_id() or None,
        most=most,
    )
    items = [_show_message(message) for message in found]
    return jsonify(pages.page(items, most=most, last_id=found[-1].id if found else None))


@bp.get("/webhooks/endpoints/<int:endpoint_id>/messages/<message_id>")
def get_message(endpoint_id: int, message_id: str) -> Response:
    """One message, its body and every try."""
    which = {"endpoint_id": endpoint_id, "message_id": _message_id(message_id)}
    message = queries.get_message(read(), viewer=actor(), at=at(), **which)
    tries = queries.list_attempts(read(), viewer=actor(), at=at(), **which)
    return jsonify({**_show_message(message), "body": message.body, "tries": tries})


@bp.post("/webhooks/endpoints/<int:endpoint_id>/messages/<message_id>/replay")
def replay_message(endpoint_id: int, message_id: str) -> tuple[Response, int]:
    """Send one message again, with its id; one that waits for its next try is tried now."""
    service.replay_message(write(), actor=actor(), at=at(), endpoint_id=endpoint_id, message_id=_message_id(message_id))
    return jsonify({"replayed": 1}), 202


@bp.post("/webhooks/endpoints/<int:endpoint_id>/replay")
def replay_messages(endpoint_id: int) -> tuple[Response, int]:
    """Send again the dead, or all finished, messages made since a moment."""
    count = service.replay_messages(write(), actor=actor(), at=at(), endpoint_id=endpoint_id, wanted=parse_json(Replay))
    return jsonify({"replayed": count}), 202


@bp.post("/webhooks/endpoints/<int:endpoint_id>/ping")
def ping_endpoint(endpoint_id: int) -> tuple[Response, int]:
    """Send a test message."""
    made = service.ping(write(), actor=actor(), at=at(), endpoint_id=endpoint_id)
    return jsonify({"id": public_id(made)}), 202


def _get_written(endpoint_id: int) -> EndpointRecord:
    """The endpoint as this request has written it, whatever the writer may read."""
    session = write()
    session.flush()
    return queries.get_endpoint(session.connection(), viewer=service.RECORDER, at=at(), endpoint_id=endpoint_id)


def _message_id(text: str) -> Any:
    found = parse_public_id(text)
    if found is None:
        raise NotFound(f"There is no message {text}.")
    return found


def _asked_state() -> Any:
    text = request.args.get("state")
    if text is not None and text not in STATES:
        raise Invalid(f"state: one of {', '.join(STATES)}.", fields={"state": f"One of {', '.join(STATES)}."})
    return text


def _show(endpoint: EndpointRecord) -> dict[str, Any]:
    """What its version stands for; what changes with each message is its standing."""
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "description": endpoint.description,
        "facts": endpoint.facts,
        "park_ids": endpoint.park_ids,
        "client_id": endpoint.client_id,
        "created_by": endpoint.created_by,
        "created_at": endpoint.created_at,
        "missed_at": endpoint.missed_at,
        "disabled_at": endpoint.disabled_at,
        "disabled_why": endpoint.disabled_why,
    }


def _show_message(message: MessageRecord) -> dict[str, Any]:
    return {
        "id": message.webhook_id,
        "type": message.name,
        "subject": message.subject,
        "created_at": message.created_at,
        "state": message.state,
        "attempts": message.attempts,
        "next_at": message.next_at,
        "finished_at": message.finished_at,
        "last_status": message.last_status,
        "last_words": message.last_words,
        "last_at": message.last_at,
    }
