"""Emergency start for everybody: a plate and a code, no account, no office.

Who tries learns nothing: a wrong plate and a wrong code are answered with the same words after the same time, and how
often one may try is counted by address and by plate, whether there is such a plate or not. A code has 60 random bits;
the count by plate only keeps load away, and is wide, so that nobody keeps a driver from starting by trying wrong codes.
"""

from __future__ import annotations

import time
import uuid

from flask import Blueprint, Response, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer

from core.access import queries, service
from core.access.rules.emergency import TRIES, TRIES_PER_S, plain_plate
from core.errors import Invalid, NotFound, Refusal
from core.identity.rules import Limit
from core.permissions import system
from portals import hx, limits
from portals.doors import at, erp, read

ADDRESS_LIMIT = Limit("emergency start", most=TRIES, per_s=TRIES_PER_S)
PLATE_LIMIT = Limit("emergency start of a plate", most=6 * TRIES, per_s=TRIES_PER_S)
# Whether anything was found does not show in the time that a refusal takes.
ANSWER_AFTER_S = 0.5
# The page that tells how it goes is of no use to anybody much later.
SHOWN_FOR_S = 3600
WATCHER = system("emergency page", "access:read")

bp = Blueprint("emergency", __name__, url_prefix="/emergency")


@bp.get("")
def show_form() -> Response:
    """Where a plate and a code are typed."""
    return _show_form(plate=request.args.get("plate", "")[:20])


@bp.post("")
def start() -> ResponseReturnValue:
    """Release the vehicle of this plate if the code is one of its driver's."""
    plate, code = (request.form.get(name, "").replace("\0", "")[:40] for name in ("plate", "code"))
    if wait_s := limits.find_wait(ADDRESS_LIMIT) or limits.find_wait(PLATE_LIMIT, source=plain_plate(plate)):
        page = _show_form(plate=plate, problem=limits.words(wait_s), status=429)
        page.headers["Retry-After"] = str(wait_s)
        return page
    try:
        release_id = start_with_code(plate=plate, code=code)
    except Refusal as refusal:
        return _show_form(plate=plate, problem=refusal.fields.get("code", refusal.detail), status=refusal.status)
    return redirect(url_for("emergency.show_progress", token=_signer().dumps(str(release_id))), 303)


@bp.get("/<token>")
def show_progress(token: str) -> Response:
    """How far the release is, for whoever holds the link."""
    try:
        release_id = uuid.UUID(_signer().loads(token, max_age=SHOWN_FOR_S))
    except (BadSignature, ValueError):
        raise NotFound("This page was shown for an hour. If the vehicle does not start, call the office.") from None
    started = queries.find_emergency_start(read(), viewer=WATCHER, release_id=release_id)
    if started is None:
        raise NotFound("There is no such start.")
    return hx.render("emergency/progress.html", "emergency/_progress.html", started=started, token=token)


def start_with_code(*, plate: str, code: str) -> uuid.UUID:
    """Start it in a transaction of its own; returns the release. Raises what the verb raises, never at once."""
    began = time.monotonic()
    try:
        with erp().database.transaction() as session:
            return service.start_in_emergency(session, at=at(), plate=plate, code=code, timing=erp().settings.access)
    except Invalid:
        time.sleep(max(0.0, ANSWER_AFTER_S - (time.monotonic() - began)))
        raise


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="emergency start")


def _show_form(*, plate: str, problem: str | None = None, status: int = 200) -> Response:
    return hx.render("emergency/form.html", status=status, plate=plate, problem=problem)
