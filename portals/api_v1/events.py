"""What was detected."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, jsonify, request

from core.errors import Invalid
from core.events import queries
from core.events.rules.catalog import KINDS
from portals.api_v1 import bp, pages
from portals.doors import actor, read
from portals.event_rows import EventRow, as_cursor, as_place, in_words


@bp.get("/events")
def list_events() -> Response:
    """What was detected, newest first: of a `vehicle_id`, a `kind`, begun from `from` until `to`.

    `open=true` gives only what has not ended; `withdrawn=true` also what was taken back after a late report.
    """
    most = pages.limit(default=50, most=500)
    records = queries.list_detections(
        read(),
        viewer=actor(),
        vehicle_id=_vehicle_id(),
        kind=_kind(),
        since=_moment("from"),
        until=_moment("to"),
        open_only=request.args.get("open") == "true",
        withdrawn=request.args.get("withdrawn") == "true",
        after=as_place(request.args.get("cursor", "")),
        most=most,
    )
    rows = in_words(read(), actor(), records)
    cursor = as_cursor(records[-1].place) if len(records) == most else None
    pages.goes_on_at(cursor)
    return jsonify({"items": [_show(row) for row in rows], "next_cursor": cursor})


def _show(row: EventRow) -> dict[str, Any]:
    record = row.record
    return {
        "id": str(record.id),
        "vehicle_id": record.vehicle_id,
        "kind": record.kind,
        "subject": record.subject,
        "title": row.title,
        "sentence": row.sentence,
        "severity": row.severity,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "lat": record.lat,
        "lon": record.lon,
        "value": record.value,
        "unit": row.unit,
        "detail": record.detail,
        "detected_at": record.detected_at,
        "changed_at": record.changed_at,
        "withdrawn_at": record.withdrawn_at,
    }


def _vehicle_id() -> int | None:
    text = request.args.get("vehicle_id", "")
    if not text:
        return None
    if not text.isdecimal() or int(text) >= 2**63:
        raise Invalid("vehicle_id: not the number of a vehicle.", fields={"vehicle_id": "A whole number."})
    return int(text)


def _kind() -> str | None:
    kind = request.args.get("kind", "")
    if kind and kind not in KINDS:
        known = ", ".join(KINDS)
        raise Invalid(f"kind: there is no {kind!r}. The kinds are {known}.", fields={"kind": f"One of {known}."})
    return kind or None


def _moment(name: str) -> datetime | None:
    text = request.args.get(name, "")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # a + that was not escaped arrives as a space
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        wanted = "A moment with its offset: 2026-11-23T14:05:00Z."
        raise Invalid(f"{name}: {text!r} is not a moment with its offset.", fields={name: wanted})
    return moment
