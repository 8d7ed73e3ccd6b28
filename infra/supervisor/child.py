"""One running program: a process group of its own whose lines are read until the last of it is gone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping

from infra.leash import die_with_parent
from infra.supervisor.output import Output
from infra.supervisor.program import Program

LONGEST_LINE_BYTES = 16_384


class Child:
    """A program that was started. Raises OSError when it cannot be."""

    def __init__(self, program: Program, environment: Mapping[str, str], output: Output) -> None:
        self.program = program
        self._output = output
        self._process = subprocess.Popen(
            program.command,
            env={**environment, **program.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is for the supervisor, which stops in order
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def ended(self) -> bool:
        """Has it ended? Then whatever it had started is ended too."""
        if self._process.returncode is None and self._process.poll() is not None:
            self._end_group()
        return self._process.returncode is not None

    @property
    def verdict(self) -> str:
        """How it ended, in words."""
        code = self._process.returncode
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"

    @property
    def succeeded(self) -> bool:
        return self._process.returncode == 0

    def ask_to_stop(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        """End it and everything it started, at once."""
        self._end_group()
        self._process.wait()

    def last_lines(self) -> None:
        """Wait until what it wrote before its end has been shown."""
        self._reader.join(timeout=1.0)

    def _end_group(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        with pipe:
            while line := pipe.readline(LONGEST_LINE_BYTES):
                self._output.write(self.program.name, line.decode(errors="replace").rstrip("\r\n"))
