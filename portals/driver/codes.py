"""Emergency codes of one's own: how many are good, and new ones, shown once."""

from __future__ import annotations

from flask import Response

from core.access import queries, service
from core.errors import NotFound
from portals import hx
from portals.doors import actor, at, read, write
from portals.driver import bp


@bp.get("/codes")
def show_codes() -> Response:
    """How many codes are good, until when a start holds, and where to use one."""
    return _show()


@bp.post("/codes")
def make_codes() -> Response:
    """Make new codes and show them this once; those before are good no longer."""
    try:
        codes = service.make_own_codes(write(), actor=actor(), at=at())
    except NotFound as refusal:
        return _show(problem=refusal.detail)
    page = _show(codes=codes)
    page.headers["Cache-Control"] = "no-store"
    return page


def _show(*, codes: list[str] | None = None, problem: str | None = None) -> Response:
    return hx.render(
        "driver/codes.html",
        status=404 if problem else 200,
        codes=codes,
        problem=problem,
        codes_left=queries.count_codes(read(), viewer=actor()),
        free_until=queries.find_own_free_until(read(), viewer=actor(), at=at()),
    )
