"""The whole product as somebody runs it: `erp run` with its database, its programs and the simulated fleet."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

ERP = Path(sysconfig.get_path("scripts")) / "erp"
FLEET = 30
READY_S = 100.0

# Where the simulated fleet finds its vehicles at the start: the one of the demonstration's driver is parked, so that
# there is something to lock for him; the others begin as they like.
DRIVERS_DEVICE = "860000000000017"
PARKED = {"lat": 37.7793, "lon": -122.4192, "odometer_m": 52_400_000, "fuel_pct": 71, "outputs": 0, "phase": "parked"}

T = TypeVar("T")


class Product:
    """`erp run` in a home of its own. The same home can be started again."""

    def __init__(self, port: int) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="erp-e2e-"))
        self._folder.chmod(0o755)  # as root the database runs as somebody else, who must get in
        self.home = self._folder / "home"
        self.port = port
        self.ready_after_s = 0.0
        self._console = self._folder / "console.txt"
        self._process: subprocess.Popen[bytes] | None = None
        self.home.mkdir()
        (self.home / "fleet_state.json").write_text(json.dumps({DRIVERS_DEVICE: PARKED}))

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        began = time.monotonic()
        with self._console.open("wb") as console:
            self._process = subprocess.Popen([ERP, "run"], env=self._env(), stdout=console, stderr=subprocess.STDOUT)
        eventually(lambda: "Ready: " in self.console(), within_s=READY_S, saying=self.console)
        self.ready_after_s = time.monotonic() - began

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit status."""
        self._supervisor.send_signal(signal.SIGINT)
        return self._supervisor.wait(40)

    def end(self) -> None:
        """Leave nothing behind, however the tests ended."""
        if self._process is not None and self._process.poll() is None:
            self.interrupt()
        shutil.rmtree(self._folder, ignore_errors=True)

    def console(self) -> str:
        """Everything it has said since it was started."""
        return self._console.read_text(errors="replace")

    def family(self) -> list[psutil.Process]:
        """The supervisor and everything it started, however deep."""
        supervisor = psutil.Process(self._supervisor.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def program(self, words: str) -> psutil.Process | None:
        """The living program of the supervisor with `words` in its command line: the master, when it has workers."""
        programs = psutil.Process(self._supervisor.pid).children()
        return next((program for program in programs if is_alive(program) and words in _command(program)), None)

    def kill(self, words: str) -> None:
        """SIGKILL a program and wait until another is in its place."""
        old = self.program(words)
        assert old is not None, f"{words} does not run"
        old.kill()
        eventually(lambda: (new := self.program(words)) is not None and new.pid != old.pid, within_s=READY_S)

    def erp(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of `erp` beside the running product."""
        return subprocess.run([ERP, *arguments], env=self._env(), capture_output=True, text=True, timeout=90)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def public_url(self) -> str:
        """What people are told to open."""
        return f"http://localhost:{self.port}"

    @property
    def device_port(self) -> int:
        return self.port + 1

    def demo(self) -> dict[str, Any]:
        """What it wrote for people and programs that want in."""
        return json.loads((self.home / "demo.json").read_text())

    def health(self) -> dict[str, Any]:
        """What /healthz says; nothing while nobody answers."""
        try:
            return httpx.get(f"{self.base_url}/healthz", timeout=2, trust_env=False).json()
        except httpx.HTTPError:
            return {"status": "unreachable"}

    def is_well(self) -> bool:
        return self.health()["status"] == "ok"

    def signed_in(self, role: str, *, base_url: str = "") -> httpx.Client:
        """The cookies of a person, without a browser."""
        http = httpx.Client(base_url=base_url or self.base_url, follow_redirects=True, timeout=20, trust_env=False)
        page = http.get("/sign-in").text
        token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        assert http.post("/sign-in", data={"csrf_token": token, **self.demo()["users"][role]}).status_code == 200
        return http

    @property
    def _supervisor(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it was never started"
        return self._process

    def _env(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ERP_")}
        inherited.pop("DATABASE_URL", None)
        return {
            **inherited,
            "ERP_HOME": str(self.home),
            "ERP_PORT": str(self.port),
            "ERP_FLEET": str(FLEET),
            # Tests lock more of this small fleet within minutes than any office would.
            "ERP_ACCESS_LOCKS_PER_MIN": "1000",
            "ERP_ACCESS_LEAST_PER_HOUR": "1000",
            "ERP_ACCESS_BREAKER_ORDERS_PER_MIN": "1000",
        }


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; one that only waits to be buried does not."""
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _command(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def eventually(
    look: Callable[[], T], *, within_s: float, saying: Callable[[], object] = lambda: "it did not happen"
) -> T:
    """The first true thing that `look` returns; fails with `saying` when there is none in time."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, saying()
        time.sleep(0.1)
    return found
