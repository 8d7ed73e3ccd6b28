"""Vehicles and drivers out of CSV files: choose, look at what each line is, and take the good ones in.

The file stays with the browser and comes along with each step: what the office sends is kept nowhere until it is told
to be.
"""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Invalid, Refusal
from core.imports import Outcome
from portals import hx
from portals.csv_files import MOST_BYTES, MOST_LINES, write_csv
from portals.doors import actor, at, erp, read
from portals.forms import record_id
from portals.imports import KINDS, Kind, Look, carry_out, look
from portals.operator import bp

PAGE, REPORT = "operator/imports/show.html", "operator/imports/_report.html"
SHOWN_AT_ONCE = 200
OUTCOMES = {
    Outcome.NEW: ("New", "ok"),
    Outcome.CHANGED: ("Changed", "warn"),
    Outcome.UNCHANGED: ("Unchanged", "plain"),
    Outcome.BAD: ("Bad", "act"),
}
BACK = {"vehicles": "operator.list_vehicles", "drivers": "operator.list_drivers"}
RECORD = {"vehicles": ("operator.show_vehicle", "vehicle_id"), "drivers": ("operator.show_driver", "driver_id")}


@bp.get("/vehicles/import")
def new_vehicle_import() -> Response:
    """Where a file of vehicles is chosen."""
    return _open(KINDS["vehicles"])


@bp.post("/vehicles/import")
def import_vehicles() -> ResponseReturnValue:
    """Look at the file, take its good lines in, or hand the bad ones back."""
    return _take(KINDS["vehicles"])


@bp.get("/drivers/import")
def new_driver_import() -> Response:
    """Where a file of drivers is chosen."""
    return _open(KINDS["drivers"])


@bp.post("/drivers/import")
def import_drivers() -> ResponseReturnValue:
    """Look at the file, take its good lines in, or hand the bad ones back."""
    return _take(KINDS["drivers"])


def _open(kind: Kind) -> Response:
    if request.args.get("sample"):
        headings = [column.heading for column in kind.columns]
        return _download(write_csv(headings, [kind.sample]), f"{kind.word}.csv")
    return _show(kind)


def _take(kind: Kind) -> ResponseReturnValue:
    step = request.form.get("step", "look")
    try:
        seen = look(read(), viewer=actor(), at=at(), kind=kind, content=_read_content())
        if step == "bad":
            return _download(seen.write_bad(), f"{kind.word}-to-mend.csv")
        if step != "import":
            return _show(kind, seen=seen)
        if request.form.get("seen") != seen.digest:
            words = "This is another file than the one you looked at. Here is what it would do; look through it first."
            return _show(kind, seen=seen, notice=words)
        return _show(kind, seen=carry_out(erp().database, seen, actor=actor(), at=at()), is_done=True)
    except (Invalid, Conflict) as refusal:
        return _show(kind, refusal=refusal)


def _read_content() -> bytes:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("Choose the file.", fields={"file": "Choose the file, again if you have done so before."})
    return file.stream.read(MOST_BYTES + 1)


def _show(
    kind: Kind,
    *,
    seen: Look | None = None,
    refusal: Refusal | None = None,
    is_done: bool = False,
    notice: str | None = None,
) -> Response:
    return hx.render(
        PAGE,
        REPORT,
        status=refusal.status if refusal else 200,
        kind=kind,
        back=BACK[kind.word],
        action=url_for(request.endpoint or ""),
        limits=(MOST_BYTES // 1024**2, MOST_LINES),
        refusal=refusal,
        problem=refusal and (refusal.fields.get("file") or refusal.detail),
        notice=notice,
        is_done=is_done,
        outcomes=OUTCOMES,
        outcome=Outcome,
        **(_part(kind, seen, is_done=is_done) if seen else {"seen": None}),
    )


def _part(kind: Kind, seen: Look, *, is_done: bool) -> dict[str, Any]:
    """The lines that are shown of those there are: those chosen, else the bad ones if there are any."""
    chosen = request.form.get("show", "")
    if chosen not in {*Outcome, "all"} or is_done:
        chosen = Outcome.BAD if is_done or seen.counts[Outcome.BAD] else "all"
    verdicts = seen.of(None if chosen == "all" else Outcome(chosen))
    start = min(request.form.get("start", 0, type=record_id), max(len(verdicts) - 1, 0))
    end = start + SHOWN_AT_ONCE
    return {
        "seen": seen,
        "chosen": chosen,
        "verdicts": verdicts[start:end],
        "count": len(verdicts),
        "start": start,
        "previous_start": max(start - SHOWN_AT_ONCE, 0) if start else None,
        "next_start": end if end < len(verdicts) else None,
        "records": _link(kind),
    }


def _link(kind: Kind) -> Any:
    endpoint, name = RECORD[kind.word]
    return lambda id_: url_for(endpoint, **{name: id_})


def _download(content: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f"attachment; filename={name}", "Cache-Control": "no-store"}
    return Response(content, content_type="text/csv; charset=utf-8", headers=headers)
