"""The supervisor, with real processes standing in for the programs of the product."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.config import load
from infra.errors import CannotStart
from infra.postgres import Server
from infra.supervisor import output
from infra.supervisor.product import plan_for, stop_database
from tests.infra.free_ports import free_ports

LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="needs the kernel's parent-death signal")

# What a run is in these tests: the real supervisor, told what to run by its arguments.
DRIVER = """
import json, sys
from core.config import load
from infra.supervisor import Plan, Program, supervise, watch
plan = json.loads(sys.argv[1])
watch.STOP_GRACE_S = plan["grace_s"]
made = {k: tuple(Program(n, tuple(c)) for n, c in plan[k].items()) for k in ("steps", "programs")}
sys.exit(supervise(load(), Plan(**made)))
"""

SLEEP = "import time; print('awake', flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEP
# A parent with a child that ignores SIGTERM, both in the program's process group; prints the child's number.
FAMILY = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print("child", child.pid, flush=True)
time.sleep(60)
"""
QUERY = """
import os, psycopg, time
with psycopg.connect(os.environ["DATABASE_URL"]) as c:
    print("answer", c.execute("SELECT 6 * 7").fetchone()[0], flush=True)
time.sleep(60)
"""
# A web server whose health is poor at first.
WEB = """
import http.server, json, os
class Handler(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Handler.asked += 1
        body = json.dumps({"status": "ok" if Handler.asked > 2 else "degraded"}).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
print("serving", flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["ERP_PORT"])), Handler).serve_forever()
"""


class Run:
    """A supervisor in another process, with its home and everything it said."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.port = port
        self.console = home / "console.txt"
        self.process: subprocess.Popen[bytes] | None = None

    def start(
        self,
        programs: dict[str, str],
        *,
        steps: dict[str, str] | None = None,
        grace_s: float = 10,
        embedded: bool = False,
        redirect: str = "",
    ) -> Run:
        plan = {"steps": _commands(steps or {}), "programs": _commands(programs), "grace_s": grace_s}
        env = {**os.environ, "ERP_HOME": str(self.home), "ERP_PORT": str(self.port)}
        env.pop("DATABASE_URL", None)
        if not embedded:
            env["DATABASE_URL"] = "postgresql://elsewhere/erp"
        command = shlex.join([sys.executable, "-c", DRIVER, json.dumps(plan)])
        with self.console.open("ab") as console:
            self.process = subprocess.Popen(
                ["bash", "-c", f"exec {command} {redirect}"], stdout=console, stderr=console, env=env
            )
        return self

    def says(self, text: str, *, within_s: float = 15) -> str:
        """Wait for a line that contains `text` and return it."""
        found = eventually(lambda: [line for line in self.lines() if text in line], within_s=within_s)
        assert found, f"{text!r} was not said:\n" + "\n".join(self.lines())
        return found[0]

    def lines(self) -> list[str]:
        return self.console.read_text().splitlines()

    def log(self, name: str) -> str:
        return (self.home / "logs" / f"{name}.log").read_text()

    def family(self) -> list[psutil.Process]:
        """Everything the supervisor started, however deep, but not itself."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def guard(self) -> psutil.Process:
        return next(child for child in self.family() if "guard.py" in " ".join(child.cmdline()))

    def child(self, name: str) -> psutil.Process:
        """The process that is the program `name` now."""
        return next(child for child in self.family() if child.environ().get("WHO") == name)

    def send(self, how: signal.Signals) -> None:
        self.process.send_signal(how)

    def ends(self, within_s: float = 15) -> int:
        return self.process.wait(within_s)


@pytest.fixture
def run() -> Iterator[Run]:
    home = Path(tempfile.mkdtemp(prefix="home with a space "))
    home.chmod(0o755)
    run = Run(home, free_ports(7))
    yield run
    if run.process and run.process.poll() is None:
        run.send(signal.SIGINT)
        run.send(signal.SIGINT)
        run.ends()
    shutil.rmtree(home, ignore_errors=True)


