"""My documents: what is missing, what was not accepted and why, what runs out, and handing them in."""

from __future__ import annotations

from flask import Response
from flask.typing import ResponseReturnValue

from core.drivers import queries
from core.errors import NotFound
from portals import hx
from portals.doors import actor, at, read
from portals.driver import bp
from portals.papers import counter as papers
from portals.papers.counter import Counter


@bp.get("/documents")
def list_documents() -> Response:
    """How it is with each of my documents."""
    own = queries.find_own_driver(read(), viewer=actor(), at=at())
    if own is None:
        return hx.render("driver/documents.html", own=None)
    return papers.show_list(_counter(own.driver_id), "driver/documents.html", own=own)


@bp.get("/documents/<kind>")
def show_kind(kind: str) -> Response:
    """Where I photograph one and hand it in."""
    return papers.show_kind(_own_counter(), kind)


@bp.post("/documents/<kind>/pages")
def add_page(kind: str) -> ResponseReturnValue:
    """Add a picture or a PDF."""
    return papers.add_page(_own_counter(), kind)


@bp.post("/documents/<int:document_id>/pages/<int:page_id>/remove")
def remove_page(document_id: int, page_id: int) -> ResponseReturnValue:
    """Take a page out again."""
    return papers.remove_page(_own_counter(), document_id, page_id)


@bp.post("/documents/<int:document_id>/hand-in")
def hand_in(document_id: int) -> ResponseReturnValue:
    """Hand it in."""
    return papers.hand_in(_own_counter(), document_id)


@bp.get("/documents/<int:document_id>/pages/<int:page_id>")
def show_own_page(document_id: int, page_id: int) -> Response:
    """What is on a page of mine."""
    return papers.show_page(_own_counter(), document_id, page_id)


def _own_counter() -> Counter:
    own = queries.find_own_driver(read(), viewer=actor(), at=at())
    if own is None:
        raise NotFound("Your account is not linked to a driver yet. Call your park.")
    return _counter(own.driver_id)


def _counter(driver_id: int) -> Counter:
    return Counter(
        portal="driver",
        layout="_layout/driver.html",
        driver_id=driver_id,
        actor=actor(),
        time_zone=queries.get_own_zone(read(), viewer=actor(), driver_id=driver_id),
    )
