"""Emergency codes that the office makes for a driver, shown once, to be printed and handed over."""

from __future__ import annotations

from flask import Response

from core.access import service
from core.drivers import queries
from portals import hx
from portals.doors import actor, at, read, write
from portals.operator import bp
from portals.operator.drivers import find_driver


@bp.post("/drivers/<int:driver_id>/codes")
def make_codes(driver_id: int) -> Response:
    """Make new codes for the driver; those before are good no longer."""
    driver = find_driver(queries.list_drivers(read(), viewer=actor(), at=at()), driver_id)
    codes = service.make_codes(write(), actor=actor(), at=at(), driver_id=driver_id)
    page = hx.render("operator/drivers/codes.html", driver=driver, codes=codes)
    page.headers["Cache-Control"] = "no-store"
    return page