class TestRun:
    def test_takes_the_steps_one_by_one_and_then_the_programs(self, run: Run) -> None:
        steps = {"first": "import time; time.sleep(0.3); print('one')", "second": "print('two')"}
        run.start({"web": "print('three', flush=True);" + SLEEP}, steps=steps)
        run.says("three")
        said = [line.rpartition("| ")[2] for line in run.lines() if not line.startswith("erp")]
        assert said[:3] == ["one", "two", "three"]

    def test_ends_with_a_failing_step_and_names_it(self, run: Run) -> None:
        run.start({"web": "print('never')"}, steps={"migrate": "raise SystemExit('no such table')"})
        assert run.ends() == 1
        assert run.lines()[-1].startswith("erp run: migrate ended with exit status 1")
        assert "no such table" in run.log("migrate")
        assert "never" not in run.console.read_text()

    def test_names_the_program_of_each_line_on_the_console_and_keeps_plain_logs(self, run: Run) -> None:
        run.start({"web": SLEEP, "worker": "import sys; print('oops', file=sys.stderr, flush=True);" + SLEEP})
        assert run.says("oops") == "worker | oops"
        assert run.says("web ") == "web    | awake"
        assert run.log("worker").splitlines()[0] == "oops"

    def test_lends_its_programs_the_embedded_database(self, run: Run) -> None:
        run.start({"worker": QUERY}, embedded=True)
        run.says("answer 42", within_s=60)

    def test_shows_the_logins_once_healthy_and_keeps_them_out_of_the_logs(self, run: Run) -> None:
        users = {"admin": {"email": "admin@example.com", "password": "s3cret-word"}}
        (run.home / "demo.json").write_text(json.dumps({"users": users}))
        run.start({"web": WEB})
        assert "s3cret-word" in run.says("admin@example.com")
        assert f"http://localhost:{run.port}" in run.console.read_text()
        run.says("Ready")
        assert all("s3cret" not in log.read_text() for log in (run.home / "logs").iterdir())

    def test_goes_on_when_nobody_reads_the_console_any_more(self, run: Run) -> None:
        chatty = "import time\nfor n in range(600): print(n, flush=True); time.sleep(0.05)"
        run.start({"web": chatty}, redirect="> >(head -1)")
        assert eventually(lambda: "20\n" in run.log("web"))

    def test_runs_with_its_standard_streams_closed(self, run: Run) -> None:
        run.start({"web": SLEEP}, redirect="<&- >&- 2>&-")
        assert eventually(lambda: "awake" in run.log("web"))
        assert str(run.home / "run.lock") in [file.path for file in run.guard().open_files()]


class TestWatching:
    def test_starts_a_killed_program_again_at_once_and_says_how_it_died(self, run: Run) -> None:
        run.start(named("web", "worker"))
        run.says("worker | awake")
        killed = run.child("worker")
        killed.kill()
        began = time.monotonic()
        assert eventually(lambda: run.log("worker").count("awake") == 2)
        assert time.monotonic() - began < 1.5  # 0.1 s, and the interpreter's own start on a busy machine
        assert f"worker (process {killed.pid}) was killed by SIGKILL" in run.says("SIGKILL")

    def test_is_slower_and_slower_with_a_program_that_never_stays_up(self, run: Run) -> None:
        run.start({"web": SLEEP, "worker": "raise SystemExit(3)"})
        run.says("starting it again in 2 s")
        delays = [line.partition("status 3; starting it again in ")[2] for line in run.lines()]
        assert [delay for delay in delays if delay][:4] == ["0.1 s", "0.5 s", "1 s", "2 s"]

    def test_reports_a_program_that_cannot_be_started(self, run: Run) -> None:
        run.start({"web": SLEEP, "worker": "/nowhere/worker"})
        run.says("worker could not be started (No such file or directory)")

    def test_ends_what_a_dead_program_had_started(self, run: Run) -> None:
        run.start({"worker": FAMILY})
        grandchild = psutil.Process(int(run.says("child").split()[-1]))
        grandchild.parent().kill()
        assert eventually(lambda: dead(grandchild), within_s=2)

    def test_starts_a_killed_database_again(self, run: Run) -> None:
        run.start({"worker": QUERY}, embedded=True)
        run.says("answer 42", within_s=60)
        postmaster = next(p for p in run.family() if p.name() == "postgres" and p.ppid() == run.process.pid)
        postmaster.kill()
        run.says("died; starting it again")
        run.child("worker").kill()
        assert eventually(lambda: run.log("worker").count("answer 42") == 2)


