"""The product as the supervisor sees it: which programs, in which order."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

from core.config import Config
from infra.supervisor.home_lock import HomeLock
from infra.supervisor.lifetime import server_of, supervise
from infra.supervisor.program import Plan, Program


def run(config: Config) -> int:
    """Run the whole product until told to stop. Returns the exit status: 0 when it was stopped in order."""
    return supervise(config, plan_for(config))


def stop_database(config: Config) -> str:
    """Stop an embedded database that was left running, and say what was done.

    Raises CannotStart while a run in this home owns it.
    """
    server = server_of(config)
    if not server.data_dir.exists():
        return f"There is no database in {config.home}."
    with HomeLock(config.home):
        if server.pid is None:
            return "The database is not running."
        server.stop()
    return "The database is stopped."


def plan_for(config: Config) -> Plan:
    """Migrate, seed, then serve. The order is the order of starting; stopping goes backwards."""
    programs = [_erp("web"), _erp("worker"), _erp("scheduler"), _erp("follower"), _erp("gateway")]
    if config.wialon.base_url == f"http://127.0.0.1:{config.simulator_port}":
        programs.append(Program("simulator", (sys.executable, "-m", "infra.simulators")))
    return Plan(steps=(_erp("migrate"), _erp("demo")), programs=tuple(programs))


def _erp(command: str) -> Program:
    return Program(command, (str(Path(sysconfig.get_path("scripts")) / "erp"), command))
