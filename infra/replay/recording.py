"""A recording: rows of whose, when, where, in the shared CSV form."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from infra.errors import CannotStart


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of a recording to play."""

    source: str | None
    start: datetime | None
    end: datetime | None

    def holds(self, row: dict[str, str], ts: datetime) -> bool:
        """Whether the row is to be played."""
        return (
            (self.source is None or row.get("source") == self.source)
            and (self.start is None or ts >= self.start.replace(tzinfo=UTC))
            and (self.end is None or ts < self.end.replace(tzinfo=UTC))
        )


class Record(NamedTuple):
    """One row of a recording: whose, when it happened then, and its columns."""

    device_uid: str
    ts: datetime
    row: dict[str, str]


def read_records(file: Path, window: Window) -> Iterator[Record]:
    """The rows of a recording inside `window`. Raises CannotStart naming the first bad line."""
    with gzip.open(file, "rt", newline="") if file.suffix == ".gz" else file.open(newline="") as text:
        for number, row in enumerate(csv.DictReader(text), start=2):
            try:
                ts = datetime.fromisoformat(row["ts"]).astimezone(UTC)
                record = Record(row["vehicle_id"], ts, row)
            except (KeyError, ValueError, TypeError) as problem:
                raise CannotStart(f"{file.name}, line {number}: no good ts or vehicle_id ({problem}).") from problem
            if window.holds(row, ts):
                yield record


def number(text: str | None) -> float | None:
    """A column as a number, None when it is empty."""
    return float(text) if text else None
