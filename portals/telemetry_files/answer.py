"""A file on its way to whoever asked for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from flask import Response

from core.telemetry import queries
from portals.doors import actor, erp, read, stop_reading
from portals.ranges import Range
from portals.telemetry_files.pieces import Source

TYPES = {"csv": "text/csv; charset=utf-8", "gpx": "application/gpx+xml"}


def send(vehicle_id: int, asked: Range, write: Callable[[Source], Iterator[str]], *, what: str, kind: str) -> Response:
    """The file that `write` makes of a vehicle and a range; its name says both. NotFound before anything is sent.

    `what` is the word for its contents in the name, `kind` one of TYPES.
    """
    subject = queries.get_subject(read(), viewer=actor(), vehicle_id=vehicle_id)
    source = Source(erp().database, actor(), subject, asked)
    stop_reading()
    name = f"{_plain(subject)}_{what}_{_short(asked.since)}_{_short(asked.until)}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(write(source), content_type=TYPES[kind], headers=headers)


def _plain(subject: queries.Subject) -> str:
    """The name of the vehicle in what every file system takes."""
    plain = re.sub(r"[^a-z0-9]+", "-", subject.name.lower()).strip("-")
    return plain or f"vehicle-{subject.vehicle_id}"


def _short(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
