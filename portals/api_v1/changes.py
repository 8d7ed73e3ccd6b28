"""What happens, as a feed: every fact about vehicles in sight, in order, none missed and none twice.

A client keeps the cursor of the last answer and asks again. The stream never passes a transaction that is still running
(core.outbox), so what a cursor has passed can no longer change. A cursor also carries when it was given: facts are
dropped by their day, so one young enough cannot have lost any, however quiet it was since.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from flask import Response, jsonify, request

from core import outbox
from core.errors import Gone, Invalid
from core.outbox import Fact, Offset
from core.permissions import PERMISSIONS
from core.vehicles import queries as vehicles
from portals.api_v1 import bp, pages
from portals.doors import actor, at, read, stop_reading

LONGEST_WAIT_S = 25
PAUSE_S = 0.5
# A cursor given since then has lost nothing, were it given just before a midnight or by a clock that is wrong.
SURELY_KEPT = timedelta(days=outbox.CUT.kept_days) - timedelta(hours=12)


class Cursor(NamedTuple):
    """A place in the stream of one database, and when it was given."""

    epoch: str
    offset: Offset
    given_at: datetime

    def __str__(self) -> str:
        text = f"changes:{self.epoch}:{self.offset}:{int(self.given_at.timestamp())}"
        return base64.urlsafe_b64encode(text.encode()).decode()

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """The cursor written by `str()`. Raises Invalid for any other text."""
        try:
            kind, epoch, place, given_s = base64.urlsafe_b64decode(text.encode()).decode().split(":")
            offset = Offset.parse(place)
            if kind != "changes" or offset is None or max(offset) >= 2**63:
                raise ValueError(text)
            return cls(epoch, offset, datetime.fromtimestamp(int(given_s), UTC))
        except (ValueError, OverflowError, OSError, binascii.Error):
            raise Invalid(
                "cursor: not one of ours. Use next_cursor of the answer before, or leave it out to begin now.",
                fields={"cursor": "Not one of ours."},
            ) from None


@bp.get("/changes")
def list_changes() -> Response:
    """The facts after a cursor, oldest first; with `wait_s` the answer comes as soon as there is one.

    Without a cursor there are no items, and the cursor given is the present. 410 when facts after the cursor may have
    been dropped, or the database was restored.
    """
    most = pages.limit(default=500, most=1000)
    names = _asked_names()
    ends = time.monotonic() + _asked_wait_s()
    text = request.args.get("cursor", "")
    if not text:
        epoch, head = outbox.head(read())
        return _answer([], Cursor(epoch, head, at()), is_all=True)
    cursor = Cursor.parse(text)
    while True:
        items, cursor, is_all = _read_page(cursor, names, most)
        left_s = ends - time.monotonic()
        if items or left_s <= 0:
            return _answer(items, cursor, is_all=is_all)
        if is_all:
            stop_reading()
            time.sleep(min(PAUSE_S, left_s))


def _read_page(cursor: Cursor, names: Sequence[str] | None, most: int) -> tuple[list[dict[str, Any]], Cursor, bool]:
    """The facts in sight of the next `most` after a cursor, the cursor after them, and whether that was all."""
    epoch, head = outbox.head(read())
    if cursor.epoch != epoch:
        raise _gone("The database was restored, so what this cursor has seen may never have happened.")
    if cursor.given_at < at() - SURELY_KEPT and outbox.is_forgotten(read(), cursor.offset):
        raise _gone("This cursor is so old that facts after it may have been dropped.")
    facts = outbox.read_since(read(), cursor.offset, names=names, most=most)
    is_all = len(facts) < most
    last = facts[-1].offset if facts else cursor.offset
    # The head was taken before: all up to it is either among these facts or not asked for.
    place = max(last, head, cursor.offset) if is_all else last
    return _in_sight(facts), Cursor(epoch, place, at()), is_all


def _in_sight(facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """The facts that the client may know of, each cut to the vehicles it sees."""
    asked: dict[str, set[int]] = defaultdict(set)
    for fact in facts:
        if actor().may(_right_to(fact)):
            asked[_right_to(fact)].update(_vehicles_of(fact))
    seen = {
        right: vehicles.list_known_ids(read(), viewer=actor(), permission=right, vehicle_ids=ids)
        for right, ids in asked.items()
    }
    return [
        {"name": fact.name, "at": fact.at, **_cut(fact.ids, known)}
        for fact in facts
        if not (known := seen.get(_right_to(fact), set())).isdisjoint(_vehicles_of(fact))
    ]


def _right_to(fact: Fact) -> str:
    """The right to know of a fact: of orders access:read, as for the orders themselves; that of the feed for others."""
    right = f"{fact.name.partition('.')[0]}:read"
    return right if right in PERMISSIONS else "telemetry:read"


def _vehicles_of(fact: Fact) -> Iterable[int]:
    ids = fact.ids
    return [*ids.get("vehicle_ids", ()), *((ids["vehicle_id"],) if "vehicle_id" in ids else ())]


def _cut(ids: Any, seen: set[int]) -> dict[str, Any]:
    """The ids of a fact without the vehicles out of sight, and without what lies parallel to those."""
    if "vehicle_ids" not in ids:
        return dict(ids)
    kept = [index for index, vehicle_id in enumerate(ids["vehicle_ids"]) if vehicle_id in seen]
    whole = len(ids["vehicle_ids"])
    return {
        name: [values[index] for index in kept] if isinstance(values, list) and len(values) == whole else values
        for name, values in ids.items()
    }


def _gone(why: str) -> Gone:
    return Gone(
        f"{why} Ask for /api/v1/changes without a cursor, then read the records anew, and go on from that cursor."
    )


def _answer(items: list[dict[str, Any]], cursor: Cursor, *, is_all: bool) -> Response:
    response = jsonify({"items": items, "next_cursor": str(cursor), "more": not is_all})
    response.headers["Cache-Control"] = "no-store"
    return response


def _asked_names() -> list[str] | None:
    text = request.args.get("names")
    return None if text is None else [name for name in text.split(",") if name]


def _asked_wait_s() -> int:
    text = request.args.get("wait_s", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 4) or int(text) > LONGEST_WAIT_S:
        raise Invalid(
            f"wait_s: {text!r} is not a whole number of seconds from 0 to {LONGEST_WAIT_S}.",
            fields={"wait_s": f"0 to {LONGEST_WAIT_S}."},
        )
    return int(text)
