"""Reading what has not changed costs nothing; writing what somebody else has changed is refused (RFC 9110 section 13).

A record's strong ETag is its version, which the database raises with every change. A list has a weak one over its body.
"""

from __future__ import annotations

import re

from flask import Response, request

from core.errors import Refusal
from portals.api_v1.contract import Answer

# A hash of so much takes half a millisecond: a list, or the track of a day.
LONGEST_HASHED_BYTES = 1024 * 1024
# What a compressed answer adds to the tag of the plain one (portals/api_v1/encoding.py).
_CODED = re.compile(r":(?:gzip|br|zstd)$")
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_TAGS = re.compile(rf"{_TAG.pattern}(?:[ \t]*,[ \t]*{_TAG.pattern})*")


class MalformedCondition(Refusal):
    """If-Match is not a list of entity tags."""

    code, status, title = "malformed", 400, "The condition cannot be read"


def show_record(body: object, version: int, *, location: str | None = None) -> Answer:
    """The answer with one record, under its strong tag; of one that was made, with its address."""
    headers = {"ETag": f'"{version}"'}
    return Answer(body, headers if location is None else {**headers, "Location": location})


def wanted_versions() -> frozenset[int] | None:
    """The versions that If-Match allows; None when it allows any: when it is left out, or the star.

    A weak tag matches nothing here, nor does a tag that no record of ours can have.
    """
    text = request.headers.get("If-Match")
    if text is None or text.strip() == "*":
        return None
    if not _TAGS.fullmatch(text.strip()):
        raise MalformedCondition('If-Match is not a list of entity tags. Send the ETag as you got it: "7".')
    tags = (_CODED.sub("", tag) for weak, tag in _TAG.findall(text) if not weak)
    return frozenset(int(tag) for tag in tags if re.fullmatch(r"[1-9][0-9]{0,9}", tag))


def answer_unchanged(response: Response) -> Response:
    """Let a client keep what it has read and ask again whether it has changed: 304 without a body if it has not."""
    headers = response.headers
    if request.method not in {"GET", "HEAD"} or response.status_code != 200:
        headers.setdefault("Cache-Control", "no-store")
        return response
    headers.setdefault("Cache-Control", "private, no-cache")
    if "no-store" in headers["Cache-Control"] or response.is_streamed:
        return response
    if "ETag" not in headers:
        if (response.content_length or 0) > LONGEST_HASHED_BYTES:
            return response
        response.add_etag(weak=True)
    if "If-None-Match" in request.headers:
        response.make_conditional(request)
    return response
