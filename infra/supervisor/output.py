"""The lines of all programs: on the console with a name before each, in logs/<name>.log without."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

OURSELVES = "erp"
LOG_LIMIT_BYTES = 10_000_000
OLD_LOGS = 3
COLOURS = ("36", "32", "33", "35", "34", "96", "92", "93")


class Output:
    """Takes lines from several threads. A console that went away is given up; the logs go on."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._console = sys.stdout
        self._width = max(map(len, (OURSELVES, *names)))
        self._logs = {name: _LogFile(folder / f"{name}.log") for name in (OURSELVES, *names)}
        coloured = self._console is not None and self._console.isatty() and "NO_COLOR" not in os.environ
        self._colours = dict(zip(self._logs, ("1", *COLOURS), strict=False)) if coloured else {}

    def write(self, name: str, line: str) -> None:
        """One line of one program."""
        with self._lock:
            self._logs[name].write(line)
            self._show(f"{self._prefix(name)} {line}\n")

    def say(self, line: str) -> None:
        """One line of the supervisor itself. A program stamps its own lines; these are stamped here."""
        self.write(OURSELVES, f"{datetime.now().astimezone():%H:%M:%S} {line}")

    def show(self, text: str) -> None:
        """For the person at the console alone, never for a log: it may hold passwords."""
        with self._lock:
            self._show(text)

    def _prefix(self, name: str) -> str:
        label = f"{name:<{self._width}} |"
        return f"\x1b[{self._colours[name]}m{label}\x1b[0m" if name in self._colours else label

    def _show(self, text: str) -> None:
        if self._console is None:
            return
        try:
            self._console.write(text)
            self._console.flush()
        except (OSError, ValueError):
            self._console = None


class _LogFile:
    """Appends lines; at its limit the file becomes .1, the older ones move on, the oldest goes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO = path.open("ab", buffering=0)

    def write(self, line: str) -> None:
        self._file.write(line.encode(errors="replace") + b"\n")
        if self._file.tell() > LOG_LIMIT_BYTES:
            self._rotate()

    def _rotate(self) -> None:
        self._file.close()
        for age in range(OLD_LOGS, 0, -1):
            younger = self._aged(age - 1)
            if younger.exists():
                younger.replace(self._aged(age))
        self._file = self._path.open("ab", buffering=0)

    def _aged(self, age: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{age}") if age else self._path
