"""Webhook endpoints: added, changed, given a new secret, removed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from flask import g, request, url_for
from msgspec import Meta

from core.webhooks import queries, service
from core.webhooks.queries import EndpointRecord
from core.webhooks.schemas import EndpointChange, NewEndpoint, SecretRotation
from portals.api_v1 import bp, pages
from portals.api_v1.conditional import show_record, wanted_versions
from portals.api_v1.contract import Answer, operation
from portals.api_v1.idempotency import keep_no_answer
from portals.doors import actor, at, erp, read, write

CHECKED = {"api_v1.add_webhook_endpoint", "api_v1.change_webhook_endpoint"}
EXAMPLE = {"url": "https://hooks.example.com/fleet", "facts": ["access.job_finished", "events.detected"]}


class WebhookEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An address that facts are told to."""

    id: int
    url: str
    description: str
    facts: Annotated[list[str] | None, Meta(description="Null for all but the batches of points.")]
    park_ids: Annotated[list[int] | None, Meta(description="Null for all parks in view.")]
    client_id: Annotated[str | None, Meta(description="The API client whose it is; null for one of a person.")]
    created_by: str
    created_at: datetime
    missed_at: Annotated[datetime | None, Meta(description="When facts were last found to be dropped untold.")]
    disabled_at: datetime | None
    disabled_why: str | None


class NewWebhookEndpoint(WebhookEndpoint, frozen=True, kw_only=True):
    """An endpoint just added."""

    secret: Annotated[str, Meta(description="`whsec_…`, to check signatures with. Shown this once.")]


class WebhookEndpointPage(pages.Page, frozen=True, kw_only=True):
    """Endpoints by id."""

    items: list[WebhookEndpoint]


class WebhookStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How well an endpoint takes what it is told."""

    state: Annotated[str, Meta(description="`open`, `failing` or `disabled`.")]
    last_success_at: Annotated[datetime | None, Meta(description="To ten seconds.")]
    failing_since: Annotated[datetime | None, Meta(description="It has taken nothing since.")]
    held_until: Annotated[datetime | None, Meta(description="Until when it asked to be left alone.")]
    waiting: int
    waiting_since: Annotated[datetime | None, Meta(description="When the oldest waiting message was made.")]
    dead: Annotated[int, Meta(description="Messages that were given up.")]


class WebhookSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A new secret."""

    secret: Annotated[str, Meta(description="Shown this once.")]
    previous_until: Annotated[datetime | None, Meta(description="Until when the one before signs along.")]


class WebhookEndpointQuery(pages.PageQuery, frozen=True, kw_only=True):
    """Which page of endpoints."""

    limit: pages.UpTo500 = 50


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
@operation(query=WebhookEndpointQuery, answers={200: WebhookEndpointPage})
def list_webhook_endpoints(query: WebhookEndpointQuery) -> dict[str, Any]:
    """The endpoints in sight, by id. An API client sees its own."""
    found = queries.list_endpoints(
        read(), viewer=actor(), at=at(), after_id=pages.after_id(query.cursor), most=query.limit
    )
    items = [WebhookEndpoint(**_shown(endpoint)) for endpoint in found]
    return pages.page(items, most=query.limit, last_id=found[-1].id if found else None)


@bp.post("/webhooks/endpoints")
@operation(body=NewEndpoint, answers={201: NewWebhookEndpoint}, refuses=(409,), keyed=True, example=EXAMPLE)
def add_webhook_endpoint(body: NewEndpoint) -> Answer:
    """Add an endpoint. Its secret is in this answer and in no other.

    Because it is shown once, the answer is not kept under the Idempotency-Key: a repetition adds nothing and is
    answered 409. Make a new secret then.
    """
    keep_no_answer()
    session = write()
    key = service.sealing_key(erp().settings)
    made = service.add_endpoint(session, actor=actor(), at=at(), new=body, address=g.address, sealing_key=key)
    endpoint = _get_written(made.endpoint_id)
    record = NewWebhookEndpoint(**_shown(endpoint), secret=made.secret)
    location = url_for("api_v1.get_webhook_endpoint", endpoint_id=made.endpoint_id)
    return show_record(record, endpoint.version, location=location)


@bp.get("/webhooks/endpoints/<int:endpoint_id>")
@operation(answers={200: WebhookEndpoint})
def get_webhook_endpoint(endpoint_id: int) -> Answer:
    """One endpoint."""
    endpoint = queries.get_endpoint(read(), viewer=actor(), at=at(), endpoint_id=endpoint_id)
    return show_record(WebhookEndpoint(**_shown(endpoint)), endpoint.version)


@bp.patch("/webhooks/endpoints/<int:endpoint_id>")
@operation(
    body=EndpointChange,
    answers={200: WebhookEndpoint},
    conditional=True,
    example={"description": "Dispatch", "disabled": False},
)
def change_webhook_endpoint(endpoint_id: int, body: EndpointChange) -> Answer:
    """Change what is given. `disabled` stops it, or lets it go on from where it was stopped."""
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
    return show_record(WebhookEndpoint(**_shown(endpoint)), endpoint.version)


@bp.delete("/webhooks/endpoints/<int:endpoint_id>")
@operation(answers={204: None}, conditional=True)
def remove_webhook_endpoint(endpoint_id: int) -> None:
    """Remove it: nothing more is sent, its secrets are forgotten."""
    service.remove_endpoint(write(), actor=actor(), at=at(), endpoint_id=endpoint_id, versions=wanted_versions())


@bp.get("/webhooks/endpoints/<int:endpoint_id>/standing")
@operation(answers={200: WebhookStanding})
def get_webhook_standing(endpoint_id: int) -> WebhookStanding:
    """How well it takes what it is told."""
    endpoint = queries.get_endpoint(read(), viewer=actor(), at=at(), endpoint_id=endpoint_id)
    return WebhookStanding(
        state=endpoint.state,
        last_success_at=endpoint.last_success_at,
        failing_since=endpoint.failing_since,
        held_until=endpoint.held_until,
        waiting=endpoint.waiting,
        waiting_since=endpoint.waiting_since,
        dead=endpoint.dead,
    )


@bp.post("/webhooks/endpoints/<int:endpoint_id>/secret")
@operation(body=SecretRotation, answers={200: WebhookSecret}, keyed=True, example={"end_previous_now": False})
def rotate_webhook_secret(endpoint_id: int, body: SecretRotation) -> WebhookSecret:
    """Make a new secret; the one before signs along for 24 hours, or ends at once. It is shown in no other answer."""
    keep_no_answer()
    made = service.rotate_secret(
        write(),
        actor=actor(),
        at=at(),
        endpoint_id=endpoint_id,
        end_previous_now=body.end_previous_now,
        sealing_key=service.sealing_key(erp().settings),
    )
    return WebhookSecret(secret=made.secret, previous_until=made.previous_until)


def _get_written(endpoint_id: int) -> EndpointRecord:
    """The endpoint as this request has written it, whatever the writer may read."""
    session = write()
    session.flush()
    return queries.get_endpoint(session.connection(), viewer=service.RECORDER, at=at(), endpoint_id=endpoint_id)


def _shown(endpoint: EndpointRecord) -> dict[str, Any]:
    """What its version stands for; what changes with each message is its standing."""
    return {name: getattr(endpoint, name) for name in WebhookEndpoint.__struct_fields__}
