"""The lockout log as a file: every order that was asked for, written a piece at a time while it is sent.

Between two pieces no connection is held. CSV is RFC 4180 with cells that no spreadsheet reckons with; NDJSON is one
JSON object a line (ndjson.org) and holds the decision and the evidence too.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any

import msgspec
from flask import Response

from core import audit
from core.access import queries
from core.access.queries import JobPlace, JobRecord
from core.db import Database
from core.permissions import Actor
from portals.doors import actor, at, erp, write
from portals.orders.history import Asked
from portals.security.cells import as_cell

_STEP = 1_000
COLUMNS = (
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
    "jurisdiction_version",
    "armed_at",
    "started_at",
    "finished_at",
    "state",
    "verdict",
    "review_due_at",
    "reviewed_at",
    "reviewed_by",
    "finding",
    "review_note",
)
_CALLED_OTHERWISE = {"order": "id", "break_glass": "is_break_glass"}


class Format(StrEnum):
    """What is written."""

    CSV = "csv"
    NDJSON = "ndjson"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The form by which a file is asked for."""

    format: Format = Format.CSV


def send_log(asked: Asked, wanted: Format) -> Response:
    """The file, to be saved. Who took it, and what was asked for, is written to the audit first."""
    detail = asked.as_detail | {"format": wanted.value}
    audit.record(write(), actor=actor(), at=at(), action="access.exported", subject=("audit", "locks"), **detail)
    pieces = partial(_read, erp().database, actor(), asked, at())
    headers = {"Content-Disposition": f"attachment; filename={_name(asked, wanted)}", "Cache-Control": "no-store"}
    content_type, written = _FORMATS[wanted]
    return Response(written(pieces()), content_type=content_type, headers=headers)


def _read(database: Database, viewer: Actor, asked: Asked, at: datetime) -> Iterator[list[JobRecord]]:
    """All of them, newest first; those ordered while it is written are left out."""
    place: JobPlace | None = None
    query = asked.as_query
    query["until"] = min(query["until"] or at, at)
    jobs: list[JobRecord] = []
    while not jobs or len(jobs) == _STEP:
        with database.reading() as reader:
            jobs = queries.list_jobs(reader, viewer=viewer, **query, before=place, most=_STEP)
        if not jobs:
            return
        yield jobs
        place = jobs[-1].place


def _write_csv(pieces: Iterator[list[JobRecord]]) -> Iterator[str]:
    yield _lines([COLUMNS])
    for jobs in pieces:
        yield _lines([_cell(value) for value in _values(job).values()] for job in jobs)


def _write_ndjson(pieces: Iterator[list[JobRecord]]) -> Iterator[str]:
    for jobs in pieces:
        yield "".join(
            msgspec.json.encode(_values(job) | {"decision": job.decision, "evidence": job.evidence}).decode() + "\n"
            for job in jobs
        )


def _lines(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _values(job: JobRecord) -> dict[str, Any]:
    return {name: _plain(getattr(job, _CALLED_OTHERWISE.get(name, name))) for name in COLUMNS}


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(timespec="milliseconds") if isinstance(value, datetime) else value


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return as_cell(value) if isinstance(value, str) else value


def _name(asked: Asked, wanted: Format) -> str:
    days = [asked.kept[name] for name in ("from", "to") if name in asked.kept]
    return "_".join(["locks", *days]) + f".{wanted}"


_FORMATS: dict[Format, tuple[str, Callable[[Iterator[list[JobRecord]]], Iterator[str]]]] = {
    Format.CSV: ("text/csv; charset=utf-8", _write_csv),
    Format.NDJSON: ("application/x-ndjson", _write_ndjson),
}
