"""My assets: is it there, does it work. Where a vehicle is stays with the park and the driver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import Response

from core.investors import queries
from core.telemetry import queries as telemetry
from portals import hx
from portals.doors import actor, at, read
from portals.investor import bp

SILENT_AFTER = timedelta(minutes=10)
# Receivers drift: below this a parked car is parked, on the operators' board too.
MOVING_KMH = 3
IN_SERVICE = {"available", "rented"}
PPM_OF_ONE = 1_000_000


@dataclass(frozen=True, slots=True)
class Asset:
    """One vehicle as its investor sees it. `share` is of the whole vehicle, in percent."""

    name: str
    model: str
    park: str
    status: str
    share: str
    since: date
    does: str
    seen_at: datetime | None
    odometer_m: int | None
    is_working: bool


@bp.get("/")
def assets() -> Response:
    """The viewer's vehicles and how they do."""
    holdings = queries.list_own_assets(read(), viewer=actor())
    states = telemetry.list_own_states(read(), viewer=actor())
    own = [_asset(holding, states.get(holding["vehicle_id"])) for holding in holdings]
    return hx.render(
        "investor/assets.html",
        "investor/assets/_assets.html",
        assets=own,
        working=sum(asset.is_working for asset in own),
        whole_vehicles=sum(holding["share_ppm"] for holding in holdings) / PPM_OF_ONE,
        now=at(),
    )


def _asset(holding: dict[str, Any], state: dict[str, Any] | None) -> Asset:
    does = _describe(state)
    return Asset(
        name=holding["name"],
        model=" ".join(str(holding[part]) for part in ("make", "model", "year") if holding[part]),
        park=holding["park"],
        status=holding["status"],
        share=f"{holding['share_ppm'] * 100 / PPM_OF_ONE:.4f}".rstrip("0").rstrip("."),
        since=holding["since"],
        does=does,
        seen_at=state["ts"] if state else None,
        odometer_m=state["odometer_m"] if state else None,
        is_working=holding["status"] in IN_SERVICE and does in {"Moving", "Standing", "Reporting"},
    )


def _describe(state: dict[str, Any] | None) -> str:
    if state is None:
        return "No report yet"
    if at() - state["ts"] > SILENT_AFTER:
        return "Silent"
    if state["speed_kmh"] is None:
        return "Reporting"
    return "Moving" if state["speed_kmh"] >= MOVING_KMH else "Standing"
