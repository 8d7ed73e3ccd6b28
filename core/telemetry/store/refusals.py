"""What was not believed, kept whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.db import Writer, driver
from core.telemetry.schemas import RefusedReading


def keep_refusals(session: Writer, refused: Sequence[RefusedReading], *, source: str, received_at: datetime) -> None:
    """Keep refused readings whole, with their reason."""
    if not refused:
        return
    with (
        driver(session.connection()).cursor() as cursor,
        cursor.copy(
            "COPY telemetry_refusals (received_at, source, vehicle_id, device_uid, ts, rule, detail, raw) FROM STDIN"
        ) as copy,
    ):
        for reading in refused:
            copy.write_row(
                (
                    received_at,
                    source,
                    reading.vehicle_id,
                    reading.device_uid,
                    reading.ts,
                    reading.rule,
                    reading.detail,
                    reading.raw.replace("\x00", "\\x00")[:4000],
                )
            )
