"""One run per home. The lock goes with the last process that holds it, however that process ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from infra.errors import CannotStart

WAIT_FOR_THE_DEAD_S = 40.0


class HomeLock:
    """`$ERP_HOME/run.lock`. The guard inherits it, so a home is free only when the last run is cleaned up."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.fd = -1

    def __enter__(self) -> HomeLock:
        self.fd = os.open(self.home / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + WAIT_FOR_THE_DEAD_S
        while not self._take():
            owner = self._owner()
            if _is_alive(owner) or time.monotonic() > deadline:
                os.close(self.fd)
                raise CannotStart(
                    f"It is already running in {self.home} (process {owner}). Stop that one first, "
                    "or choose another ERP_HOME and ERP_PORT."
                )
            time.sleep(0.1)
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, f"{os.getpid()}\n".encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.fd)

    def _take(self) -> bool:
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _owner(self) -> int | None:
        text = os.pread(self.fd, 20, 0).decode().strip()
        return int(text) if text.isdecimal() else None


def _is_alive(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Killed, but not yet waited for by its parent. Source: proc_pid_stat(5), field 3."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False
