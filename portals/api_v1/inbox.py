"""What wants a person: listed for other systems, and acknowledged by them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from core.errors import Conflict
from core.inbox import queries, service
from core.inbox.queries import ItemQuery, ItemRecord
from core.inbox.rules.catalog import Severity
from core.inbox.rules.claims import ItemState
from core.vehicles.schemas import RecordId
from portals.api_v1 import bp, pages
from portals.api_v1.conditional import show_record
from portals.api_v1.contract import Answer, operation
from portals.doors import actor, at, read, write

State = Literal["open", "acknowledged", "snoozed", "closed"]
Loudness = Literal["note", "look", "act"]
_LOUDNESS: dict[int, Loudness] = {Severity.NOTE: "note", Severity.LOOK: "look", Severity.ACT: "act"}
_SEVERITIES: dict[Loudness, Severity] = {"note": Severity.NOTE, "look": Severity.LOOK, "act": Severity.ACT}


class InboxItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that wants a person."""

    id: int
    kind: Annotated[str, Meta(description="Such as `driver_document`, `lock_failed`, `towing`; more may be added.")]
    title: Annotated[str, Meta(description="What it is called.")]
    words: Annotated[str, Meta(description="What it says, without names.")]
    severity: Annotated[Loudness, Meta(description="To be known, to be looked at, to be acted on now.")]
    state: State
    park_id: Annotated[int | None, Meta(description="Null for what belongs to no park.")]
    vehicle_id: int | None
    driver_id: int | None
    due_on: Annotated[date | None, Meta(description="The last day of what runs out, by the calendar of the park.")]
    happened_at: Annotated[datetime | None, Meta(description="When it happened last.")]
    count: Annotated[int, Meta(description="How often it happened since it was opened.")]
    opened_at: datetime
    escalated_at: Annotated[datetime | None, Meta(description="When nobody had answered in time.")]
    acknowledged_at: datetime | None
    assigned_to: Annotated[int | None, Meta(description="The person who is to see to it.")]
    snoozed_until: datetime | None
    closed_at: datetime | None
    closed_why: Annotated[
        Literal["gone", "done", "no_problem", "elsewhere"] | None, Meta(description="`gone`: by itself.")
    ]


class InboxPage(pages.Page, frozen=True, kw_only=True):
    """Items by id."""

    items: list[InboxItem]


class InboxQuery(pages.PageQuery, frozen=True, kw_only=True):
    """Which items."""

    view: Annotated[
        Literal["open", "mine", "snoozed", "closed"],
        Meta(description="What wants somebody now, what is given to you, what was put off, what is closed."),
    ] = "open"
    severity: Annotated[Loudness | None, Meta(description="Of this severity.")] = None
    kind: Annotated[Annotated[str, Meta(max_length=50)] | None, Meta(description="Of this kind.")] = None
    park_id: Annotated[RecordId | None, Meta(description="Of this park.")] = None
    vehicle_id: Annotated[RecordId | None, Meta(description="About this vehicle.")] = None
    driver_id: Annotated[RecordId | None, Meta(description="About this driver.")] = None
    limit: pages.UpTo500 = 50


@bp.get("/inbox")
@operation(query=InboxQuery, answers={200: InboxPage})
def list_inbox(query: InboxQuery) -> dict[str, Any]:
    """What wants a person, as far as it is in sight: an item needs the right to what it is about too."""
    wanted = ItemQuery(
        view=query.view,
        severities=() if query.severity is None else (_SEVERITIES[query.severity],),
        kinds=() if query.kind is None else (query.kind,),
        park_ids=() if query.park_id is None else (query.park_id,),
        vehicle_id=query.vehicle_id,
        driver_id=query.driver_id,
    )
    found = queries.list_items(
        read(), viewer=actor(), query=wanted, after_id=pages.after_id(query.cursor), most=query.limit
    )
    return pages.page([_show(one) for one in found], most=query.limit, last_id=found[-1].id if found else None)


@bp.get("/inbox/<int:item_id>")
@operation(answers={200: InboxItem})
def get_inbox_item(item_id: int) -> Answer:
    """One item, whatever has become of it."""
    found = queries.get_item(read(), viewer=actor(), item_id=item_id)
    return show_record(_show(found), found.version)


@bp.put("/inbox/<int:item_id>/acknowledgement")
@operation(answers={200: InboxItem}, refuses=(409,))
def acknowledge_inbox_item(item_id: int) -> Answer:
    """Say that somebody has seen it and sees to it. What is acknowledged already stays so; 409 once it is closed."""
    session = write()
    before = queries.get_item_to_handle(session.connection(), viewer=actor(), item_id=item_id)
    if before.state is not ItemState.ACKNOWLEDGED:
        handled = service.acknowledge_items(session, actor=actor(), at=at(), item_ids=[item_id])
        if item_id in handled.left:
            raise Conflict(f"Item {item_id}: {handled.left[item_id]}")
        session.flush()
    found = queries.get_item_to_handle(session.connection(), viewer=actor(), item_id=item_id)
    return show_record(_show(found), found.version)


def _show(item: ItemRecord) -> InboxItem:
    return InboxItem(
        id=item.id,
        kind=item.kind,
        title=item.title,
        words=item.sentence,
        severity=_LOUDNESS[item.severity],
        state=item.state.value,
        park_id=item.park_id,
        vehicle_id=item.vehicle_id,
        driver_id=item.driver_id,
        due_on=item.due_on,
        happened_at=item.happened_at,
        count=item.count,
        opened_at=item.opened_at,
        escalated_at=item.escalated_at,
        acknowledged_at=item.acknowledged_at,
        assigned_to=item.assigned_to,
        snoozed_until=item.snoozed_until,
        closed_at=item.closed_at,
        closed_why=None if item.closed_why is None else item.closed_why.value,
    )
