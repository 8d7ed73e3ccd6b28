"""Every read about orders to lock and release, and about how drivers stand, as far as the viewer's right reaches."""

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
from core.access.queries.standings import (
    ChangeRecord,
    FactRecord,
    StandingRecord,
    find_own_standing,
    get_driver_fact,
    get_standing,
    list_driver_facts,
    list_due_drivers,
    list_own_standing_changes,
    list_standing_changes,
)

__all__ = [
    "STATUS",
    "ChangeRecord",
    "FactRecord",
    "JobRecord",
    "Result",
    "StandingRecord",
    "Status",
    "find_job",
    "find_latest_job",
    "find_own_lock",
    "find_own_standing",
    "get_driver_fact",
    "get_job",
    "get_standing",
    "list_driver_facts",
    "list_due_drivers",
    "list_jobs",
    "list_own_standing_changes",
    "list_shown_locks",
    "list_standing_changes",
]
