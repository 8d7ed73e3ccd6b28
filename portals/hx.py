"""Page and fragment share one URL, one view, one partial: what htmx asked for decides which is sent."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from flask import Response, make_response, render_template, request


def render(page: str, fragment: str | None = None, *, status: int = 200, **context: Any) -> Response:
    """The page, or only `fragment` when htmx asked for the element of that name.

    The fragment's file name without its underscore and ending is the id of its element:
    `operator/vehicles/_rows.html` is `#rows`.
    """
    wanted = fragment is not None and is_asked_for(fragment)
    response = make_response(render_template(fragment if wanted and fragment else page, **context), status)
    response.headers["Vary"] = "HX-Request, HX-Target"
    return response


def is_asked_for(fragment: str) -> bool:
    """Whether htmx asked for the element of this fragment. htmx 4 names its target as `tag#id`."""
    if request.headers.get("HX-Request") != "true":
        return False
    target = request.headers.get("HX-Target", "").rpartition("#")[2]
    return target == PurePosixPath(fragment).stem.removeprefix("_")
