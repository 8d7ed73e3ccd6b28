"""When a message is tried again, and when it and its endpoint are given up.

Source: Standard Webhooks 1.0.0, "Deliverability and reliability" and "Delivery success and failure".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

_S, _MIN, _H = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
DELAYS = (5 * _S, 5 * _MIN, 30 * _MIN, 2 * _H, 5 * _H, 10 * _H, 14 * _H, 20 * _H, 24 * _H)
# How long after the first try each further one is due.
MARKS = tuple(accumulate(DELAYS))
# Up to this part of a delay comes on top of it, so that those who failed together do not come again together.
JITTER = 0.1
GIVE_UP_ENDPOINT_AFTER = timedelta(days=5)
# An endpoint that was failing this long and takes a message gets at once what waits for its next try.
BACK_AFTER = timedelta(minutes=1)
LONGEST_HOLD = timedelta(hours=1)
HOLD = timedelta(seconds=30)
_BUSY = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered, or why it did not: `status` is None then. `retry_after_s` is as it asked."""

    status: int | None
    words: str
    took_ms: int
    retry_after_s: float | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the message was delivered: any 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants no more messages at all."""
        return self.status == 410


def next_try(*, first_try_at: datetime, tried_at: datetime, at: datetime, jitter: float) -> datetime | None:
    """When a message that was tried in vain is tried again; None when it is given up.

    The marks are counted from the first try of its round, so a try that comes in between, by hand or because the
    receiver is back, takes none of the later ones away. `jitter` is a random number from 0 to 1.
    """
    for mark, delay in zip(MARKS, DELAYS, strict=True):
        if first_try_at + mark > tried_at:
            return max(first_try_at + mark + delay * JITTER * jitter, at)
    return None


def hold_for(answer: Answer) -> timedelta | None:
    """How long nothing is sent to an endpoint that is busy: as it asks, up to an hour; None when it is not."""
    if answer.status not in _BUSY:
        return None
    if answer.retry_after_s is None:
        return HOLD if answer.status == 429 else None
    return min(max(timedelta(seconds=answer.retry_after_s), _S), LONGEST_HOLD)


def is_given_up(*, failing_since: datetime | None, at: datetime) -> bool:
    """Whether an endpoint has failed for so long, without a success, that it is disabled."""
    return failing_since is not None and at - failing_since >= GIVE_UP_ENDPOINT_AFTER


def is_back(*, failing_since: datetime | None, at: datetime) -> bool:
    """Whether a success just now ends a failure that lasted."""
    return failing_since is not None and at - failing_since >= BACK_AFTER
