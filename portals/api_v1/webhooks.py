"""Webhook endpoints: added, changed, given a new secret; what was sent to them, and sending it again."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from flask import g, request, url_for
from msgspec import Meta

from core.errors import NotFound
from core.webhooks import queries, service
from core.webhooks.queries import EndpointRecord, MessageRecord
from core.webhooks.rules.catalog import parse_public_id, public_id
from core.webhooks.schemas import EndpointChange, NewEndpoint, Replay, SecretRotation
from portals.api_v1 import bp, pages
from portals.api_v1.conditional import show_record, wanted_versions
from portals.api_v1.contract import Answer, operation
from portals.api_v1.idempotency import keep_no_answer
from portals.doors import actor, at, erp, read, write

CHECKED = {"api_v1.add_endpoint", "api_v1.change_endpoint"}
State = Literal["waiting", "delivered", "dead"]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An address that facts are told to."""

    id: int
    url: str
    description: str
    facts: Annotated[list[str] | None, Meta(description="Null for all but the batches of points.")]
    park_ids: Annotated[list[int] | None, Meta(description="Null for all that its owner sees.")]
    client_id: Annotated[str | None, Meta(description="Whose it is; null for one that an administrator added.")]
    created_by: str
    created_at: datetime
    missed_at: Annotated[datetime | None, Meta(description="When facts were dropped before it was told them.")]
    disabled_at: datetime | None
    disabled_why: str | None


class AddedEndpoint(Endpoint, frozen=True, kw_only=True):
    """An endpoint just added, with the secret that no other answer ever shows."""

    secret: str


class EndpointPage(pages.Page, frozen=True, kw_only=True):
    """Endpoints by id."""

    items: list[Endpoint]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How well an endpoint takes what it is told."""

    state: str
    last_success_at: datetime | None
    failing_since: datetime | None
    held_until: datetime | None
    waiting: int
    waiting_since: datetime | None
    dead: int


class NewSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret just made, and until when the one before signs along."""

    secret: str
    previous_until: datetime | None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One fact on its way to an endpoint, with its last try."""

    id: str
    type: str
    subject: str
    created_at: datetime
    state: State
    attempts: int
    next_at: datetime | None
    finished_at: datetime | None
    last_status: int | None
    last_words: str | None
    last_at: datetime | None


class MessagePage(pages.Page, frozen=True, kw_only=True):
    """Messages, the newest first."""

    items: list[Message]


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One try to deliver a message. `status` is the answer's, null when there was none."""

    number: int
    at: datetime
    status: int | None
    words: str
    took_ms: int


