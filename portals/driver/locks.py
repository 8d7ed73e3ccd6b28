"""The notice of a lock, emergency start with a code, and the locks of one's own that were."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.access import queries, rules, service
from core.access.schemas import OrderKind
from core.drivers import queries as drivers
from core.errors import Refusal
from portals import hx, limits
from portals.doors import actor, at, erp, read
from portals.driver import bp
from portals.driver.told import Told
from portals.emergency import ADDRESS_LIMIT, start_with_code

RESULTS = {
    "confirmed": "Locked",
    "failed": "Not confirmed",
    "expired": "Did not happen in time",
    "cancelled": "Called off",
}


def read_told() -> Told | None:
    """The lock that is told to whoever asks; None: there is nothing to tell."""
    own = drivers.find_own_driver(read(), viewer=actor(), at=at())
    lock = queries.find_own_lock(read(), viewer=actor()) if own is not None else None
    if own is None or lock is None:
        return None
    notice = queries.find_notice(read(), viewer=actor())
    return Told(
        lock=lock,
        driver_id=own.driver_id,
        notice=notice if notice is not None and notice.job_id == lock.id else None,
        debt=queries.find_own_debt(read(), viewer=actor()),
        means=queries.read_own_means(read(), viewer=actor(), job_id=lock.id),
    )


@bp.get("/notice")
def show_notice() -> ResponseReturnValue:
    """What happens to my vehicle, why, and what I can do. That it was opened counts as having told the driver."""
    told = read_told()
    # A browser that fetches pages ahead has not shown this one to anybody.
    if told is not None and told.notice is not None and "prefetch" not in request.headers.get("Sec-Purpose", ""):
        _note_read(told.notice)
        told = read_told()
    return _show(told)


@bp.post("/emergency-start")
def start() -> ResponseReturnValue:
    """Start my vehicle with one of my codes."""
    told = read_told()
    if told is None or not told.may_start:
        return redirect(url_for("driver.show_notice"), 303)
    if wait_s := limits.find_wait(ADDRESS_LIMIT):
        return _show(told, problem=limits.words(wait_s), status=429)
    plate = _own_plate()
    try:
        start_with_code(plate=plate, code=request.form.get("code", ""))
    except Refusal as refusal:
        return _show(told, problem=refusal.fields.get("code", refusal.detail), status=refusal.status)
    return redirect(url_for("driver.today"), 303)


@bp.get("/locks")
def list_locks() -> Response:
    """The locks that were ordered about me."""
    return hx.render(
        "driver/locks.html",
        locks=queries.list_own_locks(read(), viewer=actor()),
        results=RESULTS,
        reasons=rules.TO_DRIVERS,
    )


def _note_read(notice: queries.NoticeRecord) -> None:
    if any(warning.channel == "app" and warning.told_at is None for warning in notice.warnings):
        with erp().database.transaction() as session:
            service.note_read(session, actor=actor(), at=at())


def _own_plate() -> str:
    own = drivers.find_own_driver(read(), viewer=actor(), at=at())
    return (own.plate if own else None) or ""


def _show(told: Told | None, *, problem: str | None = None, status: int = 200) -> Response:
    return hx.render(
        "driver/notice.html",
        "driver/_notice.html",
        status=status,
        told=told,
        problem=problem,
        is_lock=told is not None and told.lock.kind is OrderKind.IMMOBILIZE,
    )
