"""The board: the whole fleet at once, as it is now."""

from __future__ import annotations

from flask import Response, render_template, request

from portals.doors import actor, erp
from portals.live import hub_of
from portals.operator import bp


@bp.get("/")
def board() -> str:
    """The list and the map, in step."""
    return render_template("operator/board.html", may_hold=actor().may("access:brake"))


@bp.get("/live.json")
def live_json() -> Response:
    """What the websocket says, for a browser without one: the changes since `epoch` and `offset`."""
    place = {name: request.args.get(name, "") for name in ("epoch", "offset")}
    message = hub_of(erp()).catch_up(actor().reach("telemetry:read").parks, **place)
    return Response(b"[%b]" % message.text, mimetype="application/json", headers={"Cache-Control": "no-store"})
