"""Reads about what drivers owe, as it was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.access.models import Debt, Plan
from core.db import Reader
from core.drivers.models import Driver
from core.errors import NotFound
from core.permissions import Actor


@dataclass(frozen=True, slots=True)
class DebtRecord:
    """What a driver owes, as last told."""

    driver_id: int
    owed_minor: int
    currency: str
    plan: Plan
    overdue_since: datetime | None
    promised_until: datetime | None
    disputed_at: datetime | None
    consented_at: datetime | None
    consented_device: str | None
    as_of: datetime
    noted_by: str
    noted_at: datetime


_DEBT = Debt.__table__.c
_RECORD = sa.select(*[_DEBT[name] for name in DebtRecord.__slots__], Driver.park_id).join(
    Driver, Driver.id == _DEBT.driver_id
)


def get_debt(reader: Reader, *, viewer: Actor, driver_id: int) -> DebtRecord:
    """What was last told of a driver's debt. Needs access:read, or access:note_debt. Raises NotFound, also when
    nothing was told yet.
    """
    permission = "access:note_debt" if viewer.may("access:note_debt") else "access:read"
    viewer.require(permission)
    row = reader.execute(_RECORD.where(_DEBT.driver_id == driver_id)).one_or_none()
    if row is None or not viewer.may(permission, park_id=row.park_id):
        raise NotFound(f"Nothing was told of what a driver {driver_id} owes.")
    return DebtRecord(*tuple(row)[:-1])