class TestStopping:
    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_leaves_nothing_and_reports_success(self, run: Run, how: signal.Signals) -> None:
        run.start({"web": SLEEP, "worker": FAMILY})
        run.says("child")
        everything = run.family()
        assert len(everything) == 4
        run.send(how)
        assert run.ends() == 0
        assert all(dead(process) for process in everything)

    def test_stops_the_database_last(self, run: Run) -> None:
        goodbye = (
            "import os, psycopg, signal, sys, time\n"
            "def leave(*_):\n"
            "    with psycopg.connect(os.environ['DATABASE_URL']) as c:\n"
            "        sys.exit(f'goodbye {c.execute(\"SELECT 1\").fetchone()}')\n"
            "signal.signal(signal.SIGTERM, leave); print('awake', flush=True)\n"
            "while True: time.sleep(1)"
        )
        run.start({"worker": goodbye}, embedded=True)
        run.says("awake", within_s=60)
        everything = run.family()
        run.send(signal.SIGINT)
        assert run.ends() == 0
        assert "goodbye (1,)" in run.log("worker")
        assert all(dead(process) for process in everything)

    def test_kills_what_does_not_stop_in_time(self, run: Run) -> None:
        run.start({"web": STUBBORN}, grace_s=0.5)
        run.says("awake")
        run.send(signal.SIGTERM)
        assert run.ends(5) == 0
        run.says("web did not stop in time")

    def test_does_not_wait_when_asked_twice(self, run: Run) -> None:
        run.start({"web": STUBBORN}, grace_s=60)
        run.says("awake")
        run.send(signal.SIGINT)
        run.says("Stopping")
        run.send(signal.SIGINT)
        assert run.ends(5) == 0

    def test_interrupts_a_step(self, run: Run) -> None:
        run.start({"web": "print('never')"}, steps={"demo": SLEEP})
        run.says("awake")
        run.send(signal.SIGINT)
        assert run.ends(2.8) == 0  # the guard would need 3 s
        assert "never" not in run.console.read_text()


class TestSuddenDeath:
    def test_leaves_no_orphan_not_even_grandchildren_or_the_database(self, run: Run) -> None:
        run.start({"web": SLEEP, "worker": FAMILY}, embedded=True)
        run.says("child", within_s=60)
        everything = run.family()
        assert {"postgres"} < {process.name() for process in everything}
        run.send(signal.SIGKILL)
        assert eventually(lambda: all(dead(process) for process in everything), within_s=8)

    def test_lets_the_next_run_begin_right_away(self, run: Run) -> None:
        run.start({"web": WEB, "worker": FAMILY}, embedded=True)
        run.says("Ready", within_s=60)
        run.send(signal.SIGKILL)
        run.ends()
        run.console = run.home / "second.txt"
        run.start({"web": WEB}, embedded=True)
        run.says("Ready", within_s=15)

    def test_is_cleared_up_by_a_guard_that_was_itself_replaced(self, run: Run) -> None:
        run.start({"worker": FAMILY})
        run.says("child")
        first = run.guard()
        first.kill()
        assert eventually(lambda: any("guard.py" in " ".join(p.cmdline()) for p in run.family() if p != first))
        everything = run.family()
        run.send(signal.SIGKILL)
        assert eventually(lambda: all(dead(process) for process in everything), within_s=8)

    @LINUX_ONLY
    def test_together_with_the_guard_still_takes_the_programs_along(self, run: Run) -> None:
        run.start({"web": SLEEP, "worker": SLEEP})
        run.says("worker | awake")
        everything = run.family()
        run.guard().kill()
        run.send(signal.SIGKILL)
        assert eventually(lambda: all(dead(process) for process in everything), within_s=5)


