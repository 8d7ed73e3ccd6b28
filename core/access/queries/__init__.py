"""Every read about orders to lock and release, as far as the viewer's right reaches."""

from core.access.queries.brakes import BrakeRecord, LockCounts, count_locks, list_brakes, list_past_brakes
from core.access.queries.debts import DebtRecord, get_debt
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
from core.access.queries.jurisdictions import LawRecord, ParkLaw, get_jurisdiction, list_jurisdictions, list_parks_law
from core.access.queries.notices import (
    DueOrder,
    NoticeRecord,
    WarningRecord,
    count_codes,
    find_notice,
    list_due_orders,
    list_notices,
)

__all__ = [
    "STATUS",
    "BrakeRecord",
    "DebtRecord",
    "DueOrder",
    "JobRecord",
    "LawRecord",
    "LockCounts",
    "NoticeRecord",
    "ParkLaw",
    "Result",
    "Status",
    "WarningRecord",
    "count_codes",
    "count_locks",
    "find_job",
    "find_latest_job",
    "find_notice",
    "find_own_lock",
    "get_debt",
    "get_job",
    "get_jurisdiction",
    "list_approvals",
    "list_brakes",
    "list_due_orders",
    "list_jobs",
    "list_jurisdictions",
    "list_notices",
    "list_parks_law",
    "list_past_brakes",
    "list_reviews",
    "list_shown_locks",
]
