"""The investor portal: one's own assets, whether they exist and whether they work."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from portals import policy
from portals.doors import actor

NAV = [("investor.assets", "My assets", "car")]

bp = Blueprint("investor", __name__, url_prefix="/investor")


@bp.context_processor
def offer_navigation() -> dict[str, Any]:
    """The entries across the top."""
    return {"nav": policy.offered(NAV, actor())}


from portals.investor import assets  # noqa: E402, F401 - it hangs its view on bp
