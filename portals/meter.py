"""How much each of many has had of what all may have in a minute, counted alike by every process of this machine.

The generic cell rate algorithm (ITU-T I.371): of each one a single number is kept, the moment at which all of its quota
will be there again. The numbers lie in a file that all processes have in their memory, so a count is there for the
others at once, and nobody is asked. A lock on the file, which ends with the process that holds it, keeps two of them
from counting at the same time. The file has one size: when it is full, who has the most left is forgotten, which
costs the least.
"""

from __future__ import annotations

import hashlib
import math
import mmap
import time
from collections.abc import Callable
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_UN, lockf
from pathlib import Path
from typing import NamedTuple

WINDOW_S = 60.0
# A name has its place in one row of so many; beyond that, the one with the most left makes room.
_ROW = 8
_ENTRY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Quota:
    """So many units in a minute, by a name that clients read."""

    name: str
    per_minute: int

    @property
    def policy(self) -> str:
        """As RateLimit-Policy says it (draft-ietf-httpapi-ratelimit-headers-11)."""
        return f'"{self.name}";q={self.per_minute};w={WINDOW_S:.0f}'


class Left(NamedTuple):
    """What is left of a quota, in whole units; in how many seconds all of it is there again; when to ask again, if
    what was asked for was more than is left.
    """

    units: int
    full_in_s: int
    wait_s: int | None


class Meter:
    """The counts of up to `places` names, in the file at `path`, which every process of one product has open."""

    def __init__(self, path: Path, *, places: int = 32_768, now_s: Callable[[], float] = time.monotonic) -> None:
        """`now_s` must be the same clock in all of the processes, as the monotonic one of the machine is."""
        self._rows, self._now_s = places // _ROW, now_s
        size = self._rows * _ROW * _ENTRY_BYTES
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b")
        path.chmod(0o600)
        self._file.truncate(size)
        memory = memoryview(mmap.mmap(self._file.fileno(), size))
        self._names = memory[: size // 2].cast("Q")
        self._full_at_s = memory[size // 2 :].cast("d")

    def spend(self, name: str, cost: int, quota: Quota) -> Left:
        """Take `cost` units of the quota of `name`, or nothing when there is less left."""
        lockf(self._file, LOCK_EX)
        try:
            return self._spend(name, cost, quota)
        finally:
            lockf(self._file, LOCK_UN)

    def _spend(self, name: str, cost: int, quota: Quota) -> Left:
        now_s = self._now_s()
        each_s = WINDOW_S / quota.per_minute
        place = self._find(name, quota, now_s)
        full_at_s = max(self._full_at_s[place], now_s)
        after_s = full_at_s + min(cost, quota.per_minute) * each_s
        wait_s = None
        if after_s - now_s <= WINDOW_S:
            self._full_at_s[place] = full_at_s = after_s
        else:
            wait_s = math.ceil(after_s - now_s - WINDOW_S)
        units = int((WINDOW_S - (full_at_s - now_s)) / each_s + 1e-6)
        return Left(units, math.ceil(full_at_s - now_s), wait_s)

    def _find(self, name: str, quota: Quota, now_s: float) -> int:
        """The place of a name, made for it if it has none."""
        digest = hashlib.blake2b(f"{quota.name} {name}".encode(), digest_size=8).digest()
        wanted = int.from_bytes(digest, "little")
        names, full_at_s = self._names, self._full_at_s
        first = wanted % self._rows * _ROW
        fullest = first
        for place in range(first, first + _ROW):
            if names[place] == wanted:
                if full_at_s[place] > now_s + WINDOW_S + 1:  # of before this machine was started
                    full_at_s[place] = 0.0
                return place
            if full_at_s[place] < full_at_s[fullest]:
                fullest = place
        full_at_s[fullest] = 0.0
        names[fullest] = wanted
        return fullest
