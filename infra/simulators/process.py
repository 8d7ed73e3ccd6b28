"""The simulators as a child process, for tests and benches that need an outside world of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import msgspec

from infra.simulators.fleet_file import Device, FleetFile, IpsServer, TeltonikaServer, TraccarServer, WialonServer

READY = re.compile(r"platform simulator ready at (http://\S+),")
TELTONIKA_READY = re.compile(r"teltonika simulator ready at (http://\S+)")
TRACCAR_READY = re.compile(r"traccar simulator ready at (http://\S+)")
REPOSITORY = Path(__file__).parent.parent.parent


class SimulatorProcess:
    """`with SimulatorProcess(devices, ips=("127.0.0.1", 8001)) as simulator:` runs the real program.

    Port 0 is any free one: `base_url` says where Wialon is and `traccar_url` where Traccar; `token` opens both.
    `teltonika_url` is where wishes for Teltonika trackers are taken, which report to `teltonika`.
    `log` is what was printed so far. In the same `home` (default: one that vanishes) the fleet goes on where it
    stopped.
    Raises RuntimeError with the program's own words when it does not get ready.
    """

    def __init__(
        self,
        devices: Sequence[Device] = (),
        *,
        ips: tuple[str, int] = ("127.0.0.1", 9),
        teltonika: tuple[str, int] = ("127.0.0.1", 9),
        token: str = "simulated",  # noqa: S107 - opens a simulation
        port: int = 0,
        traccar_port: int = 0,
        teltonika_port: int = 0,
        seed: int = 1,
        home: Path | None = None,
        ready_within_s: float = 30.0,
    ) -> None:
        self.token = token
        self.base_url = ""
        self.traccar_url = ""
        self.teltonika_url = ""
        self._plan = FleetFile(
            IpsServer(*ips),
            WialonServer("127.0.0.1", port, token),
            tuple(devices),
            TraccarServer("127.0.0.1", traccar_port, token),
            TeltonikaServer(*teltonika, teltonika_port),
        )
        self._seed = seed
        self._home = home
        self._ready_within_s = ready_within_s

    def __enter__(self) -> SimulatorProcess:
        self._temporary = tempfile.TemporaryDirectory(prefix="simulators-")
        home = self._home or Path(self._temporary.name)
        (home / "fleet.json").write_bytes(msgspec.json.encode(self._plan))
        self._log_file = home / "simulators.log"
        environment = os.environ | {"ERP_HOME": str(home), "ERP_FLEET_SEED": str(self._seed)}
        with self._log_file.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infra.simulators"],
                env=environment,
                cwd=REPOSITORY,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._temporary.cleanup()

    @property
    def log(self) -> str:
        """What the program has printed."""
        return self._log_file.read_text()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self._ready_within_s
        while time.monotonic() < deadline and self.process.poll() is None:
            if ready := READY.search(self.log):
                self.base_url = ready[1]
                if traccar := TRACCAR_READY.search(self.log):
                    self.traccar_url = traccar[1]
                if teltonika := TELTONIKA_READY.search(self.log):
                    self.teltonika_url = teltonika[1]
                return
            time.sleep(0.05)
        raise RuntimeError(f"The simulators did not get ready:\n{self.log}")
