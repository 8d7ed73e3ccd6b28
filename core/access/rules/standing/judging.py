"""The judgement: the strictest of all reasons counts, and a lock-out ends only by a person's review."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from core.access.rules.standing import grounds
from core.access.rules.standing.grounds import Ground, Reason
from core.access.rules.standing.known import Facts
from core.access.schemas import Severity
from core.config import StandingThresholds
from core.drivers.models import AccessStatus

STANDING_VERSION = 1
# From the mildest to the strictest.
ORDER = tuple(AccessStatus)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a driver stands, the strictest reason first, and when time alone changes any of it."""

    status: AccessStatus
    reasons: tuple[Reason, ...] = ()
    next_change_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """How the driver stood until now."""

    status: AccessStatus
    since: datetime
    reasons: tuple[Reason, ...] = ()


def judge(facts: Facts, at: datetime, thresholds: StandingThresholds, before: Before | None = None) -> Standing:
    """How a driver stands at the moment `at`. Nothing but the facts, the moment and how they stood decides.

    A lock-out stays when its cause is gone, until a lift that is younger than the lock-out.
    """
    seen = list(_see(facts, at, thresholds))
    reasons = [ground.reason for ground in seen if ground.reason is not None]
    is_locked_out = any(reason.status is AccessStatus.LOCKED_OUT for reason in reasons)
    if before is not None and not is_locked_out and _waits_for_review(facts, before):
        reasons.append(grounds.wait_for_review(at))
    if before is not None:
        reasons = _keep_beginnings(reasons, before)
    reasons.sort(key=lambda reason: (-ORDER.index(reason.status), reason.since, reason.rule, reason.subject))
    moments = [ground.next_at for ground in seen if ground.next_at is not None]
    return Standing(
        reasons[0].status if reasons else AccessStatus.ACTIVE,
        tuple(reasons),
        min(moments, default=None),
    )


def _see(facts: Facts, at: datetime, thresholds: StandingThresholds) -> Iterator[Ground]:
    for key, document in facts.documents.items():
        yield grounds.see_document(key, document, at, thresholds)
    for key, rating in facts.ratings.items():
        yield grounds.see_rating(key, rating, at, thresholds)
    for key, incident in facts.incidents.items():
        yield grounds.see_incident(key, incident, at, thresholds)
    minors = [i.at for i in facts.incidents.values() if i.severity is Severity.MINOR and not i.is_theft]
    yield grounds.see_minors(minors, at, thresholds)
    if facts.debt is not None:
        yield grounds.see_debt(facts.debt, at, thresholds)
    if facts.hold is not None:
        yield grounds.see_hold(facts.hold, at)


def _waits_for_review(facts: Facts, before: Before) -> bool:
    if before.status is not AccessStatus.LOCKED_OUT:
        return False
    return facts.lift is None or facts.lift.as_of <= before.since


def _keep_beginnings(reasons: list[Reason], before: Before) -> list[Reason]:
    """A reason that is told again began when it was first told."""
    begun = {(reason.rule, reason.subject): reason.since for reason in before.reasons}
    return [
        msgspec.structs.replace(one, since=min(one.since, begun.get((one.rule, one.subject), one.since)))
        for one in reasons
    ]
