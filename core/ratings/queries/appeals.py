"""Appeals, and what can be appealed against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import vault
from core.access import queries as access
from core.access.models import DriverFact, FactKind
from core.db import Reader
from core.drivers.models import Driver
from core.drivers.queries import name_drivers
from core.errors import NotFound
from core.permissions import Actor
from core.ratings.models import Appeal, AppealState
from core.ratings.queries.ratings import find_own_rating
from core.ratings.rules.appealing import is_in_time
from core.ratings.rules.computing import WINDOW_DAYS
from core.ratings.schemas import AppealKind
from core.sight import in_reach

WORDS, REASON = "ratings.appeal_words", "ratings.appeal_reason"
# Ratings are computed each day, of much the same: once appealed against, that holds for all that share a day with it.
_FOR_A_WINDOW = (AppealKind.COMPONENT,)
# The reasons that rest on a document, an incident or the rating are appealed against as what they rest on.
_TOLD_ELSEWHERE = ("document_", "incident_", "rating_")


@dataclass(frozen=True, slots=True)
class Appealable:
    """Something decided about a driver that they can appeal against. `words` say what it is, where it says so itself.

    `decided_by` is the pseudonym of who decided, None where the product computed it.
    """

    kind: AppealKind
    subject: str
    words: str
    decided_at: datetime
    decided_by: str | None
    rating_id: int | None = None


@dataclass(frozen=True, slots=True)
class AppealRecord:
    """An appeal as the office and the driver read it. Words are None of a driver who was erased."""

    id: int
    driver_id: int
    name: str
    kind: AppealKind
    subject: str
    state: AppealState
    words: str | None
    reason: str | None
    decided_first_at: datetime
    decided_first_by: str | None
    handed_in_at: datetime
    answer_due_at: datetime
    escalated_at: datetime | None
    ended_at: datetime | None
    decided_by: str | None


def list_own_appealable(reader: Reader, *, viewer: Actor, at: datetime) -> list[Appealable]:
    """What the viewer can still appeal against and has not. Needs ratings:appeal."""
    viewer.require("ratings:appeal")
    found = [*_components(reader, viewer), *_facts(reader, viewer), *_reasons(reader, viewer, at)]
    known = _appealed(reader, viewer, at)
    return [
        one
        for one in found
        if is_in_time(one.decided_at, at)
        and not any(
            (kind, subject) == (one.kind, one.subject) and (decided_at == one.decided_at or kind in _FOR_A_WINDOW)
            for kind, subject, decided_at in known
        )
    ]


def list_own_appeals(reader: Reader, *, viewer: Actor) -> list[AppealRecord]:
    """The viewer's appeals, newest first. Needs ratings:appeal."""
    viewer.require("ratings:appeal")
    return _read(reader, Driver.user_id == viewer.id)


def list_appeals(reader: Reader, *, viewer: Actor, driver_id: int | None = None) -> list[AppealRecord]:
    """The appeals of the viewer's parks, those that wait first, the longest due first. Needs ratings:read."""
    viewer.require("ratings:read")
    reach = in_reach(viewer, "ratings:read", park_id=Driver.park_id)
    found = _read(reader, reach, *(() if driver_id is None else (Driver.id == driver_id,)))
    return sorted(found, key=lambda one: (one.state.is_over, one.answer_due_at))


def get_appeal(reader: Reader, *, viewer: Actor, appeal_id: int) -> AppealRecord:
    """One appeal. Needs ratings:read; NotFound out of sight."""
    viewer.require("ratings:read")
    found = _read(reader, Appeal.id == appeal_id, in_reach(viewer, "ratings:read", park_id=Driver.park_id))
    if not found:
        raise NotFound(f"There is no appeal {appeal_id}.")
    return found[0]


def list_due_appeals(reader: Reader, *, viewer: Actor, at: datetime, most: int) -> list[int]:
    """The open appeals whose answer is overdue. Needs ratings:compute."""
    viewer.require("ratings:compute")
    query = sa.select(Appeal.id).where(Appeal.state == AppealState.OPEN, Appeal.answer_due_at <= at)
    return list(reader.execute(query.order_by(Appeal.answer_due_at).limit(most)).scalars())


