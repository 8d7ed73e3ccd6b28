"""Where the figures of a measurement go: one JSON line each, with what they were measured on."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from core import config


def record(name: str, figures: dict[str, Any]) -> None:
    """Print the figures, and add them to var/bench/<name>.jsonl."""
    line = orjson.dumps(
        {
            "measured": name,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            **figures,
            "cores": os.cpu_count(),
            "load_average": os.getloadavg()[0],
            "cpu": processor(),
        }
    ).decode()
    print(line)
    folder = config.current().home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.jsonl").open("a") as file:
        file.write(f"{line}\n")


def processor() -> str:
    """What the machine is, as far as it says."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "unknown"
