"""Whether the product is well: every process says so itself, and how far it lags behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Reader, Writer, plain_rows
from core.permissions import Actor, needs

# A process that has not beaten for this long is not well. Each beats every two seconds.
SILENT_AFTER = timedelta(seconds=10)
LAG_LIMIT_MS = 5_000
PROCESSES = {
    "worker": "Consequences and orders to vehicles wait until it is back.",
    "scheduler": "Facts have no consequences until it is back.",
    "follower": "Trips, sums and detections stand still until it is back.",
    "gateway": "Devices cannot report until it is back; they keep what they measure.",
}


class Beat(Base):
    """The last sign of life of one process. The lag is measured: from when work was asked for to when it was done."""

    __tablename__ = "health_beats"

    process: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    lag_ms: Mapped[float] = mapped_column(sa.Double)
    words: Mapped[str] = mapped_column(sa.Text)


@dataclass(frozen=True, slots=True)
class Health:
    """How things stand. `reasons` says what is not well and what it means, worst first."""

    status: str
    lag_ms: int
    reasons: tuple[str, ...]
    beats: tuple[dict[str, Any], ...] = ()


@needs("health:beat")
def beat(session: Writer, *, actor: Actor, at: datetime, process: str, lag_ms: float, words: str = "") -> None:
    """Say that `process` is alive and how far behind it is, in milliseconds."""
    values = {"at": at, "lag_ms": lag_ms, "words": words}
    session.execute(
        insert(Beat).values(process=process, **values).on_conflict_do_update(index_elements=[Beat.process], set_=values)
    )


_BEATS = sa.select(Beat.__table__)
_OVERDUE = sa.text("""
    SELECT coalesce(extract(epoch FROM CAST(:at AS timestamptz) - min(created_at)) * 1000, 0)
    FROM outbox_deliveries WHERE done_at IS NULL AND dead_at IS NULL AND next_at < :at
""")


def check(reader: Reader, *, at: datetime) -> Health:
    """How the processes behind the web stand. Open to everybody: it names no record."""
    beats = {row["process"]: row for row in plain_rows(reader.execute(_BEATS))}
    reasons = []
    for process, meaning in PROCESSES.items():
        last = beats.get(process)
        if last is None:
            reasons.append(f"The {process} has not started. {meaning}")
        elif at - last["at"] > SILENT_AFTER:
            reasons.append(f"The {process} has been silent for {(at - last['at']).total_seconds():.0f} s. {meaning}")
        elif last["lag_ms"] > LAG_LIMIT_MS:
            reasons.append(f"The {process} is {last['lag_ms'] / 1000:.0f} s behind.")
    overdue_ms = float(reader.execute(_OVERDUE, {"at": at}).scalar_one())
    if overdue_ms > LAG_LIMIT_MS:
        reasons.append(f"A consequence has been waiting for {overdue_ms / 1000:.0f} s.")
    lag_ms = max([overdue_ms, *(last["lag_ms"] for last in beats.values())], default=0.0)
    return Health("degraded" if reasons else "ok", round(lag_ms), tuple(reasons), tuple(beats.values()))
