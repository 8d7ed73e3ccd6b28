"""Lists in pages: an opaque cursor, and a limit that is kept."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
from flask import Response, g, request
from msgspec import Meta

from core.errors import Invalid

UpTo500 = Annotated[int, Meta(ge=1, le=500, description="How many at most.")]
UpTo1000 = Annotated[int, Meta(ge=1, le=1000, description="How many at most.")]
UpTo10000 = Annotated[int, Meta(ge=1, le=10_000, description="How many at most.")]
Cursor = Annotated[
    str, Meta(max_length=500, description="`next_cursor` of the page before; left out for the first page.")
]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a list."""

    next_cursor: Annotated[str | None, Meta(description="Into `cursor` for the next page. Null on the last.")]


class PageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which page."""

    cursor: Cursor = ""


def after_id(cursor: str) -> int:
    """The id after which the page begins, out of the cursor the last page gave."""
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode()
        kind, number = text.split(":")
        if kind != "after" or not 0 <= int(number) < 2**63:
            raise ValueError(kind)
        return int(number)
    except (ValueError, binascii.Error) as error:
        raise _foreign_cursor() from error


def _foreign_cursor() -> Invalid:
    return Invalid(
        "cursor: not one of ours. Use next_cursor of the page before, or leave it out for the first page.",
        fields={"cursor": "Not one of ours."},
    )


def page(items: Sequence[Any], *, most: int, last_id: int | None) -> dict[str, Any]:
    """A page: its items and the cursor of the next one, null on the last."""
    more = len(items) == most and last_id is not None
    cursor = base64.urlsafe_b64encode(f"after:{last_id}".encode()).decode() if more else None
    goes_on_at(cursor)
    return {"items": items, "next_cursor": cursor}


def goes_on_at(cursor: str | None) -> None:
    """Let the answer name the address of the next page too, if there is one."""
    g.next_cursor = cursor


def link(response: Response) -> Response:
    """Put the address of the next page on the answer, for programs that follow links (RFC 8288)."""
    cursor = g.get("next_cursor")
    if cursor is not None:
        query = urlencode([*((k, v) for k, v in request.args.items(multi=True) if k != "cursor"), ("cursor", cursor)])
        response.headers["Link"] = f'<{quote(request.path)}?{query}>; rel="next"'
    return response


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def after_moment(cursor: str) -> datetime | None:
    """The moment after which the page begins, out of the cursor of `page_of_moments`; None on the first page."""
    ticks = after_id(cursor)
    try:
        return _EPOCH + ticks * _TICK if ticks else None
    except OverflowError as error:
        raise _foreign_cursor() from error


def page_of_moments(items: Sequence[Mapping[str, Any]], *, most: int, moment: str) -> dict[str, Any]:
    """A page of items in the order of the moment they have under that name, which no two of them share."""
    return page(items, most=most, last_id=(items[-1][moment] - _EPOCH) // _TICK if items else None)
