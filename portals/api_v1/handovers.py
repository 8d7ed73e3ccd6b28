"""Handovers that both sides sign, and the damage that vehicles have. Read only: they are made where people stand."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from core.drivers import queries
from core.drivers.queries import DamageMark, HandoverLine
from core.vehicles.schemas import RecordId
from portals.api_v1 import bp, pages
from portals.api_v1.contract import operation
from portals.doors import actor, read

Side = Literal["driver", "office"]
Thousandth = Annotated[int, Meta(description="Thousandths of the map; the front of the vehicle is to the left.")]


class Damage(msgspec.Struct, frozen=True, kw_only=True):
    """Damage as a mark on the map of its vehicle."""

    id: int
    handover_id: Annotated[int, Meta(description="The handover that found it.")]
    x: Thousandth
    y: Thousandth
    place: Annotated[str, Meta(description="What the part is called.")]
    kind: Literal["scratch", "dent", "crack", "chip", "tear", "missing", "dirt"]
    severity: Literal["minor", "moderate", "severe"]
    found_at: datetime


class DamageList(msgspec.Struct, frozen=True, kw_only=True):
    """The damage that a vehicle has."""

    items: list[Damage]


class HandoverSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The inspection of a vehicle when it was taken over or given back."""

    id: int
    assignment_id: int
    kind: Literal["taking", "returning"]
    vehicle_id: int
    driver_id: int
    begun_at: datetime
    odometer_m: int | None
    fuel_pct: int | None
    signed_by: list[Side]
    signed_at: Annotated[datetime | None, Meta(description="When the second side signed. Null: a draft.")]


class Handover(HandoverSummary, frozen=True, kw_only=True):
    """A handover with what it found."""

    found: Annotated[list[Damage], Meta(description="New damage, found in this one.")]
    content_hash: Annotated[str, Meta(description="SHA-256 of what is signed, in hexadecimal.")]
    is_intact: Annotated[bool | None, Meta(description="Whether it still is what both signed. Null: a draft.")]


class HandoverPage(pages.Page, frozen=True, kw_only=True):
    """Handovers, the newest first."""

    items: list[HandoverSummary]


class HandoverQuery(pages.PageQuery, frozen=True, kw_only=True):
    """Which handovers."""

    vehicle_id: Annotated[RecordId | None, Meta(description="Of this vehicle.")] = None
    assignment_id: Annotated[RecordId | None, Meta(description="Of this assignment.")] = None
    open: Annotated[bool | None, Meta(description="Only drafts, or only those that both have signed.")] = None
    limit: pages.UpTo500 = 50


@bp.get("/handovers")
@operation(query=HandoverQuery, answers={200: HandoverPage})
def list_handovers(query: HandoverQuery) -> dict[str, Any]:
    """The handovers in sight, the newest first."""
    most = query.limit
    found = queries.list_handovers(
        read(),
        viewer=actor(),
        vehicle_id=query.vehicle_id,
        assignment_ids=None if query.assignment_id is None else [query.assignment_id],
        is_open=query.open,
        before_id=pages.after_id(query.cursor) or None,
        most=most,
    )
    items = [HandoverSummary(**_summary(line)) for line in found]
    return pages.page(items, most=most, last_id=found[-1].id if found else None)


@bp.get("/handovers/<int:handover_id>")
@operation(answers={200: Handover})
def get_handover(handover_id: int) -> Handover:
    """One handover: what was read and found, who signed, and whether it still is what they signed."""
    record = queries.get_handover(read(), viewer=actor(), handover_id=handover_id)
    return Handover(
        **_summary(record.line),
        found=[_show_damage(mark) for mark in record.found],
        content_hash=record.content_hash,
        is_intact=record.is_intact,
    )


@bp.get("/vehicles/<int:vehicle_id>/damages")
@operation(answers={200: DamageList})
def list_damages(vehicle_id: int) -> DamageList:
    """The damage that a vehicle has: what signed handovers found and nobody has mended."""
    marks = queries.list_damages(read(), viewer=actor(), vehicle_id=vehicle_id)
    return DamageList(items=[_show_damage(mark) for mark in marks])


def _summary(line: HandoverLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "assignment_id": line.assignment_id,
        "kind": line.kind.value,
        "vehicle_id": line.vehicle_id,
        "driver_id": line.driver_id,
        "begun_at": line.begun_at,
        "odometer_m": line.odometer_m,
        "fuel_pct": line.fuel_pct,
        "signed_by": [party.value for party in line.signed_by],
        "signed_at": line.signed_at,
    }


def _show_damage(mark: DamageMark) -> Damage:
    return Damage(
        id=mark.id,
        handover_id=mark.handover_id,
        x=mark.x,
        y=mark.y,
        place=mark.place,
        kind=mark.kind.value,
        severity=mark.severity.value,
        found_at=mark.found_at,
    )
