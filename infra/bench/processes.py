"""Processor time of the product's processes, by what they do (Linux: /proc)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_KINDS = {"gunicorn": "web", "postgres": "database", "gateway": "gateway", "simulator": "simulator"}


def processor_ms(roots: Iterable[int]) -> Counter[str]:
    """Milliseconds used so far by these processes and all that they started."""
    parents, used = _processes()
    wanted = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in wanted} - wanted:
        wanted |= more
    took: Counter[str] = Counter()
    for pid in wanted & used.keys():
        took[_kind(pid)] += used[pid]
    return took


def _processes() -> tuple[dict[int, int], dict[int, int]]:
    parents: dict[int, int] = {}
    used: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(stat.parent.name)
        parents[pid] = int(fields[1])
        used[pid] = (int(fields[11]) + int(fields[12])) * 1000 // _TICKS
    return parents, used


def _kind(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return "other"
    return next((kind for word, kind in _KINDS.items() if word in words), "other")
