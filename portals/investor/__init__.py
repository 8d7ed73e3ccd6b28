"""The investor portal: one's own assets, whether they exist and whether they work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, g

from core.investors import queries
from portals import policy
from portals.doors import actor, read

NAV = [("investor.assets", "My assets", "car")]

bp = Blueprint("investor", __name__, url_prefix="/investor")


@bp.before_request
def own() -> None:
    """The vehicles of which the investor holds shares are their own."""
    g.actor = replace(actor(), assets=queries.list_own_vehicle_ids(read(), viewer=actor()))


@bp.context_processor
def offer_navigation() -> dict[str, Any]:
    """The entries across the top."""
    return {"nav": policy.offered(NAV, actor())}


from portals.investor import assets  # noqa: E402, F401 - it hangs its view on bp
