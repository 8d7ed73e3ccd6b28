"""The supervisor's end of the line to the guard."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from infra.supervisor.home_lock import HomeLock

SCRIPT = Path(__file__).with_name("guard.py")


class GuardLine:
    """A guard process that knows at every moment which processes must not outlive the supervisor."""

    def __init__(self, lock: HomeLock) -> None:
        self._lock = lock
        self._watched: dict[int, str] = {}
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> GuardLine:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()
        self._process.wait()

    def watch(self, pid: int, first: signal.Signals, grace_s: float, last: signal.Signals) -> None:
        """Should we die: `first` to the process, and after `grace_s` seconds `last` to its group."""
        self._watched[pid] = f"watch {pid} {int(first)} {grace_s} {int(last)}\n"
        self._tell(self._watched[pid])

    def forget(self, pid: int) -> None:
        """The process ended; its number may soon be somebody else's."""
        self._watched.pop(pid, None)
        self._tell(f"forget {pid}\n")

    def stay_alive(self) -> None:
        """Replace a guard that was killed."""
        if self._process.poll() is not None:
            self._hang_up()
            self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            pass_fds=[self._lock.fd],
            cwd="/",
            start_new_session=True,
        )
        for line in self._watched.values():
            self._tell(line)

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode())
        except BrokenPipeError:
            self._hang_up()
            self._start()

    def _hang_up(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
