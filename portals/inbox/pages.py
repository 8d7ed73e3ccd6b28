"""The list of items and the page of one, for the portal that asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response

from core.inbox import queries
from core.inbox.queries import ItemRecord
from core.inbox.rules.handling import REASONS
from core.vehicles import queries as vehicles
from portals import hx
from portals.doors import actor, at, read
from portals.inbox.asked import (
    PAGE_SIZE,
    SEVERITY_WORDS,
    SORT_WORDS,
    VIEW_WORDS,
    Asked,
    as_query,
    name_groups,
    name_severities,
    read_asked,
)
from portals.inbox.frame import find_part
from portals.inbox.snoozes import SNOOZES
from portals.inbox.subjects import name_subjects

_DAYS = {1: "until tomorrow", 0: "today", -1: "yesterday"}
# Where in its portal an item is seen to: the address and what one does there, or None.
FindWay = Callable[[ItemRecord], tuple[str, str] | None]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of what was asked for, in words, and how it went: ok, warn or act."""

    text: str
    tone: str


def show_list(portal: str, find_way: FindWay, *, asked: Asked | None = None, told: Told | None = None) -> Response:
    """The items that are asked for, with what was just done to some of them."""
    if told is None and (part := find_part()) is not None:
        return part
    asked = asked or read_asked()
    counts = queries.count_items(read(), viewer=actor(), query=as_query(asked))
    pages = max(1, -(-counts.matching // PAGE_SIZE))
    number = min(asked.page, pages)
    items = queries.list_items(
        read(),
        viewer=actor(),
        query=as_query(asked),
        sort=asked.sort,
        skip=(number - 1) * PAGE_SIZE,
        most=PAGE_SIZE,
    )
    parks = vehicles.list_parks(read(), viewer=actor())
    return hx.render(
        f"{portal}/inbox/list.html",
        "_inbox/_inbox.html",
        status=422 if told is not None and told.tone == "act" else 200,
        asked=asked,
        counts=counts,
        items=items,
        ways={item.id: find_way(item) for item in items},
        subjects=name_subjects(items),
        told=told,
        number=number,
        pages=pages,
        severities=name_severities(counts.by["severity"], asked.severity),
        groups=name_groups(counts.by["group"], asked.group),
        parks=[(str(park["id"]), park["name"]) for park in parks] if len(parks) > 1 else [],
        views=VIEW_WORDS,
        sorts=list(SORT_WORDS.items()),
        severity_words=SEVERITY_WORDS,
        **_choices(),
    )


def show_one(portal: str, find_way: FindWay, item_id: int, *, told: Told | None = None) -> Response:
    """One item with everything that became of it."""
    item = queries.get_item(read(), viewer=actor(), item_id=item_id)
    return hx.render(
        f"{portal}/inbox/show.html",
        status=422 if told is not None and told.tone == "act" else 200,
        item=item,
        steps=queries.list_steps(read(), viewer=actor(), item_id=item_id),
        way=find_way(item),
        subjects=name_subjects([item]),
        severity_words=SEVERITY_WORDS,
        told=told,
        **_choices(),
    )


def _choices() -> dict[str, Any]:
    """What can be chosen when an item is handled."""
    may_handle = actor().may("inbox:handle")
    colleagues = queries.list_colleagues(read(), viewer=actor(), at=at()) if may_handle else []
    return {
        "may_handle": may_handle,
        "left": _say_left,
        "colleagues": colleagues,
        "own_id": actor().id,
        "snoozes": SNOOZES,
        "reasons": REASONS,
        "now": at(),
    }


def _say_left(item: ItemRecord) -> str:
    """How long what runs out still holds, by the calendar of its park."""
    assert item.due_on is not None
    today = at().astimezone(ZoneInfo(item.time_zone or "UTC")).date()
    days = (item.due_on - today).days
    if days in _DAYS:
        return _DAYS[days]
    return f"{days} days left" if days > 0 else f"{-days} days over"
