"""A driver in debt, and the verbs about it, as the tests of fairness call them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.access import service
from core.access.models import Debt, Reason
from core.access.models import ImmobilizationJob as Job
from core.access.schemas import ImmobilizationOrder, Plan, ToldDebt
from core.config import AccessTiming, Retention
from core.db import Database
from core.identity.service import Post
from core.permissions import DRIVER, Actor, system
from tasks.notices import advance_due
from tasks.storage import keep_storage
from tests.conftest import ROOT, Fleet
from tests.orders import order_lock

TIMING = AccessTiming()
WORKER = system("worker")
DAY = timedelta(days=1)
POST = Post("https://erp.example", key=b"k" * 32)


@dataclass(frozen=True)
class Debtor:
    """The driver of the first vehicle, 20 days overdue on a weekly plan."""

    database: Database
    fleet: Fleet
    at: datetime

    @property
    def as_driver(self) -> Actor:
        return Actor("user", self.fleet.user_ids["driver"], "Ana", roles=frozenset({DRIVER}))

    def tell(self, *, as_of: datetime | None = None, **told: Any) -> bool:
        """Note what they owe, unless told otherwise 120 dollars."""
        owed: dict[str, Any] = {
            "owed_minor": 12_000,
            "currency": "USD",
            "plan": Plan.WEEKLY,
            "overdue_since": self.at - 20 * DAY,
        }
        as_of = as_of or self.at
        with self.database.transaction() as session:
            return service.note_debt(
                session,
                actor=ROOT,
                at=max(self.at, as_of),
                driver_id=self.fleet.driver_id,
                debt=ToldDebt(**(owed | told), as_of=as_of),
                timing=TIMING,
            )

    def pay(self, *, as_of: datetime) -> bool:
        """Note that nothing is owed."""
        return self.tell(as_of=as_of, owed_minor=0, overdue_since=None)

    def known(self) -> Debt | None:
        with self.database.transaction() as session:
            return session.get(Debt, self.fleet.driver_id)

    def lock(self, reason: Reason = Reason.DEBT, *, at: datetime | None = None) -> uuid.UUID:
        """An approved order to lock their vehicle."""
        with self.database.transaction() as session:
            return order_lock(
                session,
                actor=ROOT,
                at=at or self.at,
                vehicle_id=self.fleet.vehicle_id,
                order=ImmobilizationOrder(reason=reason),
            )

    def advance(self, at: datetime, *, post: Post = POST) -> int:
        """The scheduler's round at a moment that may be days ahead."""
        keep_storage(self.database, at=at, retention=Retention())
        return advance_due(self.database, at=at, timing=TIMING, post=post)

    def read_notice(self, at: datetime) -> int:
        """They open the page of the notice."""
        with self.database.transaction() as session:
            return service.note_read(session, actor=self.as_driver, at=at)

    def call(self, job_id: uuid.UUID, at: datetime) -> None:
        """The office calls them."""
        with self.database.transaction() as session:
            service.note_called(
                session, actor=ROOT, at=at, vehicle_id=self.fleet.vehicle_id, job_id=job_id, words="Spoke to her."
            )

    def job(self, job_id: uuid.UUID) -> Job:
        with self.database.transaction() as session:
            return session.get_one(Job, job_id)

    def arm(self, job_id: uuid.UUID) -> datetime:
        """Tell them by page and by call, and let the grace end; returns when it was armed."""
        self.advance(self.at)
        self.read_notice(self.at)
        self.call(job_id, self.at)
        over = self.at + timedelta(hours=72)
        self.advance(self.at)
        self.advance(over)
        return over
