"""What waits for a second person, with everything that they need to decide; and what is to be reviewed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.access import queries
from core.access.queries import DebtRecord, JobRecord
from core.access.schemas import Reason
from core.config import AccessTiming
from core.db import Reader
from core.errors import NotFound
from core.permissions import Actor
from core.vehicles import queries as vehicles
from portals.money import as_money
from portals.orders.sightings import Sighting, look_at
from portals.orders.warnings import Telling, list_tellings


@dataclass(frozen=True, slots=True)
class Card:
    """One order that waits for a second person. `debt` is what is told of it now; None: it is about no debt, or
    nothing was told. `may_decide` is whether the viewer can be that person.
    """

    job: JobRecord
    seen: Sighting
    debt: DebtRecord | None
    tellings: list[Telling]
    is_own: bool
    may_decide: bool
    at: datetime

    @property
    def left_s(self) -> int:
        """Seconds until it expires."""
        return max(round((self.job.expires_at - self.at).total_seconds()), 0)

    @property
    def owed(self) -> str | None:
        """What the driver owes now."""
        return None if self.debt is None else as_money(self.debt.owed_minor, self.debt.currency)

    @property
    def driver_changed(self) -> bool:
        """Whether somebody else has the vehicle now than when it was ordered."""
        now = self.seen.driver.driver_id if self.seen.driver else None
        return now != self.job.driver_id


def read_cards(reader: Reader, *, viewer: Actor, at: datetime, timing: AccessTiming) -> list[Card]:
    """The orders that wait for a second person, the oldest first. Needs access:read."""
    jobs = [job for job in queries.list_approvals(reader, viewer=viewer) if job.expires_at > at]
    found = [vehicles.get_vehicle(reader, viewer=viewer, vehicle_id=job.vehicle_id) for job in jobs]
    sightings = look_at(reader, found, viewer=viewer, at=at, timing=timing)
    return [_make(reader, job, seen, viewer=viewer, at=at) for job, seen in zip(jobs, sightings, strict=True)]


def is_by(viewer: Actor, job: JobRecord) -> bool:
    """Whether the viewer has given this order, and so can neither approve nor review it."""
    return (job.ordered_by_kind, job.ordered_by_id) == (viewer.kind, viewer.id)


def _make(reader: Reader, job: JobRecord, seen: Sighting, *, viewer: Actor, at: datetime) -> Card:
    is_own = is_by(viewer, job)
    may_approve = viewer.may("access:approve", park_id=seen.vehicle.park_id, vehicle_id=job.vehicle_id)
    return Card(
        job=job,
        seen=seen,
        debt=_find_debt(reader, job, viewer=viewer),
        tellings=list_tellings(job, []),
        is_own=is_own,
        may_decide=may_approve and not is_own,
        at=at,
    )


def _find_debt(reader: Reader, job: JobRecord, *, viewer: Actor) -> DebtRecord | None:
    if job.reason is not Reason.DEBT or job.driver_id is None:
        return None
    try:
        return queries.get_debt(reader, viewer=viewer, driver_id=job.driver_id)
    except NotFound:
        return None
