"""Whether drivers may drive: how they stand, and the facts that others tell about them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.access import queries, service
from core.access.schemas import AccessStatus, DocumentFact, FactKind, IncidentFact, NotedFact, RatingFact
from portals.api_v1 import bp
from portals.api_v1.contract import operation
from portals.doors import actor, at, erp, read, write
from portals.ranges import Moment


class StandingReason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a driver stands as they do."""

    rule: Annotated[str, Meta(description="Stable: decide by it. The list is in the documentation.")]
    subject: Annotated[str, Meta(description="The key of the fact: which document, which incident.")]
    status: Annotated[AccessStatus, Meta(description="What this reason alone asks for; `active` is a warning.")]
    words: str
    way_back: Annotated[str, Meta(description="What the driver does about it, in words.")]
    since: datetime
    changes_at: Annotated[datetime | None, Meta(description="When it changes by itself, for better or worse.")]


class DriverStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a driver stands: the strictest of the reasons."""

    driver_id: int
    status: Annotated[AccessStatus, Meta(description="Who is suspended or locked out is given no vehicle.")]
    since: datetime
    reasons: Annotated[list[StandingReason], Meta(description="The strictest first.")]
    vehicle_id: Annotated[int | None, Meta(description="The vehicle they have now.")]


class DriverFact(msgspec.Struct, frozen=True, kw_only=True):
    """A fact about a driver as it is known now, which is what was just told unless something younger was known."""

    driver_id: int
    kind: FactKind
    key: str
    value: dict[str, Any]
    as_of: datetime
    noted_by: str
    noted_at: datetime
    withdrawn_at: datetime | None
    status: Annotated[AccessStatus, Meta(description="How the driver stands now.")]


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """As of when a fact counts no more."""

    as_of: Annotated[Moment | None, Meta(description="When you knew it; left out: now.")] = None


_AS_OF = "2026-11-25T07:00:00Z"
DOCUMENT = {"as_of": _AS_OF, "state": "held", "valid_until": "2028-02-01T08:00:00Z"}
RATING = {"as_of": _AS_OF, "value": 4.71, "trips": 318}
INCIDENT = {"as_of": _AS_OF, "severity": "serious", "at": "2026-11-24T21:40:00Z"}


@bp.get("/access/<int:driver_id>/status")
@operation(answers={200: DriverStatus})
def get_driver_status(driver_id: int) -> DriverStatus:
    """Whether a driver may drive, why, and what brings them back."""
    standing = queries.get_standing(read(), viewer=actor(), at=at(), driver_id=driver_id)
    return DriverStatus(
        driver_id=standing.driver_id,
        status=standing.status,
        since=standing.since,
        reasons=[
            StandingReason(
                rule=reason.rule,
                subject=reason.subject,
                status=reason.status,
                words=reason.words,
                way_back=reason.way_back,
                since=reason.since,
                changes_at=reason.changes_at,
            )
            for reason in standing.reasons
        ],
        vehicle_id=standing.vehicle_id,
    )


@bp.put("/access/drivers/<int:driver_id>/facts/document/<key:key>")
@operation(body=DocumentFact, answers={200: DriverFact}, refuses=(409,), example=DOCUMENT)
def note_driver_document(driver_id: int, key: str, body: DocumentFact) -> DriverFact:
    """Tell how it is with a document of a driver. Told twice or late, it does no harm."""
    return _note(driver_id, FactKind.DOCUMENT, key, body)


@bp.delete("/access/drivers/<int:driver_id>/facts/document/<key:key>")
@operation(query=Withdrawal, answers={204: None})
def withdraw_driver_document(driver_id: int, key: str, query: Withdrawal) -> None:
    """Let a document count no more: it is not asked of this driver."""
    _withdraw(driver_id, FactKind.DOCUMENT, key, query)


@bp.put("/access/drivers/<int:driver_id>/facts/rating/<key:key>")
@operation(body=RatingFact, answers={200: DriverFact}, refuses=(409,), example=RATING)
def note_driver_rating(driver_id: int, key: str, body: RatingFact) -> DriverFact:
    """Tell the rating of a driver, and on how many trips it rests."""
    return _note(driver_id, FactKind.RATING, key, body)


@bp.delete("/access/drivers/<int:driver_id>/facts/rating/<key:key>")
@operation(query=Withdrawal, answers={204: None})
def withdraw_driver_rating(driver_id: int, key: str, query: Withdrawal) -> None:
    """Let a rating count no more."""
    _withdraw(driver_id, FactKind.RATING, key, query)


@bp.put("/access/drivers/<int:driver_id>/facts/incident/<key:key>")
@operation(body=IncidentFact, answers={200: DriverFact}, refuses=(409,), example=INCIDENT)
def note_driver_incident(driver_id: int, key: str, body: IncidentFact) -> DriverFact:
    """Tell of an incident, or what became of it. A severe one and a theft lock the driver out, never a vehicle."""
    return _note(driver_id, FactKind.INCIDENT, key, body)


@bp.delete("/access/drivers/<int:driver_id>/facts/incident/<key:key>")
@operation(query=Withdrawal, answers={204: None})
def withdraw_driver_incident(driver_id: int, key: str, query: Withdrawal) -> None:
    """Let an incident count no more: it was not theirs. A lock-out for it then waits for a person's review."""
    _withdraw(driver_id, FactKind.INCIDENT, key, query)


def _note(driver_id: int, kind: FactKind, key: str, fact: NotedFact) -> DriverFact:
    session = write()
    service.note_driver_fact(
        session,
        actor=actor(),
        at=at(),
        driver_id=driver_id,
        key=key,
        fact=fact,
        thresholds=erp().settings.standing,
    )
    known = queries.get_driver_fact(session.connection(), viewer=actor(), driver_id=driver_id, kind=kind, key=key)
    return DriverFact(
        driver_id=driver_id,
        kind=known.kind,
        key=known.key,
        value=known.value,
        as_of=known.as_of,
        noted_by=known.noted_by,
        noted_at=known.noted_at,
        withdrawn_at=known.withdrawn_at,
        status=known.status,
    )


def _withdraw(driver_id: int, kind: FactKind, key: str, query: Withdrawal) -> None:
    service.withdraw_driver_fact(
        write(),
        actor=actor(),
        at=at(),
        driver_id=driver_id,
        kind=kind,
        key=key,
        as_of=query.as_of or at(),
        thresholds=erp().settings.standing,
    )
