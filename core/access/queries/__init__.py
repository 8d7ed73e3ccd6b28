"""Every read about orders to lock and release, as far as the viewer's right reaches."""

from core.access.queries.brakes import BrakeRecord, LockCounts, count_locks, list_brakes, list_past_brakes
from core.access.queries.jobs import (
    STATUS,
    JobRecord,
    Result,
    Status,
    find_job,
    find_latest_job,
    find_own_lock,
    get_job,
    list_approvals,
    list_jobs,
    list_reviews,
    list_shown_locks,
)

__all__ = [
    "STATUS",
    "BrakeRecord",
    "JobRecord",
    "LockCounts",
    "Result",
    "Status",
    "count_locks",
    "find_job",
    "find_latest_job",
    "find_own_lock",
    "get_job",
    "list_approvals",
    "list_brakes",
    "list_jobs",
    "list_past_brakes",
    "list_reviews",
    "list_shown_locks",
]
