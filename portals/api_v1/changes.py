"""What happens, as a feed: every fact in sight, in order, none missed and none twice.

A client keeps the cursor of the last answer and asks again. The stream never passes a transaction that is still running
(core.outbox), so what a cursor has passed can no longer change. A cursor also carries when it was given: facts are
dropped by their day, so one young enough cannot have lost any, however quiet it was since.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from core import outbox
from core.errors import Gone, Invalid
from core.outbox import Offset
from core.webhooks.queries import list_in_sight
from core.webhooks.rules.catalog import FACTS
from portals.api_v1 import bp, pages
from portals.api_v1.contract import Answer, operation
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


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fact: that something happened, and to what. Further ids stand beside these; read the record for the rest."""

    name: Annotated[str, Meta(examples=["vehicles.status_changed", "telemetry.batch_stored"])]
    at: datetime
    vehicle_id: int | msgspec.UnsetType = msgspec.UNSET
    vehicle_ids: list[int] | msgspec.UnsetType = msgspec.UNSET


class ChangePage(msgspec.Struct, frozen=True, kw_only=True):
    """Facts in the order in which they happened."""

    items: list[Change]
    next_cursor: Annotated[str, Meta(description="Keep it, and ask with it the next time.")]
    more: Annotated[bool, Meta(description="Ask again at once: there are further ones.")]


FactName = Annotated[str, Meta(extra_json_schema={"enum": sorted(FACTS)})]


class ChangeQuery(pages.PageQuery, frozen=True, kw_only=True):
    """After which place in the feed, and how long to wait for something."""

    limit: pages.UpTo1000 = 500
    names: Annotated[list[FactName] | None, Meta(description="Only these facts, with commas between.")] = None
    wait_s: Annotated[
        int, Meta(ge=0, le=LONGEST_WAIT_S, description="Hold an empty answer back for so many seconds.")
    ] = 0


@bp.get("/changes")
@operation(query=ChangeQuery, answers={200: ChangePage}, refuses=(410,))
def list_changes(query: ChangeQuery) -> Answer:
    """The facts after a cursor, oldest first; with `wait_s` the answer comes as soon as there is one.

    Without a cursor there are no items, and the cursor given is the present. 410 when facts after the cursor may have
    been dropped, or the database was restored.
    """
    _check_names(query.names or ())
    ends = time.monotonic() + query.wait_s
    if not query.cursor:
        epoch, head = outbox.head(read())
        return _answer([], Cursor(epoch, head, at()), is_all=True)
    cursor = Cursor.parse(query.cursor)
    while True:
        items, cursor, is_all = _read_page(cursor, query.names, query.limit)
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
    seen = list_in_sight(read(), viewer=actor(), facts=facts, beyond_vehicles=True)
    items = [{"name": each.fact.name, "at": each.fact.at, **each.ids} for each in seen]
    return items, Cursor(epoch, place, at()), is_all


def _gone(why: str) -> Gone:
    return Gone(
        f"{why} Ask for /api/v1/changes without a cursor, then read the records anew, and go on from that cursor."
    )


def _answer(items: list[dict[str, Any]], cursor: Cursor, *, is_all: bool) -> Answer:
    pages.goes_on_at(str(cursor))
    page = {"items": items, "next_cursor": str(cursor), "more": not is_all}
    return Answer(page, {"Cache-Control": "no-store"})


def _check_names(names: Iterable[str]) -> None:
    """Raise Invalid for a fact that there is none of: whoever waits for it would wait for ever."""
    unknown = [name for name in names if name not in FACTS]
    if unknown:
        known = ", ".join(FACTS)
        raise Invalid(
            f"names: there is no fact {unknown[0][:60]!r}. Those there are: {known}.",
            fields={"names": f"No {unknown[0][:60]!r}."},
        )
