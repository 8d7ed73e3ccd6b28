"""What fairness is judged by, read for many orders in a constant number of queries."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from core.access.models import Debt, EmergencyCode, Jurisdiction, Notice, ParkJurisdiction, Reason
from core.access.models import ImmobilizationJob as Job
from core.access.rules import DebtNow, FairnessInputs, JurisdictionRules, find_told_at
from core.db import Writer
from core.drivers import queries as drivers
from core.permissions import system

DRIVERS = system("access fairness", "drivers:read")
DEFAULT = "default"


def find_law(session: Writer, *, park_id: int) -> Jurisdiction:
    """The newest version of the law that the park stands under."""
    code = session.scalar(sa.select(ParkJurisdiction.code).where(ParkJurisdiction.park_id == park_id)) or DEFAULT
    newest = sa.select(Jurisdiction).where(Jurisdiction.code == code).order_by(Jurisdiction.version.desc()).limit(1)
    return session.scalars(newest).one()


def read_for_order(
    session: Writer,
    *,
    reason: Reason,
    driver_id: int | None,
    device_uid: str,
    law: Jurisdiction,
) -> FairnessInputs:
    """What a new order is judged by: of the driver who has the vehicle, under the law as it is now."""
    driver_ids = [] if driver_id is None else [driver_id]
    return FairnessInputs(
        reason=reason,
        debtor_id=driver_id,
        driver_now_id=driver_id,
        device_uid=device_uid,
        rules=msgspec.convert(law.rules, JurisdictionRules),
        debt=_read_debts(session, driver_ids, hold=True).get(driver_id or 0),
        free_until=_read_free_until(session, driver_ids).get(driver_id or 0),
    )


def read_fairness(
    session: Writer, jobs: Sequence[Job], *, device_uids: Mapping[int, str], at: datetime, hold_debts: bool = False
) -> dict[uuid.UUID, FairnessInputs]:
    """What each of these orders is judged by now, under the version of the law that it was ordered under.

    With `hold_debts` they stay as they are until the transaction ends: a payment comes wholly before or wholly after
    what is decided.
    """
    driver_ids = sorted({job.driver_id for job in jobs if job.driver_id is not None})
    laws = _read_laws(session, jobs)
    debts = _read_debts(session, driver_ids, hold=hold_debts)
    free_until = _read_free_until(session, driver_ids)
    current = drivers.list_current_driver_ids(
        session.connection(), viewer=DRIVERS, at=at, vehicle_ids=[job.vehicle_id for job in jobs]
    )
    channels = _read_told(session, [job.id for job in jobs])
    return {
        job.id: _with_told(
            FairnessInputs(
                reason=job.reason,
                debtor_id=job.driver_id,
                driver_now_id=current.get(job.vehicle_id),
                device_uid=device_uids[job.vehicle_id],
                rules=laws[job.jurisdiction or DEFAULT, job.jurisdiction_version or 1],
                debt=debts.get(job.driver_id or 0),
                free_until=free_until.get(job.driver_id or 0),
            ),
            channels.get(job.id, {}),
        )
        for job in jobs
    }


def _with_told(inputs: FairnessInputs, channels: Mapping[int, Sequence[datetime]]) -> FairnessInputs:
    """The same, with when each warning counted as told by the channels that have told it."""
    told = {
        number: moment
        for number, warning in enumerate(inputs.warnings, start=1)
        if (moment := find_told_at(channels.get(number, ()), warning)) is not None
    }
    return FairnessInputs(**{name: getattr(inputs, name) for name in inputs.__slots__} | {"told": told})


def _read_laws(session: Writer, jobs: Iterable[Job]) -> dict[tuple[str, int], JurisdictionRules]:
    wanted = {(job.jurisdiction or DEFAULT, job.jurisdiction_version or 1) for job in jobs}
    query = sa.select(Jurisdiction).where(sa.tuple_(Jurisdiction.code, Jurisdiction.version).in_(sorted(wanted)))
    return {(law.code, law.version): msgspec.convert(law.rules, JurisdictionRules) for law in session.scalars(query)}


def _read_debts(session: Writer, driver_ids: Sequence[int], *, hold: bool) -> dict[int, DebtNow]:
    if not driver_ids:
        return {}
    names = DebtNow.__slots__
    debts = Debt.__table__.c
    query = sa.select(debts.driver_id, *[debts[name] for name in names]).where(debts.driver_id.in_(driver_ids))
    rows = session.execute(query.with_for_update(read=True) if hold else query)
    return {row.driver_id: DebtNow(*row[1:]) for row in rows}


def _read_free_until(session: Writer, driver_ids: Sequence[int]) -> dict[int, datetime]:
    if not driver_ids:
        return {}
    code = EmergencyCode
    query = (
        sa.select(code.driver_id, sa.func.max(code.free_until))
        .where(code.driver_id.in_(driver_ids), code.free_until.is_not(None))
        .group_by(code.driver_id)
    )
    return {driver_id: until for driver_id, until in session.execute(query) if until is not None}


def _read_told(session: Writer, job_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[int, list[datetime]]]:
    query = sa.select(Notice.job_id, Notice.warning, Notice.told_at).where(
        Notice.job_id.in_(job_ids), Notice.told_at.is_not(None)
    )
    found: dict[uuid.UUID, dict[int, list[datetime]]] = defaultdict(lambda: defaultdict(list))
    for job_id, warning, told_at in session.execute(query):
        if told_at is not None:
            found[job_id][warning].append(told_at)
    return found
