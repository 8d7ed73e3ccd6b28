"""What bodies of requests may cost: none is unpacked, and those on their way at once have a budget.

How large one may be stands in portals/security.py. A worker takes in many requests at a time, so a limit for each is
none for all: the sizes that clients announce are counted before anything is read.
"""

from __future__ import annotations

from flask import g, request

from core.errors import Refusal
from portals.doors import ErpApp, erp

BUDGET_BYTES = 64 * 1024 * 1024
# Forms and single reports are not worth counting.
SMALL_BYTES = 64 * 1024


class EncodedBody(Refusal):
    """A body in an encoding that is not taken: a few kilobytes of it may unpack to any size."""

    code, status, title = "encoded-body", 415, "Unsupported Media Type"


class TooMuchAtOnce(Refusal):
    """The bodies on their way are as many as one worker can hold."""

    code, status, title = "too-much-at-once", 503, "Not available just now"


class NoLength(Refusal):
    """A body that does not say how long it is, and may never end."""

    code, status, title = "length-required", 411, "Length Required"


class Budget:
    """Bytes of bodies that one process holds at once. No two requests count at the same time: greenlets change places
    only where something waits, and nothing here does.
    """

    def __init__(self, total: int = BUDGET_BYTES) -> None:
        self._left = total

    def take(self, size: int) -> bool:
        """Whether there is room for so many bytes; it is theirs then."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def give_back(self, size: int) -> None:
        """Room for others again."""
        self._left += size


def install(app: ErpApp, budget: Budget) -> None:
    """Refuse encoded bodies everywhere, and give each request's share of the budget back."""
    app.extensions["bodies"] = budget
    app.before_request(_refuse_encoded)
    app.teardown_request(_give_back)


def count() -> None:
    """Take what this request announces from the budget. Ask who sends it first: strangers have no share in it."""
    if "Transfer-Encoding" in request.headers:
        raise NoLength("The body comes in chunks and does not say how long it is. Send it whole, with Content-Length.")
    size = request.content_length or 0
    if size <= SMALL_BYTES or size > erp().config["MAX_CONTENT_LENGTH"]:  # the latter is refused when it is read
        return
    if not erp().extensions["bodies"].take(size):
        raise TooMuchAtOnce(
            "Too much is being sent at this moment. Nothing of this request was kept; repeat it in a moment, "
            "and send fewer batches at once."
        )
    g.counted_bytes = size


def _give_back(_: BaseException | None) -> None:
    erp().extensions["bodies"].give_back(g.pop("counted_bytes", 0))


def _refuse_encoded() -> None:
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise EncodedBody(
            f"The body is sent with Content-Encoding {encoding[:40]}, which is not taken. "
            "Send it plain; 16 MB are room for 10,000 points."
        )
