"""Whose an event is: who had the vehicle at that moment, or in all of the time in which the moment lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.events.models import MatchState


@dataclass(frozen=True, slots=True)
class Holding:
    """A time in which a driver has the vehicle; without an end until further notice."""

    assignment_id: int
    driver_id: int
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Match:
    """Whose it was found to be, and how."""

    state: MatchState
    driver_id: int | None = None
    assignment_id: int | None = None


def match(happened_at: datetime, happened_until: datetime | None, holdings: Sequence[Holding]) -> Match:
    """Whose an event is by who had the vehicle when. A holding includes its first moment and not its last.

    With a span of time it is one driver's only when that one had the vehicle all along, whatever assignments it took:
    in doubt a person looks.
    """
    if happened_until is None:
        having = [
            one for one in holdings if one.since <= happened_at and (one.until is None or happened_at < one.until)
        ]
        if not having:
            return Match(MatchState.NOBODY)
        return Match(MatchState.MATCHED, having[0].driver_id, having[0].assignment_id)
    touching = sorted(
        (o for o in holdings if o.since < happened_until and (o.until is None or o.until > happened_at)),
        key=lambda one: one.since,
    )
    if not touching:
        return Match(MatchState.NOBODY)
    if len({one.driver_id for one in touching}) > 1 or not _covers(touching, happened_at, happened_until):
        return Match(MatchState.AMBIGUOUS)
    return Match(MatchState.MATCHED, touching[0].driver_id, touching[0].assignment_id)


def _covers(touching: Sequence[Holding], since: datetime, until: datetime) -> bool:
    """Whether holdings in order leave no gap."""
    reached = since
    for one in touching:
        if one.since > reached:
            return False
        if one.until is None:
            return True
        reached = max(reached, one.until)
    return reached >= until
