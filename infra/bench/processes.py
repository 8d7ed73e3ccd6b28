"""Processor time of programs, with all that they started (Linux: /proc)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_s(roots: Mapping[str, int]) -> dict[str, float]:
    """Seconds used so far by each of these processes and everything below it, also by what has ended since."""
    parents, used = _processes()
    took: dict[str, float] = {}
    for name, root in roots.items():
        family = {root}
        while more := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= more
        took[name] = sum(used.get(pid, 0) for pid in family) / _TICKS
    return took


def processor_between(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What each used from one look to the next, in seconds."""
    return {name: round(after[name] - before[name], 1) for name in after}


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
        # Its own time in user and system mode, and that of its children which it has waited for.
        used[pid] = sum(map(int, fields[11:15]))
    return parents, used
