"""Single points: the newest, the refused, and how many came in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.telemetry import queries
from portals.api_v1 import bp, pages
from portals.api_v1.contract import operation
from portals.api_v1.telemetry.measured import Point
from portals.doors import actor, read


class Points(msgspec.Struct, frozen=True, kw_only=True):
    """The newest points of a vehicle, newest first."""

    vehicle_id: int
    points: list[Point]


class RefusedPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A point that was not stored, or stored without some of its values."""

    received_at: datetime
    id: int
    source: Annotated[str, Meta(description="The way it came: http, teltonika, …")]
    vehicle_id: int | None
    device_uid: str | None
    ts: datetime | None
    rule: str
    detail: str
    raw: Annotated[str, Meta(description="What was sent.")]
    point: Annotated[dict[str, Any] | None, Meta(description="What was read of it.")]
    left_out: Annotated[
        list[str] | None, Meta(description="The values without which it was stored; null when refused whole.")
    ]
    replayed_at: datetime | None
    replay_outcome: str | None


class RefusedPoints(msgspec.Struct, frozen=True, kw_only=True):
    """The newest refused points of a vehicle, newest first."""

    vehicle_id: int
    refused: list[RefusedPoint]


class IntakeCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many points of a vehicle ever came in: the first is the sum of the others."""

    vehicle_id: int
    received_count: int
    stored_count: int
    duplicate_count: int
    refused_count: int


class IntakePage(pages.Page, frozen=True, kw_only=True):
    """Counts by vehicle id."""

    items: list[IntakeCount]


class PointQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How many points."""

    limit: pages.UpTo1000 = 10


class RefusedQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How many refused points."""

    limit: pages.UpTo500 = 50


class IntakeQuery(pages.PageQuery, frozen=True, kw_only=True):
    """Which vehicles."""

    limit: pages.UpTo1000 = 500


@bp.get("/telemetry/<int:vehicle_id>")
@operation(query=PointQuery, answers={200: Points})
def list_points(vehicle_id: int, query: PointQuery) -> dict[str, Any]:
    """The newest points of one vehicle by the device's clock, newest first."""
    points = queries.list_last_points(read(), viewer=actor(), vehicle_id=vehicle_id, most=query.limit)
    return {"vehicle_id": vehicle_id, "points": points}


@bp.get("/telemetry/<int:vehicle_id>/refused")
@operation(query=RefusedQuery, answers={200: RefusedPoints})
def list_refused(vehicle_id: int, query: RefusedQuery) -> dict[str, Any]:
    """The newest refused points of one vehicle, each with its rule and what was sent."""
    refused = queries.list_refusals(read(), viewer=actor(), vehicle_id=vehicle_id, most=query.limit)
    return {"vehicle_id": vehicle_id, "refused": refused}


@bp.get("/telemetry/intake")
@operation(query=IntakeQuery, answers={200: IntakePage})
def list_intake(query: IntakeQuery) -> dict[str, Any]:
    """Of each vehicle, how many points ever came in: received = stored + duplicates + refused."""
    after_id, most = pages.after_id(query.cursor), query.limit
    counts = queries.list_intake(read(), viewer=actor(), after_id=after_id, most=most)
    return pages.page(counts, most=most, last_id=counts[-1]["vehicle_id"] if counts else None)
