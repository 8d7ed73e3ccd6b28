"""What is known of how telemetry is kept, and what of it is wrong."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# Upkeep comes round every ten minutes; what is late by this much was tried several times.
LATE_AFTER = timedelta(hours=2)
AHEAD_AT_LEAST = timedelta(days=1)


class Kind(enum.StrEnum):
    """How points are kept."""

    PARTITIONS = "partitions"
    HYPERTABLE = "hypertable"


@dataclass(frozen=True, slots=True)
class TableStorage:
    """One table cut by time. Moments are bounds of its pieces, those of rows: of pieces that hold any.

    `covered_until` is None where pieces are made as rows come. `row_count` is PostgreSQL's own estimate, None until it
    has counted.
    """

    table: str
    kept_days: int
    width_days: int
    part_count: int
    oldest_start: datetime | None
    covered_until: datetime | None
    makes_its_own: bool
    rows_from: datetime | None
    rows_to: datetime | None
    row_count: int | None
    heap_bytes: int
    index_bytes: int
    kept_from: datetime

    @property
    def bytes_per_million(self) -> float | None:
        """Bytes on disk, indexes included, for a million rows; None for too few rows to tell."""
        if self.row_count is None or self.row_count < 10_000:
            return None
        return (self.heap_bytes + self.index_bytes) / self.row_count * 1_000_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong, what it means, and what to do. `is_urgent`: points are, or will soon be, turned away."""

    text: str
    is_urgent: bool


def find_troubles(tables: Sequence[TableStorage], *, at: datetime) -> list[Trouble]:
    """What is wrong with the tables, urgent first."""
    found = [
        trouble for table in tables for trouble in (_find_gap(table, at), _find_lag(table, at)) if trouble is not None
    ]
    return sorted(found, key=lambda trouble: not trouble.is_urgent)


def _find_gap(table: TableStorage, at: datetime) -> Trouble | None:
    if table.makes_its_own or (table.covered_until is not None and table.covered_until >= at + AHEAD_AT_LEAST):
        return None
    until = "at all" if table.covered_until is None else f"after {table.covered_until:%Y-%m-%d %H:%M} UTC"
    return Trouble(
        f"{table.table} has no partition {until}: rows of later days cannot be stored. "
        "Start the scheduler, or run `erp migrate`.",
        is_urgent=True,
    )


def _find_lag(table: TableStorage, at: datetime) -> Trouble | None:
    if table.oldest_start is None:
        return None
    late_by = table.kept_from - (table.oldest_start + timedelta(days=table.width_days)) + _since_midnight(at)
    if late_by < LATE_AFTER:
        return None
    return Trouble(
        f"{table.table} still holds rows of {table.oldest_start:%Y-%m-%d}, though {table.kept_days} days are kept. "
        "A long read keeps its partition from being dropped, or the scheduler does not run.",
        is_urgent=False,
    )


def _since_midnight(at: datetime) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)
