"""What people do with items, with one or with many: each by itself, so that one which cannot keeps no other from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import audit
from core.db import Writer
from core.errors import Invalid
from core.identity import queries as identity
from core.inbox.models import Item, StepAct
from core.inbox.queries.sight import in_sight
from core.inbox.rules.claims import ClosedWhy, ItemState
from core.inbox.rules.handling import (
    REASONS,
    acknowledge_problem,
    assign_problem,
    close_problem,
    snooze_problem,
    until_problem,
)
from core.inbox.rules.sight import may_see
from core.inbox.service.changes import note_step, tell_closed, tell_handled
from core.permissions import Actor, needs

MOST = 500


@dataclass(frozen=True, slots=True)
class Handled:
    """What was done: to which items, and of the others why not."""

    done: list[int] = field(default_factory=list)
    left: dict[int, str] = field(default_factory=dict)


@needs("inbox:handle")
def acknowledge_items(session: Writer, *, actor: Actor, at: datetime, item_ids: Sequence[int]) -> Handled:
    """Say that one has seen these and sees to them: they go to nobody's boss any more."""

    def acknowledge(item: Item) -> None:
        item.state, item.acknowledged_at, item.snoozed_until = ItemState.ACKNOWLEDGED, at, None
        note_step(session, item, StepAct.ACKNOWLEDGED, actor=actor, at=at)
        tell_handled(session, item, at=at)

    return _handle(
        session,
        item_ids,
        acknowledge,
        lambda item: acknowledge_problem(item.state),
        actor=actor,
        at=at,
        action="inbox.item_acknowledged",
    )


@needs("inbox:handle")
def assign_items(
    session: Writer, *, actor: Actor, at: datetime, item_ids: Sequence[int], user_id: int | None
) -> Handled:
    """Give these to a person, or to nobody. Who takes one themselves has acknowledged it.

    Raises Invalid for somebody who may not handle items, or whom the actor does not meet in any park.
    """
    person = None if user_id is None else _find_person(session, actor, at, user_id)

    def assign(item: Item) -> None:
        item.assigned_to = user_id
        if user_id is None:
            note_step(session, item, StepAct.UNASSIGNED, actor=actor, at=at)
        else:
            note_step(session, item, StepAct.ASSIGNED, actor=actor, at=at, user_id=user_id)
        if actor.kind == "user" and user_id == actor.id and item.state is ItemState.OPEN:
            item.state, item.acknowledged_at = ItemState.ACKNOWLEDGED, at
        tell_handled(session, item, at=at)

    def find_problem(item: Item) -> str | None:
        if (problem := assign_problem(item.state)) is not None:
            return problem
        if item.assigned_to == user_id:
            return "It is as you want it already."
        return None if person is None or _sees(person, item) else "That person may not see it: choose somebody else."

    return _handle(
        session,
        item_ids,
        assign,
        find_problem,
        actor=actor,
        at=at,
        action="inbox.item_assigned",
        user_id=user_id,
    )


@needs("inbox:handle")
def snooze_items(session: Writer, *, actor: Actor, at: datetime, item_ids: Sequence[int], until: datetime) -> Handled:
    """Put these off: they want nobody until then, unless they get louder. Raises Invalid for a moment that has passed
    or is more than 90 days off.
    """
    if (problem := until_problem(until, at)) is not None:
        raise Invalid(problem, fields={"until": problem})

    def snooze(item: Item) -> None:
        item.state, item.snoozed_until, item.acknowledged_at = ItemState.SNOOZED, until, None
        note_step(session, item, StepAct.SNOOZED, actor=actor, at=at, until=until.isoformat())
        tell_handled(session, item, at=at)

    return _handle(
        session,
        item_ids,
        snooze,
        lambda item: snooze_problem(item.state),
        actor=actor,
        at=at,
        action="inbox.item_snoozed",
        until=until.isoformat(),
    )


@needs("inbox:handle")
def close_items(session: Writer, *, actor: Actor, at: datetime, item_ids: Sequence[int], why: ClosedWhy) -> Handled:
    """Close these. What closes by itself is left, with what closes it. Raises Invalid for a reason of nobody's."""
    if why not in REASONS:
        raise Invalid("Choose why it is closed.", fields={"why": "Choose one of the list."})

    def close(item: Item) -> None:
        item.state, item.snoozed_until = ItemState.CLOSED, None
        item.closed_at, item.closed_why = at, why
        note_step(session, item, StepAct.CLOSED, actor=actor, at=at, why=why)
        tell_closed(session, item, at=at)

    return _handle(
        session,
        item_ids,
        close,
        lambda item: close_problem(item.kind, item.state),
        actor=actor,
        at=at,
        action="inbox.item_closed",
        why=why,
    )


def _handle(
    session: Writer,
    item_ids: Sequence[int],
    act: Callable[[Item], None],
    find_problem: Callable[[Item], str | None],
    *,
    actor: Actor,
    at: datetime,
    action: str,
    **detail: Any,
) -> Handled:
    wanted = list(dict.fromkeys(item_ids))[:MOST]
    # In the order of ids, so that two who handle the same ones at once wait for each other and do not lock up.
    held = session.scalars(
        sa.select(Item).where(Item.id.in_(wanted), in_sight(actor, "inbox:handle")).order_by(Item.id).with_for_update()
    ).all()
    handled = Handled(left={id_: f"There is no item {id_} in your parks." for id_ in wanted})
    for item in held:
        problem = find_problem(item)
        if problem is not None:
            handled.left[item.id] = problem
            continue
        act(item)
        handled.done.append(item.id)
        del handled.left[item.id]
    entries = [(("inbox_item", id_), detail) for id_ in handled.done]
    audit.record_each(session, actor=actor, at=at, action=action, entries=entries)
    return handled


def _find_person(session: Writer, actor: Actor, at: datetime, user_id: int) -> Actor:
    people = identity.list_holders(session.connection(), viewer=actor, at=at, permission="inbox:handle")
    found = next((one for one in people if one.id == user_id), None)
    if found is None:
        words = "Choose somebody who may handle what is in the inbox."
        raise Invalid(words, fields={"user_id": words})
    return found


def _sees(person: Actor, item: Item) -> bool:
    return may_see(person, "inbox:handle", kind=item.kind, park_id=item.park_id, vehicle_id=item.vehicle_id)
