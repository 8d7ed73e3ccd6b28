"""Play a recording into the running product as its devices would send it: through the device port, or the API.

It knows the product only by its ports: vehicles it does not find are registered by the API, points go in by Wialon
IPS or by HTTP, and what became of them is read back by the API. Columns of a recording: docs/how-to/replay.md.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from datetime import UTC, datetime
from pathlib import Path

from core.config import Config
from infra.errors import CannotStart
from infra.replay.batches import play_batches
from infra.replay.devices import play_devices
from infra.replay.product import Product
from infra.replay.recording import Window, read_records
from infra.replay.report import Report

__all__ = ["Report", "Window", "play"]


def play(config: Config, file: Path, *, via: str, window: Window, speed: float, anchor: datetime | None) -> Report:
    """Play the rows of `file` inside `window` at `speed`, the first of them shifted to `anchor`."""
    records = sorted(read_records(file, window), key=lambda record: record.ts)
    if not records:
        raise CannotStart(f"{file.name} has no rows in that window. Look at its source and ts columns.")
    first, last = records[0].ts, records[-1].ts
    start = anchor.replace(tzinfo=UTC) if anchor else _anchor_for(first, last, speed)
    shift = start - first
    product = Product(config)
    keys = {record.device_uid: _key(record.device_uid) for record in records}
    ids = product.ensure_vehicles(keys)
    before = product.intake()
    began_at, began = datetime.now(UTC), time.monotonic()
    if via == "ips":
        answers = asyncio.run(play_devices(config, records, keys, shift=shift, speed=speed))
    else:
        answers = play_batches(product, records, shift=shift, speed=speed)
    report = Report(
        sent=len(records), vehicles=len(keys), anchor=start, took_s=time.monotonic() - began, answers=answers
    )
    _account(report, product, ids, before, since=began_at)
    return report


def _anchor_for(first: datetime, last: datetime, speed: float) -> datetime:
    """Such that no point lies in the future when it is sent: the last one happens as it leaves."""
    length = last - first
    start = datetime.now(UTC) - length + length / speed
    return start.replace(microsecond=0)


def _key(device_uid: str) -> str:
    return hashlib.sha256(f"replay:{device_uid}".encode()).hexdigest()[:24]


def _account(
    report: Report,
    product: Product,
    ids: dict[str, int],
    before: dict[int, dict[str, int]],
    *,
    since: datetime,
) -> None:
    after = product.intake()
    for vehicle_id in ids.values():
        was, now = before.get(vehicle_id, {}), after.get(vehicle_id, {})
        report.stored += now.get("stored_count", 0) - was.get("stored_count", 0)
        report.duplicates += now.get("duplicate_count", 0) - was.get("duplicate_count", 0)
        refused = now.get("refused_count", 0) - was.get("refused_count", 0)
        report.refused += refused
        if refused:
            report.rules += product.refused_rules(vehicle_id, since)