class WholeMessage(Message, frozen=True, kw_only=True):
    """A message with its body and every try."""

    body: dict[str, Any]
    tries: list[Try]


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages are sent again."""

    replayed: int


class Ping(msgspec.Struct, frozen=True, kw_only=True):
    """The test message that was made."""

    id: str


class EndpointQuery(pages.PageQuery, frozen=True, kw_only=True):
    """Which endpoints."""

    limit: pages.UpTo500 = 50


class MessageQuery(pages.PageQuery, frozen=True, kw_only=True):
    """Which messages."""

    state: Annotated[State | None, Meta(description="Only those in this state.")] = None
    limit: pages.UpTo500 = 50


class _Wanted(msgspec.Struct):
    """What of a body is looked at before its view."""

    url: str | None = None


EXAMPLE = {"url": "https://example.com/fleet", "facts": ["access.job_finished"]}
REPLAY_EXAMPLE = {"state": "dead", "since": "2026-11-20T00:00:00Z"}


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
@operation(query=EndpointQuery, answers={200: EndpointPage})
def list_endpoints(query: EndpointQuery) -> dict[str, Any]:
    """The endpoints in sight, by id. An API client sees its own."""
    after_id = pages.after_id(query.cursor)
    found = queries.list_endpoints(read(), viewer=actor(), at=at(), after_id=after_id, most=query.limit)
    items = [_show(endpoint) for endpoint in found]
    return pages.page(items, most=query.limit, last_id=found[-1].id if found else None)


@bp.post("/webhooks/endpoints")
@operation(body=NewEndpoint, answers={201: AddedEndpoint}, keyed=True, example=EXAMPLE)
def add_endpoint(body: NewEndpoint) -> Answer:
    """Add an endpoint: its address, its record and its secret, which no other answer ever shows."""
    keep_no_answer()
    session = write()
    made = service.add_endpoint(
        session, actor=actor(), at=at(), new=body, address=g.address, sealing_key=service.sealing_key(erp().settings)
    )
    endpoint = _get_written(made.endpoint_id)
    location = url_for("api_v1.get_endpoint", endpoint_id=made.endpoint_id)
    return show_record({**_show(endpoint), "secret": made.secret}, endpoint.version, location=location)


@bp.get("/webhooks/endpoints/<int:endpoint_id>")
@operation(answers={200: Endpoint})
def get_endpoint(endpoint_id: int) -> Answer:
    """One endpoint."""
    endpoint = queries.get_endpoint(read(), viewer=actor(), at=at(), endpoint_id=endpoint_id)
    return show_record(_show(endpoint), endpoint.version)


@bp.patch("/webhooks/endpoints/<int:endpoint_id>")
@operation(body=EndpointChange, answers={200: Endpoint}, conditional=True, example={"disabled": True})
def change_endpoint(endpoint_id: int, body: EndpointChange) -> Answer:
    """Change what is given; with If-Match only if nobody else has."""
    service.change_endpoint(
        write(),
        actor=actor(),
        at=at(),
        endpoint_id=endpoint_id,
        change=body,
        address=g.address if isinstance(body.url, str) else None,
        versions=wanted_versions(),
    )
    endpoint = _get_written(endpoint_id)
    return show_record(_show(endpoint), endpoint.version)


@bp.delete("/webhooks/endpoints/<int:endpoint_id>")
@operation(answers={204: None}, conditional=True)
def remove_endpoint(endpoint_id: int) -> None:
    """Remove it: nothing more is sent, its secrets are forgotten."""
    service.remove_endpoint(write(), actor=actor(), at=at(), endpoint_id=endpoint_id, versions=wanted_versions())


@bp.get("/webhooks/endpoints/<int:endpoint_id>/standing")
@operation(answers={200: Standing})
def get_endpoint_standing(endpoint_id: int) -> Standing:
    """How well it takes what it is told."""
    endpoint = queries.get_endpoint(read(), viewer=actor(), at=at(), endpoint_id=endpoint_id)
    return Standing(
        state=endpoint.state,
        last_success_at=endpoint.last_success_at,
        failing_since=endpoint.failing_since,
        held_until=endpoint.held_until,
        waiting=endpoint.waiting,
        waiting_since=endpoint.waiting_since,
        dead=endpoint.dead,
    )


@bp.post("/webhooks/endpoints/<int:endpoint_id>/secret")
@operation(body=SecretRotation, answers={200: NewSecret}, keyed=True, refuses=(409,), example={})
def rotate_secret(endpoint_id: int, body: SecretRotation) -> NewSecret:
    """Make a new secret; the one before signs along for 24 hours, or ends at once."""
    keep_no_answer()
    made = service.rotate_secret(
        write(),
        actor=actor(),
        at=at(),
        endpoint_id=endpoint_id,
        end_previous_now=body.end_previous_now,
        sealing_key=service.sealing_key(erp().settings),
    )
    return NewSecret(secret=made.secret, previous_until=made.previous_until)


@bp.get("/webhooks/endpoints/<int:endpoint_id>/messages")
@operation(query=MessageQuery, answers={200: MessagePage})
def list_messages(endpoint_id: int, query: MessageQuery) -> dict[str, Any]:
    """What was and is to be sent to it, newest first; in one `state` when asked."""
    found = queries.list_messages(
        read(),
        viewer=actor(),
        at=at(),
        endpoint_id=endpoint_id,
        state=query.state,
        before_id=pages.after_id(query.cursor) or None,
        most=query.limit,
    )
    items = [_show_message(message) for message in found]
    return pages.page(items, most=query.limit, last_id=found[-1].id if found else None)


@bp.get("/webhooks/endpoints/<int:endpoint_id>/messages/<message_id>")
@operation(answers={200: WholeMessage})
def get_message(endpoint_id: int, message_id: str) -> dict[str, Any]:
    """One message, its body and every try."""
    which: dict[str, Any] = {"endpoint_id": endpoint_id, "message_id": _message_id(message_id)}
    message = queries.get_message(read(), viewer=actor(), at=at(), **which)
    tries = queries.list_attempts(read(), viewer=actor(), at=at(), **which)
    return {**_show_message(message), "body": message.body, "tries": tries}


@bp.post("/webhooks/endpoints/<int:endpoint_id>/messages/<message_id>/replay")
@operation(answers={202: Replayed}, refuses=(409,))
def replay_message(endpoint_id: int, message_id: str) -> Replayed:
    """Send one message again, with its id; one that waits for its next try is tried now."""
    service.replay_message(write(), actor=actor(), at=at(), endpoint_id=endpoint_id, message_id=_message_id(message_id))
    return Replayed(replayed=1)


@bp.post("/webhooks/endpoints/<int:endpoint_id>/replay")
@operation(body=Replay, answers={202: Replayed}, refuses=(409,), example=REPLAY_EXAMPLE)
def replay_messages(endpoint_id: int, body: Replay) -> Replayed:
    """Send again the dead, or all finished, messages made since a moment."""
    count = service.replay_messages(write(), actor=actor(), at=at(), endpoint_id=endpoint_id, wanted=body)
    return Replayed(replayed=count)


@bp.post("/webhooks/endpoints/<int:endpoint_id>/ping")
@operation(answers={202: Ping}, refuses=(409,))
def ping_endpoint(endpoint_id: int) -> Ping:
    """Send a test message."""
    return Ping(id=public_id(service.ping(write(), actor=actor(), at=at(), endpoint_id=endpoint_id)))


def _get_written(endpoint_id: int) -> EndpointRecord:
    """The endpoint as this request has written it, whatever the writer may read."""
    session = write()
    session.flush()
    return queries.get_endpoint(session.connection(), viewer=service.RECORDER, at=at(), endpoint_id=endpoint_id)


def _message_id(text: str) -> uuid.UUID:
    found = parse_public_id(text)
    if found is None:
        raise NotFound(f"There is no message {text}.")
    return found


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
