"""A recording by HTTP, in batches."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from typing import Any

from infra.replay.product import Product
from infra.replay.recording import Record, number

API_BATCH = 1000
API_EVERY_S = 0.5


def play_batches(product: Product, records: list[Record], *, shift: timedelta, speed: float) -> Counter[str]:
    """Send the records at their times, each batch as soon as it is due; counts what was answered."""
    answers: Counter[str] = Counter()
    began, first = time.monotonic(), records[0].ts
    place = 0
    while place < len(records):
        heard = first + timedelta(seconds=(time.monotonic() - began) * speed)
        batch: list[dict[str, Any]] = []
        while place < len(records) and len(batch) < API_BATCH and records[place].ts <= heard:
            batch.append(_point(records[place], shift))
            place += 1
        if batch:
            answer = product.post("/api/v1/telemetry", {"points": batch})
            answers["stored"] += answer["stored"]
            answers["duplicate"] += answer["duplicates"]
            answers["refused"] += len(answer["refused"])
        if len(batch) < API_BATCH:
            time.sleep(API_EVERY_S)
    return answers


def _point(record: Record, shift: timedelta) -> dict[str, Any]:
    row = record.row
    numbers = {name: number(row.get(column)) for name, column in _COLUMNS.items()}
    point: dict[str, Any] = {name: value for name, value in numbers.items() if value is not None}
    if "satellites" in point:
        point["satellites"] = int(point["satellites"])
    if row.get("occupied"):
        point["extra"] = {"occupied": int(row["occupied"])}
    return {"device_uid": record.device_uid, "ts": (record.ts + shift).isoformat(), **point}


_COLUMNS = {
    "lat": "lat",
    "lon": "lon",
    "altitude_m": "alt_m",
    "speed_kmh": "speed_kmh",
    "course_deg": "heading_deg",
    "satellites": "sats",
    "hdop": "hdop",
    "rpm": "rpm",
    "fuel_rate_lph": "fuel_rate_lph",
}
