"""Judging one driver: what the verbs about facts, holds and time share. The driver's row is the lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core import audit, outbox
from core.access.models import Debt, DriverFact, DriverStanding, FactKind, StandingChange
from core.access.rules import standing as rules
from core.access.schemas import DocumentFact, IncidentFact, RatingFact
from core.config import StandingThresholds
from core.db import Writer
from core.drivers import service as drivers
from core.drivers.models import AccessStatus, Driver
from core.errors import NotFound
from core.permissions import Actor, system

Shape = TypeVar("Shape")
RECORDER = system("standings", "drivers:set_access")
_DEBT = sa.select(
    Debt.noted_at, Debt.owed_minor, Debt.currency, Debt.overdue_since, Debt.promised_until, Debt.disputed_at
)
# The keys of what a person puts on and lifts by hand.
HOLD, LIFT = "hold", "lift"


def lock_driver(session: Writer, *, actor: Actor, driver_id: int) -> Driver:
    """The driver, held until the transaction ends: whoever judges the same one waits. Raises NotFound, Forbidden.

    New rows may go on referring to the driver meanwhile.
    """
    query = sa.select(Driver).where(Driver.id == driver_id).with_for_update(key_share=True)
    driver = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if driver is None or not actor.sees_park(driver.park_id):
        raise NotFound(f"There is no driver {driver_id}.")
    actor.require("access:judge", park_id=driver.park_id)
    return driver


@dataclass(frozen=True, slots=True)
class Known:
    """What a driver is judged by, the same for the record, and which note of their debt is among it."""

    facts: rules.Facts
    inputs: dict[str, Any]
    debt_noted_at: datetime | None


def load_facts(session: Writer, driver_id: int) -> Known:
    """What is known of the driver. Call it under the driver's lock."""
    query = sa.select(DriverFact).where(DriverFact.driver_id == driver_id, DriverFact.withdrawn_at.is_(None))
    # Written by a statement of its own: what the session remembers of a fact is old.
    query = query.order_by(DriverFact.kind, DriverFact.key).execution_options(populate_existing=True)
    rows = session.scalars(query).all()
    debt = session.execute(_DEBT.where(Debt.driver_id == driver_id)).one_or_none()
    owed = None if debt is None else rules.Debt(*debt[1:])
    facts = rules.Facts(
        documents=_of_kind(rows, FactKind.DOCUMENT, DocumentFact),
        ratings=_of_kind(rows, FactKind.RATING, RatingFact),
        incidents=_of_kind(rows, FactKind.INCIDENT, IncidentFact),
        debt=owed,
        hold=_of_kind(rows, FactKind.MANUAL, rules.Hold, HOLD).get(HOLD),
        lift=_of_kind(rows, FactKind.MANUAL, rules.Lift, LIFT).get(LIFT),
    )
    told = [{"kind": row.kind, "key": row.key, "as_of": row.as_of, "value": row.value} for row in rows]
    inputs = {"facts": told, "debt": None if owed is None else asdict(owed)}
    return Known(facts, inputs, None if debt is None else debt.noted_at)


def settle(
    session: Writer, *, actor: Actor, at: datetime, driver: Driver, thresholds: StandingThresholds
) -> rules.Standing:
    """Judge a locked driver anew and write down how they stand; a change is kept, audited and told."""
    known = load_facts(session, driver.id)
    row = session.get(DriverStanding, driver.id, populate_existing=True)
    before = find_before(driver, row)
    standing = rules.judge(known.facts, at, thresholds, before)
    is_same_status = standing.status is driver.access_status
    values = {
        "status": standing.status,
        "since": before.since if is_same_status else at,
        "reasons": [msgspec.to_builtins(reason) for reason in standing.reasons],
        "policy_version": rules.STANDING_VERSION,
        "judged_at": at,
        "next_change_at": standing.next_change_at,
        "debt_noted_at": known.debt_noted_at,
    }
    session.execute(
        insert(DriverStanding)
        .values(driver_id=driver.id, **values)
        .on_conflict_do_update(index_elements=["driver_id"], set_=values)
    )
    if not is_same_status or _grounds(standing.reasons) != _grounds(before.reasons):
        inputs = {**known.inputs, "thresholds": asdict(thresholds), "before": before.status}
        _tell(session, actor=actor, at=at, driver=driver, values=values, inputs=inputs)
    return standing


def find_before(driver: Driver, row: DriverStanding | None) -> rules.Before:
    """How the driver stood until now."""
    if row is None:
        return rules.Before(driver.access_status, driver.created_at)
    return rules.Before(row.status, row.since, rules.read_reasons(row.reasons))


def keep(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    driver_id: int,
    kind: FactKind,
    key: str,
    value: dict[str, Any],
    as_of: datetime,
    withdrawn_at: datetime | None = None,
) -> None:
    """Write a fact down in place of what was known under its key. Call it under the driver's lock."""
    values = {
        "value": value,
        "as_of": as_of,
        "noted_by": actor.name,
        "noted_at": at,
        "withdrawn_at": withdrawn_at,
    }
    session.execute(
        insert(DriverFact)
        .values(driver_id=driver_id, kind=kind, key=key, **values)
        .on_conflict_do_update(index_elements=["driver_id", "kind", "key"], set_=values)
    )


def _of_kind(
    rows: Sequence[DriverFact], kind: FactKind, shape: type[Shape], key: str | None = None
) -> dict[str, Shape]:
    return {
        row.key: msgspec.convert({**row.value, "as_of": row.as_of}, shape)
        for row in rows
        if row.kind is kind and key in {None, row.key}
    }


def _grounds(reasons: Sequence[rules.Reason]) -> set[tuple[str, str, AccessStatus]]:
    return {(reason.rule, reason.subject, reason.status) for reason in reasons}


def _tell(
    session: Writer, *, actor: Actor, at: datetime, driver: Driver, values: dict[str, Any], inputs: dict[str, Any]
) -> None:
    """Keep a change, and tell everybody whom it concerns."""
    was, status, reasons = driver.access_status, values["status"], values["reasons"]
    change = StandingChange(
        driver_id=driver.id,
        at=at,
        from_status=was,
        to_status=status,
        reasons=reasons,
        inputs=inputs,
        policy_version=rules.STANDING_VERSION,
        actor_name=actor.name,
    )
    session.add(change)
    session.flush()
    deciding = [reason for reason in reasons if reason["status"] == status]
    words = " ".join(f"{reason['words']} {reason['way_back']}" for reason in deciding)
    drivers.set_access(
        session,
        actor=RECORDER,
        at=at,
        driver_id=driver.id,
        status=status,
        words=None if status is AccessStatus.ACTIVE else words,
    )
    audit.record(
        session,
        actor=actor,
        at=at,
        action="access.standing_changed",
        subject=("driver", driver.id),
        from_status=was,
        to_status=status,
        rules=[reason["rule"] for reason in reasons],
        policy_version=rules.STANDING_VERSION,
        change_id=change.id,
    )
    outbox.publish(session, "access.standing_changed", at=at, driver_id=driver.id, change_id=change.id)
