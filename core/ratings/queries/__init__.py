"""Every read about ratings, feedback and appeals."""

from core.ratings.queries.appeals import (
    Appealable,
    AppealRecord,
    get_appeal,
    list_appeals,
    list_due_appeals,
    list_own_appealable,
    list_own_appeals,
)
from core.ratings.queries.feedback import (
    BatchRecord,
    Colleague,
    list_batches,
    list_colleagues,
    list_due_feedback,
    list_own_batches,
)
from core.ratings.queries.inputs import list_due_ratings
from core.ratings.queries.ratings import (
    RatingLine,
    RatingRecord,
    find_own_rating,
    find_rating,
    list_own_days,
    list_ratings,
)

__all__ = [
    "AppealRecord",
    "Appealable",
    "BatchRecord",
    "Colleague",
    "RatingLine",
    "RatingRecord",
    "find_own_rating",
    "find_rating",
    "get_appeal",
    "list_appeals",
    "list_batches",
    "list_colleagues",
    "list_due_appeals",
    "list_due_feedback",
    "list_due_ratings",
    "list_own_appealable",
    "list_own_appeals",
    "list_own_batches",
    "list_own_days",
    "list_ratings",
]
