"""What drivers owe, as the accounting system tells it; what follows from it follows at once."""

from __future__ import annotations

from datetime import datetime

import msgspec

from core.access import queries, service
from core.access.schemas import Plan, ToldDebt
from portals.api_v1 import bp
from portals.api_v1.contract import operation
from portals.doors import actor, at, erp, read, write


class Debt(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver owes as it is known now, which is what was just told unless something younger was known."""

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


EXAMPLE = {
    "owed_minor": 12_000,
    "currency": "USD",
    "plan": "weekly",
    "overdue_since": "2026-11-10T08:00:00Z",
    "promised_until": None,
    "disputed_at": None,
    "as_of": "2026-11-25T07:00:00Z",
}


@bp.put("/access/drivers/<int:driver_id>/debt")
@operation(body=ToldDebt, answers={200: Debt}, refuses=(409,), example=EXAMPLE)
def note_debt(driver_id: int, body: ToldDebt) -> Debt:
    """Tell what a driver owes. Paid, promised or disputed: locks for it are cancelled, and released, before the answer.

    Tell it anew whenever it changes. It may come late, twice and in any order: what is older than what is known, by
    `as_of`, changes nothing.
    """
    session = write()
    service.note_debt(session, actor=actor(), at=at(), driver_id=driver_id, debt=body, timing=erp().settings.access)
    return _show(queries.get_debt(session.connection(), viewer=actor(), driver_id=driver_id))


@bp.get("/access/drivers/<int:driver_id>/debt")
@operation(answers={200: Debt})
def get_debt(driver_id: int) -> Debt:
    """What was last told of what a driver owes; 404 when nothing was."""
    return _show(queries.get_debt(read(), viewer=actor(), driver_id=driver_id))


def _show(debt: queries.DebtRecord) -> Debt:
    return Debt(
        driver_id=debt.driver_id,
        owed_minor=debt.owed_minor,
        currency=debt.currency,
        plan=debt.plan,
        overdue_since=debt.overdue_since,
        promised_until=debt.promised_until,
        disputed_at=debt.disputed_at,
        consented_at=debt.consented_at,
        consented_device=debt.consented_device,
        as_of=debt.as_of,
        noted_by=debt.noted_by,
        noted_at=debt.noted_at,
    )
