"""What stops all immobilizations at once. Releases never mind it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from core.access import queries, service
from core.access.schemas import BrakeKind, Why
from portals.api_v1 import bp
from portals.api_v1.contract import operation
from portals.doors import actor, at, erp, read, write


class Brake(msgspec.Struct, frozen=True, kw_only=True):
    """Something that stops all immobilizations: a person's hold, or the breaker."""

    kind: BrakeKind
    put_on_by: str
    put_on_at: datetime
    why: str


class Brakes(msgspec.Struct, frozen=True, kw_only=True):
    """What is on, and how near the limits are."""

    brakes: list[Brake]
    locks_last_minute: int
    locks_per_minute: int
    vehicles_last_hour: int
    vehicles_per_hour: int


@bp.get("/access/brakes")
@operation(answers={200: Brakes})
def get_brakes() -> Brakes:
    """What stops all immobilizations now, and how many have left against how many may."""
    return _show()


@bp.post("/access/brakes")
@operation(body=Why, answers={204: None}, example={"why": "A trial of the alarm."})
def hold_immobilizations(body: Why) -> None:
    """Stop all immobilizations until an administrator lifts it in the console."""
    service.hold(write(), actor=actor(), at=at(), why=body.why)


def _show() -> Brakes:
    viewer = actor()
    on = queries.list_brakes(read(), viewer=viewer)
    counts = queries.count_locks(read(), viewer=viewer, at=at(), limits=erp().settings.access_limits)
    return Brakes(
        brakes=[Brake(kind=b.kind, put_on_by=b.put_on_by, put_on_at=b.put_on_at, why=b.why) for b in on],
        locks_last_minute=counts.last_minute,
        locks_per_minute=counts.per_minute,
        vehicles_last_hour=counts.last_hour,
        vehicles_per_hour=counts.per_hour,
    )
