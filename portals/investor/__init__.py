"""The investor portal: one's own assets, whether they exist and whether they work."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from core.permissions import INVESTOR
from portals import auth

bp = Blueprint("investor", __name__, url_prefix="/investor")


@bp.before_request
def admit() -> None:
    """Let in investors only."""
    auth.gate(INVESTOR)


@bp.context_processor
def offer_navigation() -> dict[str, Any]:
    """The entries across the top."""
    return {"nav": [("investor.assets", "My assets", "car")]}


from portals.investor import assets  # noqa: E402, F401 - it hangs its view on bp
