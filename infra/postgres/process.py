"""The running server: one child process that dies with us, and the lock file it may leave behind."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from infra.errors import CannotStart
from infra.leash import die_with_parent
from infra.postgres.account import Account, environment
from infra.postgres.binaries import Binaries

START_LIMIT_S = 120.0  # recovery after a crash replays at most max_wal_size
STOP_LIMIT_S = 30.0
LEFTOVER_LIMIT_S = 15.0
LOG_LIMIT_BYTES = 10_000_000
PROC = Path("/proc/self").parent

# The children of this process by cluster: a child that ended stays a zombie until it is waited for.
_children: dict[Path, subprocess.Popen[bytes]] = {}


def start_process(cluster: Path, account: Account | None, binaries: Binaries, log: Path) -> None:
    """Start the server and return when it accepts connections."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("Start PostgreSQL from the main thread: it ends with the thread that started it.")
    _clear_stale_lock(cluster)
    _rotate(log)
    # For the owner alone: a slow statement is logged with its values.
    with open(log, "ab", opener=_for_the_owner) as out:
        began_at = out.tell()
        child = subprocess.Popen(
            [binaries["postgres"], "-D", str(cluster)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd="/",
            env=environment(),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            start_new_session=True,  # Ctrl-C in the terminal is for the supervisor; this one stops last
            preexec_fn=die_with_parent(signal.SIGINT),  # SIGINT: PostgreSQL's fast, clean shutdown
        )
    _children[cluster] = child
    if not _wait(lambda: child.poll() is not None or _is_ready(cluster, child.pid), START_LIMIT_S):
        stop_process(cluster)
        raise CannotStart(f"PostgreSQL was not ready after {START_LIMIT_S:.0f} s. Its log: {log}")
    if child.poll() is not None:
        del _children[cluster]
        raise CannotStart(f"PostgreSQL did not start: {_reason(log, began_at)} Its log: {log}")


def stop_process(cluster: Path, *, at_once: bool = False) -> None:
    """Stop the server of `cluster`, whoever started it, and return when it is gone.

    First without waiting for clients, then (or `at_once`) without writing back; nothing committed is lost.
    """
    for how in [signal.SIGINT, signal.SIGQUIT][at_once:]:
        pid = running_pid(cluster)
        if pid is None:
            break
        os.kill(pid, how)
        if _wait(lambda: running_pid(cluster) is None, STOP_LIMIT_S):
            break
    else:
        raise CannotStart(f"PostgreSQL (process {running_pid(cluster)}) does not stop. Look at it by hand.")
    _children.pop(cluster, None)


def running_pid(cluster: Path) -> int | None:
    """The process id of the server on this cluster, or None. A zombie or a stranger does not count."""
    if child := _children.get(cluster):
        return child.pid if child.poll() is None else None
    pid = _pid_in_lock(cluster)
    if pid is None:
        return None
    return pid if pid in _processes_in(cluster, [pid]) else None


def _clear_stale_lock(cluster: Path) -> None:
    """Remove the lock file of a server that was killed, once nobody works on the data any more.

    PostgreSQL does this itself unless the number in the file is a zombie or belongs to a stranger, as it
    may in a container. Removing the file also removes PostgreSQL's own protection, so first be sure.
    """
    if not PROC.is_dir() or _pid_in_lock(cluster) is None:
        return
    if not _wait(lambda: not _processes_in(cluster, _every_pid()), LEFTOVER_LIMIT_S):
        raise CannotStart(
            f"PostgreSQL is already running on {cluster} (process {_pid_in_lock(cluster)}). "
            "Stop the program that started it, or run `erp db stop`."
        )
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def _pid_in_lock(cluster: Path) -> int | None:
    try:
        return int((cluster / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _is_ready(cluster: Path, pid: int) -> bool:
    """Line 8 of the lock file is the state. Source: PostgreSQL, src/include/utils/pidfile.h."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _every_pid() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal()]


def _processes_in(cluster: Path, pids: list[int]) -> list[int]:
    """Those of `pids` that work in the cluster: PostgreSQL makes it the current folder of each process."""
    if not PROC.is_dir():
        return [pid for pid in pids if _exists(pid)]
    return [pid for pid in pids if _current_folder(pid) == cluster]


def _current_folder(pid: int) -> Path | None:
    try:
        return (PROC / str(pid) / "cwd").readlink()
    except OSError:  # gone, a zombie, or somebody else's
        return None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _wait(until: Callable[[], bool], limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while not until():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _reason(log: Path, began_at: int) -> str:
    with log.open("rb") as lines:
        lines.seek(began_at)
        said = lines.read().decode(errors="replace").splitlines()
    telling = [line for line in said if "FATAL" in line or "could not" in line]
    return (telling or said or ["it said nothing."])[0].strip()
