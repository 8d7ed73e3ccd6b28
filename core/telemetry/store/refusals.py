"""What was not believed, kept whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from core.db import Writer, driver
from core.telemetry.schemas import Point, RefusedReading

RAW_LENGTH = 4_000
POINT_LENGTH = 16_000


def keep_refusals(session: Writer, refused: Sequence[RefusedReading], *, source: str, received_at: datetime) -> None:
    """Keep refused readings whole, with their reason."""
    if not refused:
        return
    with (
        driver(session.connection()).cursor() as cursor,
        cursor.copy(
            "COPY telemetry_refusals "
            "(received_at, source, vehicle_id, device_uid, ts, rule, detail, raw, point) FROM STDIN"
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
                    reading.raw.replace("\x00", "\\x00")[:RAW_LENGTH],
                    _as_json(reading.point),
                )
            )


def _as_json(point: Point | None) -> str | None:
    """The point as JSON, so that it can be judged again; not when it holds what jsonb cannot."""
    if point is None:
        return None
    text = msgspec.json.encode(point).decode()
    return None if "\\u0000" in text or len(text) > POINT_LENGTH else text
