"""What a file is read from, a piece at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.db import Database
from core.permissions import Actor
from core.telemetry import queries
from portals.ranges import Range

POINTS_AT_ONCE = 5_000
ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Source:
    """Whose telemetry of which range is written, for whom, and where it is read."""

    database: Database
    viewer: Actor
    subject: queries.Subject
    range: Range

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the park."""
        return ZoneInfo(self.subject.time_zone)

    def points(self) -> Iterator[list[tuple[Any, ...]]]:
        """All points of the range, as rows of POINT_COLUMNS, in the order of time."""
        after = self.range.since - timedelta(microseconds=1)
        rows: list[tuple[Any, ...]] = []
        while not rows or len(rows) == POINTS_AT_ONCE:
            with self.database.reading() as reader:
                rows = queries.list_points_after(
                    reader,
                    viewer=self.viewer,
                    vehicle_id=self.subject.vehicle_id,
                    after=after,
                    until=self.range.until,
                    most=POINTS_AT_ONCE,
                )
            if not rows:
                return
            yield rows
            after = rows[-1][0]

    def rows(
        self, listed: Callable[..., list[dict[str, Any]]], *, moment: str, **more: Any
    ) -> Iterator[list[dict[str, Any]]]:
        """All that a query lists of the range; `moment` is what its rows are in the order of."""
        after: datetime | None = None
        rows: list[dict[str, Any]] = []
        while not rows or len(rows) == ROWS_AT_ONCE:
            with self.database.reading() as reader:
                rows = listed(
                    reader,
                    viewer=self.viewer,
                    vehicle_id=self.subject.vehicle_id,
                    since=self.range.since,
                    until=self.range.until,
                    after=after,
                    most=ROWS_AT_ONCE,
                    **more,
                )
            if not rows:
                return
            yield rows
            after = rows[-1][moment]
