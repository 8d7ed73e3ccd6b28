"""What was and is to be sent to a webhook endpoint, and sending it again."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from core.errors import NotFound
from core.webhooks import queries, service
from core.webhooks.queries import MessageRecord
from core.webhooks.rules.catalog import parse_public_id, public_id
from core.webhooks.schemas import Replay
from portals.api_v1 import bp, pages
from portals.api_v1.contract import operation
from portals.doors import actor, at, read, write

State = Literal["waiting", "delivered", "dead"]


class WebhookMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One fact on its way to an endpoint."""

    id: Annotated[str, Meta(description="The `webhook-id`, the same at every try.")]
    type: str
    subject: Annotated[str, Meta(description="What it is about. Those about one subject come in order.")]
    created_at: datetime
    state: State
    attempts: int
    next_at: Annotated[datetime | None, Meta(description="Null while an earlier one about the subject waits.")]
    finished_at: datetime | None
    last_status: int | None
    last_words: str | None
    last_at: datetime | None


class WebhookTry(msgspec.Struct, frozen=True, kw_only=True):
    """One try to deliver."""

    number: int
    at: datetime
    status: Annotated[int | None, Meta(description="Of the answer; null when there was none.")]
    words: str
    took_ms: int


class WholeWebhookMessage(WebhookMessage, frozen=True, kw_only=True):
    """A message with its body and every try."""

    body: dict[str, Any]
    tries: list[WebhookTry]


class WebhookMessagePage(pages.Page, frozen=True, kw_only=True):
    """Messages, newest first."""

    items: list[WebhookMessage]


class WebhookMessageQuery(pages.PageQuery, frozen=True, kw_only=True):
    """Which messages."""

    state: Annotated[State | None, Meta(description="Only those in this state.")] = None
    limit: pages.UpTo500 = 50


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What is on its way again."""

    replayed: Annotated[int, Meta(description="How many messages.")]


class Pinged(msgspec.Struct, frozen=True, kw_only=True):
    """A test message on its way."""

    id: str


@bp.get("/webhooks/endpoints/<int:endpoint_id>/messages")
@operation(query=WebhookMessageQuery, answers={200: WebhookMessagePage})
def list_webhook_messages(endpoint_id: int, query: WebhookMessageQuery) -> dict[str, Any]:
    """What was and is to be sent to it, newest first."""
    found = queries.list_messages(
        read(),
        viewer=actor(),
        at=at(),
        endpoint_id=endpoint_id,
        state=query.state,
        before_id=pages.after_id(query.cursor) or None,
        most=query.limit,
    )
    items = [WebhookMessage(**_shown_message(message)) for message in found]
    return pages.page(items, most=query.limit, last_id=found[-1].id if found else None)


@bp.get("/webhooks/endpoints/<int:endpoint_id>/messages/<message_id>")
@operation(answers={200: WholeWebhookMessage})
def get_webhook_message(endpoint_id: int, message_id: str) -> WholeWebhookMessage:
    """One message, its body and every try."""
    which: dict[str, Any] = {"endpoint_id": endpoint_id, "message_id": _message_id(message_id)}
    message = queries.get_message(read(), viewer=actor(), at=at(), **which)
    tries = queries.list_attempts(read(), viewer=actor(), at=at(), **which)
    return WholeWebhookMessage(
        **_shown_message(message), body=message.body, tries=[WebhookTry(**each) for each in tries]
    )


@bp.post("/webhooks/endpoints/<int:endpoint_id>/messages/<message_id>/replay")
@operation(answers={202: Replayed}, refuses=(409,))
def replay_webhook_message(endpoint_id: int, message_id: str) -> Replayed:
    """Send one message again, with its id; one that waits for its next try is tried now."""
    service.replay_message(write(), actor=actor(), at=at(), endpoint_id=endpoint_id, message_id=_message_id(message_id))
    return Replayed(replayed=1)


@bp.post("/webhooks/endpoints/<int:endpoint_id>/replay")
@operation(
    body=Replay,
    answers={202: Replayed},
    refuses=(409,),
    example={"state": "dead", "since": "2026-11-25T00:00:00Z"},
)
def replay_webhook_messages(endpoint_id: int, body: Replay) -> Replayed:
    """Send again the dead, or all finished, messages made since a moment: up to 10 000 at once, the oldest first."""
    count = service.replay_messages(write(), actor=actor(), at=at(), endpoint_id=endpoint_id, wanted=body)
    return Replayed(replayed=count)


@bp.post("/webhooks/endpoints/<int:endpoint_id>/ping")
@operation(answers={202: Pinged}, refuses=(409,))
def ping_webhook_endpoint(endpoint_id: int) -> Pinged:
    """Send a test message, `webhooks.ping`, on its way like any other."""
    return Pinged(id=public_id(service.ping(write(), actor=actor(), at=at(), endpoint_id=endpoint_id)))


def _message_id(text: str) -> uuid.UUID:
    found = parse_public_id(text)
    if found is None:
        raise NotFound(f"There is no message {text}.")
    return found


def _shown_message(message: MessageRecord) -> dict[str, Any]:
    names = WebhookMessage.__struct_fields__
    shown = {name: getattr(message, name) for name in names if name not in {"id", "type"}}
    return {"id": message.webhook_id, "type": message.name, **shown}
