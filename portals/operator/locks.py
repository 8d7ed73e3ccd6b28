"""All locks on one page: what holds all of them, how near the limits are, what was ordered; and its export."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlencode

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core import audit
from core.access import queries, service
from core.access.queries import JobRecord
from core.access.schemas import REASONS, Why
from core.errors import Invalid
from portals import hx
from portals.doors import actor, at, erp, read, write
from portals.forms import parse_form, record_id
from portals.operator import bp
from portals.security.cells import as_cell

PAGE = 50
MOST_IN_FILE = 50_000
_STEP = 1_000
COLUMNS = [
    "order",
    "vehicle_id",
    "vehicle",
    "driver_id",
    "driver",
    "kind",
    "reason",
    "note",
    "method",
    "ordered_at",
    "ordered_by",
    "approved_at",
    "approved_by",
    "break_glass",
    "jurisdiction",
    "armed_at",
    "started_at",
    "finished_at",
    "state",
    "verdict",
    "reviewed_at",
    "reviewed_by",
    "finding",
]


@bp.get("/locks")
def list_locks() -> Response:
    """The orders, newest first: all, of one vehicle, or of one driver."""
    return _show()


@bp.post("/locks/hold")
def hold_locks() -> ResponseReturnValue:
    """Stop all locks until an administrator lifts that. Asks for no proof: to stop is always safe."""
    try:
        service.hold(write(), actor=actor(), at=at(), why=parse_form(Why).why)
    except Invalid as refusal:
        return _show(refusal)
    return redirect(url_for(".list_locks"), 303)


@bp.post("/locks/export")
def export_locks() -> Response:
    """The same as the list, all of it up to 50,000 orders, as a file for a spreadsheet. Who took it is audited."""
    chosen = _chosen()
    audit.record(write(), actor=actor(), at=at(), action="access.exported", subject=("audit", "locks"), **chosen)
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    for job in _all(chosen):
        lines.writerow(_line(job))
    headers = {"Content-Disposition": "attachment; filename=locks.csv"}
    return Response(text.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _show(refusal: Invalid | None = None) -> Response:
    chosen, before = _chosen(), _moment(request.args.get("before", ""))
    found = queries.list_jobs(read(), viewer=actor(), **chosen, before=before, most=PAGE + 1)
    older = found[PAGE - 1].ordered_at.isoformat() if len(found) > PAGE else None
    return hx.render(
        "operator/locks/list.html",
        "operator/locks/_locks.html",
        status=refusal.status if refusal else 200,
        brakes=queries.list_brakes(read(), viewer=actor()),
        counts=queries.count_locks(read(), viewer=actor(), at=at(), limits=erp().settings.access_limits),
        jobs=found[:PAGE],
        older=f"{url_for('.list_locks')}?{urlencode({'before': older, **chosen})}" if older else None,
        chosen=chosen,
        reasons=REASONS,
        errors=refusal.fields if refusal else {},
    )


def _all(chosen: dict[str, int]) -> Iterator[JobRecord]:
    before, written = None, 0
    while written < MOST_IN_FILE:
        jobs = queries.list_jobs(read(), viewer=actor(), **chosen, before=before, most=_STEP)
        yield from jobs
        written += len(jobs)
        if len(jobs) < _STEP:
            return
        before = jobs[-1].ordered_at


def _line(job: JobRecord) -> list[object]:
    return [
        job.id,
        job.vehicle_id,
        as_cell(job.vehicle),
        job.driver_id,
        as_cell(job.driver or ""),
        job.kind,
        job.reason,
        as_cell(job.note),
        job.method,
        _stamp(job.ordered_at),
        as_cell(job.ordered_by),
        _stamp(job.approved_at),
        as_cell(job.approved_by or ""),
        "yes" if job.is_break_glass else "no",
        job.jurisdiction and f"{job.jurisdiction} {job.jurisdiction_version}",
        _stamp(job.armed_at),
        _stamp(job.started_at),
        _stamp(job.finished_at),
        job.state,
        as_cell(job.verdict or ""),
        _stamp(job.reviewed_at),
        as_cell(job.reviewed_by or ""),
        job.finding,
    ]


def _stamp(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _chosen() -> dict[str, int]:
    """Of which vehicle or driver; what is no number is as if it were not asked."""
    chosen = {}
    for name in ("vehicle_id", "driver_id"):
        try:
            chosen[name] = record_id(request.args.get(name, ""))
        except ValueError:
            continue
    return chosen


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
