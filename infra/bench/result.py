"""Where the figures of a measurement go: one JSON line each, with what they were measured on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from core import config

_PERCENTS = (50, 95, 99)


def record(name: str, figures: dict[str, Any]) -> None:
    """Print the figures, and add them to $ERP_HOME/bench/<name>.jsonl ($ERP_HOME is ./var unless said otherwise)."""
    line = orjson.dumps(
        {
            "measured": name,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            **figures,
            "cores": os.cpu_count(),
            "load_average": round(os.getloadavg()[0], 1),
            "cpu": _processor(),
        }
    ).decode()
    print(line, flush=True)
    folder = config.current().home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.jsonl").open("a") as file:
        file.write(f"{line}\n")


def spread(times: Iterable[float], *, digits: int = 0) -> dict[str, float]:
    """How times lie: percentiles by nearest rank, and the longest. Empty when there are none."""
    ordered = sorted(times)
    if not ordered:
        return {}
    ranks = {f"p{percent}": ordered[(len(ordered) * percent - 1) // 100] for percent in _PERCENTS}
    return {name: round(value, digits or None) for name, value in {**ranks, "max": ordered[-1]}.items()}


def _processor() -> str:
    """What the machine is, as far as it says."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "unknown"
