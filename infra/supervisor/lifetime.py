"""One run of the product, from the lock on its home to the last child gone."""

from __future__ import annotations

import os
import signal
import sys
import threading

from core.config import Config
from infra.errors import CannotStart
from infra.postgres import Server
from infra.supervisor.guard_line import GuardLine
from infra.supervisor.home_lock import HomeLock
from infra.supervisor.output import Output
from infra.supervisor.ports import require_free_ports
from infra.supervisor.program import Plan
from infra.supervisor.ready import announce_when_ready
from infra.supervisor.watch import Watch


def supervise(config: Config, plan: Plan) -> int:
    """Run `plan` in `config.home` until SIGINT, SIGTERM or SIGHUP. Returns the exit status.

    Call it from the main thread: it takes over the signals, and its children end with that thread.
    """
    _occupy_standard_streams()
    try:
        (config.home / "logs").mkdir(parents=True, exist_ok=True)
        with HomeLock(config.home) as lock:
            return _run(config, plan, lock)
    except CannotStart as refusal:
        print(f"erp run: {refusal}", file=sys.stderr)
    except OSError as refusal:
        print(f"erp run: {refusal}. Make it possible, or choose another ERP_HOME.", file=sys.stderr)
    return 1


def _run(config: Config, plan: Plan, lock: HomeLock) -> int:
    server = None if config.database_url else server_of(config)
    if server:
        # The lock says that no other run owns it: what still runs here was left by one that was killed.
        server.stop()
    require_free_ports(config)
    output = Output(config.home / "logs", [program.name for program in (*plan.steps, *plan.programs)])
    with GuardLine(lock) as guard:
        watch = Watch(output, guard, server)
        _obey_signals(watch)
        try:
            return _bring_up(config, plan, watch, output)
        finally:
            watch.stop_everything()


def _bring_up(config: Config, plan: Plan, watch: Watch, output: Output) -> int:
    output.say(f"Starting in {config.home}")
    environment = _environment(config, watch.start_database() or config.database_url or "")
    for step in plan.steps:
        watch.run_to_end(step, environment)
        if watch.told_to_stop:
            return 0
    announcing = threading.Thread(
        target=announce_when_ready, args=(config, output, lambda: watch.told_to_stop), daemon=True
    )
    announcing.start()
    watch.keep_running(plan.programs, environment)
    return 0


def _environment(config: Config, dsn: str) -> dict[str, str]:
    """What every program finds in its environment: the database and absolute paths, and lines at once."""
    return {
        **os.environ,
        "DATABASE_URL": dsn,
        "ERP_HOME": str(config.home),
        "ERP_PORT": str(config.port),
        "PYTHONUNBUFFERED": "1",
    }


def server_of(config: Config) -> Server:
    """The embedded database of this home, running or not."""
    return Server(config.home / "postgres", config.postgres_port, log=config.home / "logs" / "postgres.log")


def _obey_signals(watch: Watch) -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if name is signal.SIGHUP and signal.getsignal(name) is signal.SIG_IGN:
            continue  # started with nohup: meant to go on after the terminal is closed
        signal.signal(name, lambda *_: watch.tell_to_stop())


def _occupy_standard_streams() -> None:
    """A closed stdout would lend its number to the next file opened, and lines would be written there."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is not None:
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
