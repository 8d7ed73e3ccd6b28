"""The facts that drivers are judged by, and the judgement whenever time has come."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import msgspec

from core import audit
from core.access.models import DriverFact, FactKind
from core.access.schemas import AccessStatus, DocumentFact, IncidentFact, NotedFact, RatingFact, name_document
from core.access.service.judging import keep, lock_driver, settle
from core.config import StandingThresholds
from core.db import Writer
from core.drivers import queries as drivers
from core.errors import Conflict, Invalid
from core.permissions import Actor, needs

KINDS: dict[type[NotedFact], FactKind] = {
    DocumentFact: FactKind.DOCUMENT,
    RatingFact: FactKind.RATING,
    IncidentFact: FactKind.INCIDENT,
}
KEY = r"[a-z0-9][a-z0-9._-]{0,63}"
# How far the clock of whoever tells a fact may be ahead.
AHEAD = timedelta(minutes=1)


@needs("access:judge")
def judge_driver(
    session: Writer, *, actor: Actor, at: datetime, driver_id: int, thresholds: StandingThresholds
) -> AccessStatus:
    """Judge a driver by what is known at this moment; returns how they stand. Done twice, it is done once."""
    driver = lock_driver(session, actor=actor, driver_id=driver_id)
    return settle(session, actor=actor, at=at, driver=driver, thresholds=thresholds).status


@needs("access:judge")
def note_driver_fact(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    driver_id: int,
    key: str,
    fact: NotedFact,
    thresholds: StandingThresholds,
) -> bool:
    """Take a fact about a driver and judge them by it; returns whether it told anything new.

    One that is older than what is known changes nothing, so facts may arrive in any order and more than once. Raises
    Conflict for another value of the same moment and for a document that the driver hands in themselves, Invalid for a
    moment that has not come.
    """
    _check(key, fact, at)
    driver = lock_driver(session, actor=actor, driver_id=driver_id)
    if isinstance(fact, DocumentFact):
        _check_told_by_hand(session, actor, driver_id, key)
    value = {name: one for name, one in msgspec.to_builtins(fact).items() if name != "as_of"}
    known = session.get(DriverFact, (driver_id, KINDS[type(fact)], key))
    if known is not None and known.as_of >= fact.as_of:
        if known.as_of == fact.as_of and known.withdrawn_at is None and known.value != value:
            raise Conflict(
                f"Another value of {key} is known of that very moment. Tell it again with a younger as_of.",
                driver_id=driver_id,
            )
        return False
    kind = KINDS[type(fact)]
    keep(session, actor=actor, at=at, driver_id=driver_id, kind=kind, key=key, value=value, as_of=fact.as_of)
    audit.record(
        session,
        actor=actor,
        at=at,
        action="access.driver_fact_noted",
        subject=("driver", driver_id),
        kind=kind,
        key=key,
        value=value,
        as_of=fact.as_of.isoformat(),
    )
    settle(session, actor=actor, at=at, driver=driver, thresholds=thresholds)
    return True


@needs("access:judge")
def withdraw_driver_fact(
    session: Writer,
    *,
    actor: Actor,
    at: datetime,
    driver_id: int,
    kind: FactKind,
    key: str,
    as_of: datetime,
    thresholds: StandingThresholds,
) -> bool:
    """Let a fact count no more, as known at `as_of`; returns whether that told anything new. It stays on record.

    Also of a fact that never came: an older one of that key, still on its way, then changes nothing.
    Raises Conflict for what a person put on by hand.
    """
    _check_moment("as_of", as_of, at)
    if kind is FactKind.MANUAL:
        raise Conflict("What a person put on by hand is lifted by a person, on the driver's page.")
    driver = lock_driver(session, actor=actor, driver_id=driver_id)
    if kind is FactKind.DOCUMENT:
        _check_told_by_hand(session, actor, driver_id, key)
    known = session.get(DriverFact, (driver_id, kind, key))
    if known is not None and (known.as_of > as_of or (known.as_of == as_of and known.withdrawn_at is not None)):
        return False
    value = {} if known is None else known.value
    keep(
        session,
        actor=actor,
        at=at,
        driver_id=driver_id,
        kind=kind,
        key=key,
        value=value,
        as_of=as_of,
        withdrawn_at=at,
    )
    audit.record(
        session,
        actor=actor,
        at=at,
        action="access.driver_fact_withdrawn",
        subject=("driver", driver_id),
        kind=kind,
        key=key,
        as_of=as_of.isoformat(),
    )
    settle(session, actor=actor, at=at, driver=driver, thresholds=thresholds)
    return True


def _check_told_by_hand(session: Writer, actor: Actor, driver_id: int, key: str) -> None:
    """Raise Conflict for a document of which the documents themselves tell, unless the product itself tells it."""
    if actor.kind == "system" or not drivers.is_told_by_documents(session.connection(), driver_id=driver_id, kind=key):
        return
    raise Conflict(
        f"How it is with the {name_document(key)} follows from what the driver hands in. Accept or refuse that.",
        driver_id=driver_id,
    )


def _check(key: str, fact: NotedFact, at: datetime) -> None:
    if not re.fullmatch(KEY, key):
        raise Invalid(
            f"key: {key[:64]!r} is no key.",
            fields={"key": "1 to 64 of a-z, 0-9, dot, underscore and hyphen, a letter or digit first."},
        )
    _check_moment("as_of", fact.as_of, at)
    if isinstance(fact, IncidentFact):
        _check_moment("at", fact.at, at)
        if fact.resolved_at is not None:
            _check_moment("resolved_at", fact.resolved_at, at)


def _check_moment(field: str, moment: datetime, at: datetime) -> None:
    if moment > at + AHEAD:
        raise Invalid(
            f"{field}: that moment has not come yet. Send when it was, in UTC or with its offset.",
            fields={field: "Not in the future."},
        )