def _appealed(reader: Reader, viewer: Actor, at: datetime) -> list[tuple[AppealKind, str, datetime]]:
    since = at - timedelta(days=WINDOW_DAYS)
    query = (
        sa.select(Appeal.kind, Appeal.subject, Appeal.decided_first_at)
        .join(Driver, Driver.id == Appeal.driver_id)
        .where(
            Driver.user_id == viewer.id,
            sa.or_(Appeal.kind.not_in(_FOR_A_WINDOW), Appeal.decided_first_at > since),
        )
    )
    return [(row.kind, row.subject, row.decided_first_at) for row in reader.execute(query)]


def _components(reader: Reader, viewer: Actor) -> list[Appealable]:
    rating = find_own_rating(reader, viewer=viewer)
    if rating is None:
        return []
    return [
        Appealable(AppealKind.COMPONENT, line.component.value, "", rating.computed_at, None, rating.id)
        for line in rating.explained.lines
        if line.moved < 0
    ]


def _facts(reader: Reader, viewer: Actor) -> list[Appealable]:
    query = (
        sa.select(DriverFact.kind, DriverFact.key, DriverFact.value, DriverFact.noted_at, DriverFact.noted_by)
        .join(Driver, Driver.id == DriverFact.driver_id)
        .where(
            Driver.user_id == viewer.id,
            DriverFact.kind.in_([FactKind.INCIDENT, FactKind.DOCUMENT]),
            DriverFact.withdrawn_at.is_(None),
        )
        .order_by(DriverFact.noted_at.desc(), DriverFact.key)
    )
    return [
        Appealable(AppealKind(row.kind.value), row.key, "", row.noted_at, row.noted_by)
        for row in reader.execute(query)
        if row.kind is FactKind.INCIDENT or row.value["state"] == "refused"
    ]


def _reasons(reader: Reader, viewer: Actor, at: datetime) -> list[Appealable]:
    standing = access.find_own_standing(reader, viewer=viewer, at=at)
    if standing is None:
        return []
    deciders = _holders(reader, standing.driver_id)
    return [
        Appealable(AppealKind.STANDING, reason.rule, reason.words, reason.since, deciders.get(reason.rule))
        for reason in standing.reasons
        if not reason.rule.startswith(_TOLD_ELSEWHERE)
    ]


def _holders(reader: Reader, driver_id: int) -> dict[str, str]:
    query = sa.select(DriverFact.noted_by).where(
        DriverFact.driver_id == driver_id, DriverFact.kind == FactKind.MANUAL, DriverFact.key == "hold"
    )
    who = reader.execute(query).scalar_one_or_none()
    return {} if who is None else {"manual_suspension": who, "manual_lock_out": who}


_COLUMNS: tuple[Any, ...] = tuple(
    getattr(Appeal, name) for name in AppealRecord.__slots__ if name not in {"name", "words", "reason"}
)


def _read(reader: Reader, *about: sa.ColumnElement[bool]) -> list[AppealRecord]:
    query = (
        sa.select(*_COLUMNS, Appeal.words_sealed, Appeal.reason_sealed)
        .join(Driver, Driver.id == Appeal.driver_id)
        .where(*about)
        .order_by(Appeal.handed_in_at.desc(), Appeal.id.desc())
    )
    rows = [dict(row._mapping) for row in reader.execute(query)]
    words = vault.open_texts(reader, [row.pop("words_sealed") for row in rows], field=WORDS)
    reasons = vault.open_texts(reader, [row.pop("reason_sealed") for row in rows], field=REASON)
    names = name_drivers(reader, {row["driver_id"] for row in rows})
    return [
        AppealRecord(**row, name=names[row["driver_id"]], words=said, reason=reason)
        for row, said, reason in zip(rows, words, reasons, strict=True)
    ]