class TestSurroundings:
    def test_refuses_a_second_run_in_the_same_home(self, run: Run) -> None:
        run.start({"web": SLEEP})
        run.says("awake")
        second = Run(run.home, free_ports(7))
        second.console = run.home / "second.txt"
        assert second.start({"web": SLEEP}).ends() == 1
        assert f"already running in {run.home} (process {run.process.pid})" in second.lines()[-1]
        assert run.process.poll() is None

    @pytest.mark.parametrize(
        ("neighbour", "purpose"),
        [
            (0, "the web"),
            (1, "Wialon IPS devices"),
            (2, "the fleet simulator"),
            (4, "Teltonika devices"),
            (5, "the simulated Traccar"),
        ],
    )
    def test_names_a_port_that_is_taken_and_the_setting(self, run: Run, neighbour: int, purpose: str) -> None:
        with socket.create_server(("127.0.0.1", run.port + neighbour)):
            assert run.start({"web": SLEEP}).ends() == 1
        assert f"Port {run.port + neighbour} ({purpose}) is already in use" in run.lines()[-1]
        assert "ERP_PORT" in run.lines()[-1]

    def test_refuses_a_home_that_is_no_folder(self, run: Run) -> None:
        (run.home / "file").touch()
        taken = Run(run.home / "file", run.port)
        taken.console = run.home / "console.txt"
        assert taken.start({"web": SLEEP}).ends() == 1
        assert "ERP_HOME" in taken.lines()[-1]


class TestLeftoverDatabase:
    def test_is_stopped_on_request(self, run: Run) -> None:
        config = load({"ERP_HOME": str(run.home), "ERP_PORT": str(run.port)})
        assert stop_database(config) == f"There is no database in {run.home}."
        server = Server(run.home / "postgres", run.port + 3)
        server.start()
        assert stop_database(config) == "The database is stopped."
        assert stop_database(config) == "The database is not running."

    def test_is_left_alone_while_a_run_owns_it(self, run: Run) -> None:
        run.start({"worker": QUERY}, embedded=True)
        run.says("answer 42", within_s=60)
        config = load({"ERP_HOME": str(run.home), "ERP_PORT": str(run.port)})
        with pytest.raises(CannotStart, match=f"process {run.process.pid}"):
            stop_database(config)


class TestLogs:
    def test_are_rotated_at_their_limit_and_the_oldest_is_dropped(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(output, "LOG_LIMIT_BYTES", 10)
        lines = output.Output(tmp_path, ["web"])
        for number in range(6):
            lines.write("web", f"line number {number}")
        kept = {file.name: file.read_text() for file in tmp_path.glob("web.log*")}
        assert kept == {
            "web.log": "",
            "web.log.1": "line number 5\n",
            "web.log.2": "line number 4\n",
            "web.log.3": "line number 3\n",
        }


class TestPlan:
    def test_brings_its_own_simulator_when_locks_go_nowhere_else(self) -> None:
        names = [program.name for program in plan_for(load({})).programs]
        assert names == ["web", "worker", "scheduler", "follower", "gateway", "simulator"]

    @pytest.mark.parametrize("road", ["ERP_WIALON_URL", "ERP_TRACCAR_URL"])
    def test_brings_none_when_locks_go_to_real_vehicles(self, road: str) -> None:
        config = load({road: "https://relays.example"})
        assert "simulator" not in [program.name for program in plan_for(config).programs]


def _commands(programs: dict[str, str]) -> dict[str, list[str]]:
    return {name: _command(name, code) for name, code in programs.items()}


def _command(name: str, code: str) -> list[str]:
    if code.startswith("/"):
        return [code]
    return ["env", f"WHO={name}", sys.executable, "-c", code]


def named(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, SLEEP)


def dead(process: psutil.Process) -> bool:
    """Gone, or a zombie that only waits for its parent to notice."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def eventually(condition: Callable[[], Any], *, within_s: float = 10) -> Any:
    """The first true answer of `condition`, or its last one. A file that is not there yet is no answer."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            answer = condition()
        except (FileNotFoundError, psutil.NoSuchProcess, StopIteration):
            answer = False
        if answer or time.monotonic() > deadline:
            return answer
        time.sleep(0.02)
