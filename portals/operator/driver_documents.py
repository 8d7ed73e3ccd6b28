"""Documents that a driver brings to the office: photographed and handed in there."""

from __future__ import annotations

from flask import Response
from flask.typing import ResponseReturnValue

from core.drivers import queries
from core.errors import NotFound
from portals.doors import actor, at, read
from portals.operator import bp
from portals.papers import counter as papers
from portals.papers.counter import Counter


@bp.get("/drivers/<int:driver_id>/hand-in")
def list_documents(driver_id: int) -> Response:
    """How it is with each document of a driver."""
    return papers.show_list(_counter(driver_id), "operator/driver/hand_in.html", driver_id=driver_id)


@bp.get("/drivers/<int:driver_id>/hand-in/<kind>")
def show_kind(driver_id: int, kind: str) -> Response:
    """Where one is photographed and handed in."""
    return papers.show_kind(_counter(driver_id), kind)


@bp.post("/drivers/<int:driver_id>/hand-in/<kind>/pages")
def add_page(driver_id: int, kind: str) -> ResponseReturnValue:
    """Add a picture or a PDF."""
    return papers.add_page(_counter(driver_id), kind)


@bp.post("/drivers/<int:driver_id>/hand-in/<int:document_id>/pages/<int:page_id>/remove")
def remove_page(driver_id: int, document_id: int, page_id: int) -> ResponseReturnValue:
    """Take a page out again."""
    return papers.remove_page(_counter(driver_id), document_id, page_id)


@bp.post("/drivers/<int:driver_id>/hand-in/<int:document_id>")
def hand_in(driver_id: int, document_id: int) -> ResponseReturnValue:
    """Hand it in."""
    return papers.hand_in(_counter(driver_id), document_id)


@bp.get("/drivers/<int:driver_id>/hand-in/<int:document_id>/pages/<int:page_id>")
def show_own_page(driver_id: int, document_id: int, page_id: int) -> Response:
    """What is on a page that is being handed in."""
    return papers.show_page(_counter(driver_id), document_id, page_id)


def _counter(driver_id: int) -> Counter:
    driver = queries.get_driver(read(), viewer=actor(), driver_id=driver_id, at=at())
    if not actor().may("drivers:hand_in", park_id=driver.park_id):
        raise NotFound(f"There is no driver {driver_id}.")
    return Counter(
        portal="operator",
        layout="operator/driver/_layout.html",
        driver_id=driver_id,
        actor=actor(),
        time_zone=driver.time_zone,
        args={"driver_id": driver_id},
        is_open=driver.stage.value in {"applied", "verifying", "active"},
    )
