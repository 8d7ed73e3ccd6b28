"""What a driver is told of a lock: in which step it is, why, about whom, and what they can do."""

from __future__ import annotations

from dataclasses import dataclass

from core.access import rules
from core.access.queries import EmergencyMeans, JobRecord, NoticeRecord, OwnDebt
from core.access.schemas import Reason
from portals.money import as_money

# Where a driver can do something about the reason, and nobody else's reason is told.
_PERSONAL = frozenset({Reason.DEBT, Reason.CONTRACT_ENDED, Reason.CONTRACT_VIOLATED})


@dataclass(frozen=True, slots=True)
class Told:
    """A lock, or a release, as its driver reads it. `notice` is there when they were, or are, warned of it."""

    lock: JobRecord
    driver_id: int
    notice: NoticeRecord | None
    debt: OwnDebt | None
    means: EmergencyMeans

    @property
    def step(self) -> str:
        """releasing, release_failed, warned, waiting, locked or doubtful."""
        if self.lock.kind == "release":
            return "release_failed" if self.lock.state == "failed" else "releasing"
        known = {"notified": "warned", "armed": "waiting", "confirmed": "locked", "failed": "doubtful"}
        return known.get(self.lock.state, "locking")

    @property
    def is_mine(self) -> bool:
        """Whether the reason is about this driver; else it is nothing that they may read or could mend."""
        return self.lock.reason not in _PERSONAL or self.lock.driver_id == self.driver_id

    @property
    def reason(self) -> str:
        """Why, in plain words."""
        if not self.is_mine:
            return "It is nothing that you have done or owe."
        return rules.TO_DRIVERS.get(self.lock.reason, "")

    @property
    def what_to_do(self) -> str:
        """What makes it go away."""
        return (
            rules.say_what_to_do(self.lock.reason) if self.is_mine else "Call the office: it can release the vehicle."
        )

    @property
    def owed(self) -> str | None:
        """The overdue amount with its currency, when that is the reason."""
        if self.debt is None or self.lock.reason is not Reason.DEBT or not self.is_mine:
            return None
        return as_money(self.debt.owed_minor, self.debt.currency)

    @property
    def may_start(self) -> bool:
        """Whether there is something to start by a code now: before, it starts without one, and would waste it."""
        return self.may_start_once_locked and self.step not in {"warned", "waiting"}

    @property
    def may_start_once_locked(self) -> bool:
        """Whether the law lets the driver start it without the office, with a code."""
        return self.lock.kind == "immobilize" and self.means.hours > 0 and self.means.starts_left > 0
