"""When feedback is shown: in batches of at least five raters, so that no difference of two batches tells of one.

A batch is released once, at the end of a period, and never changes. Each piece of feedback is in one batch at most,
and of each rater one counts; so whatever of them is added or subtracted is about all raters of a batch, or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

K = 5


@dataclass(frozen=True, slots=True)
class Given:
    """One piece of feedback that waits: who gave it, for which period, and the score."""

    id: int
    rater_id: int
    period: date
    score: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What may be shown: the mean to a tenth, and of how many raters. `spent` are all pieces that are used up by it,
    `counted` those that it shows.
    """

    mean: float
    raters: int
    counted: tuple[int, ...]
    spent: tuple[int, ...]


def release(waiting: Sequence[Given], *, before: date) -> Batch | None:
    """The batch of what waits of the periods before `before`, about one driver; None while it has fewer than five
    raters, and it goes on waiting then. Of a rater who gave feedback for several periods the newest counts.
    """
    due = sorted((one for one in waiting if one.period < before), key=lambda one: (one.period, one.id))
    newest = {one.rater_id: one for one in due}
    if len(newest) < K:
        return None
    mean = sum(one.score for one in newest.values()) / len(newest)
    return Batch(
        mean=round(mean, 1),
        raters=len(newest),
        counted=tuple(sorted(one.id for one in newest.values())),
        spent=tuple(one.id for one in due),
    )


def period_of(day: date) -> date:
    """The period that a day is in: its month, by the first day."""
    return day.replace(day=1)
