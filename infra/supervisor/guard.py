"""The guard: outlives a supervisor that was killed, and clears up after it.

Run as a script of its own, with nothing but the standard library, by infra/supervisor/guard_line.py. It reads
lines from a pipe whose other end only the supervisor holds:

    watch PID SIGNAL GRACE_S LAST_SIGNAL
    forget PID

The end of the pipe means that the supervisor is gone, in whatever way. Then each process still watched gets
SIGNAL, and after GRACE_S its whole group gets LAST_SIGNAL.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable

LAST_WORDS_S = 1.0


def main() -> None:
    for quiet in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(quiet, signal.SIG_IGN)  # whoever stops the supervisor thus lets it stop in order
    watched: dict[int, tuple[int, float, int]] = {}
    for line in sys.stdin:
        verb, pid, *how = line.split()
        if verb == "watch":
            watched[int(pid)] = (int(how[0]), float(how[1]), int(how[2]))
        else:
            watched.pop(int(pid), None)
    clear_up(watched)


def clear_up(watched: dict[int, tuple[int, float, int]]) -> None:
    began = time.monotonic()
    for pid, (first, _, _) in watched.items():
        send(os.kill, pid, first)
    left = dict(watched)
    while left:
        for pid, (_, grace_s, last) in list(left.items()):
            late_s = time.monotonic() - began - grace_s
            if late_s > 0:
                send(os.killpg, pid, last)
            # Signal 0 asks whether anybody is left. The dead whom nobody waits for count: ask for a while.
            if late_s > LAST_WORDS_S or not send(os.killpg, pid, 0):
                del left[pid]
        time.sleep(0.05)


def send(how: Callable[[int, int], None], pid: int, number: int) -> bool:
    try:
        how(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
