"""Every read about orders to lock and release, as far as the viewer's right reaches."""

from core.access.queries.jobs import (
    STATUS,
    JobRecord,
    Result,
    Status,
    find_job,
    find_latest_job,
    find_own_lock,
    get_job,
    list_jobs,
    list_shown_locks,
)

__all__ = [
    "STATUS",
    "JobRecord",
    "Result",
    "Status",
    "find_job",
    "find_latest_job",
    "find_own_lock",
    "get_job",
    "list_jobs",
    "list_shown_locks",
]
