"""The orders of the past: which are asked for, and a page of them at a time."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from werkzeug.datastructures import MultiDict

from core.access import queries
from core.access.queries import JobPlace, JobRecord
from core.db import Reader
from core.errors import Invalid
from core.permissions import Actor
from portals.filters import zone
from portals.forms import record_id

PAGE = 50
_RECORDS = ("vehicle_id", "driver_id", "park_id")
_DAYS = ("from", "to")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which orders: of a vehicle, of a driver, of a park, between two days. `kept` is the same as in the address."""

    records: dict[str, int]
    since: datetime | None
    until: datetime | None
    kept: dict[str, Any]

    @property
    def as_query(self) -> dict[str, Any]:
        """The same, as the query wants it."""
        return {**self.records, "since": self.since, "until": self.until}

    @property
    def as_detail(self) -> dict[str, Any]:
        """The same, for the audit."""
        days = {"since": self.since, "until": self.until}
        return {**self.records, **{name: day.isoformat() for name, day in days.items() if day is not None}}


@dataclass(frozen=True, slots=True)
class Page:
    """Some orders, and the place after which there are more."""

    jobs: list[JobRecord]
    next: str | None


def read_asked(args: MultiDict[str, str]) -> Asked:
    """What an address asks for; a number of a record that can be none is as if it were not asked. Days are those of
    whoever asks, both included. Raises Invalid for what is no day.
    """
    records = {name: number for name in _RECORDS if (number := _number(args.get(name, ""))) is not None}
    first, last = (_day(args.get(name, ""), name) for name in _DAYS)
    if first is not None and last is not None and last < first:
        raise Invalid("The last day is before the first.", fields={"to": "On or after the first day."})
    kept: dict[str, Any] = {name: str(number) for name, number in records.items()}
    kept |= {name: args[name] for name in _DAYS if args.get(name)}
    return Asked(records, _begin(first), _begin(last and last + timedelta(days=1)), kept)


def read_page(reader: Reader, asked: Asked, *, viewer: Actor, before: str) -> Page:
    """The page of orders after the place `before`, which a page before told; the newest for any other text."""
    found = queries.list_jobs(reader, viewer=viewer, **asked.as_query, before=_place(before), most=PAGE + 1)
    shown = found[:PAGE]
    return Page(shown, _cursor(shown[-1]) if len(found) > PAGE else None)


def _cursor(job: JobRecord) -> str:
    return f"{job.ordered_at.astimezone(UTC).isoformat().removesuffix('+00:00')}_{job.id}"


def _place(text: str) -> JobPlace | None:
    moment, _, job_id = text.partition("_")
    try:
        return datetime.fromisoformat(moment).replace(tzinfo=UTC), uuid.UUID(job_id)
    except ValueError:
        return None


def _number(text: str) -> int | None:
    try:
        return record_id(text)
    except ValueError:
        return None


def _day(text: str, name: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        if not 1970 <= day.year <= 9000:
            raise ValueError(text)
    except ValueError:
        words = f"{text[:40]} is not a day. Choose one, or clear the field to see all days."
        raise Invalid(words, fields={name: "A day, as 2026-11-25."}) from None
    return day


def _begin(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), zone())
