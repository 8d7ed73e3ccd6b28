"""Who runs the server. PostgreSQL refuses root, so root lends it to an account without rights."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.errors import CannotStart

CANDIDATES = ("postgres", "nobody")

# Root keeps here what an account without rights must reach when the home or the venv is closed to it.
SHARED_PLACE = Path("/var/lib/equinomix-erp")


@dataclass(frozen=True)
class Account:
    """An account to run programs as. `None` in its place means: as ourselves."""

    name: str
    uid: int
    gid: int


def account_for(cluster: Path) -> Account | None:
    """The owner of an existing cluster, else the first candidate the machine has; None when not root."""
    owner = cluster.stat().st_uid if cluster.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner != os.geteuid():
            raise CannotStart(
                f"The database in {cluster} belongs to user {_user_name(owner)}. "
                "Run as that user or as root, or choose another ERP_HOME."
            )
        return None
    if owner == 0:
        raise CannotStart(
            f"The database in {cluster} belongs to root, and PostgreSQL refuses to run as root. "
            f"Give it to another user: chown -R {CANDIDATES[-1]} {cluster}"
        )
    return _first_candidate() if owner is None else _owner_of(cluster, owner)


def run_as(
    account: Account | None, command: list[str], *, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `command` to its end as `account`, from a folder anyone may enter, and keep what it prints."""
    try:
        return subprocess.run(
            command,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            env=environment(),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except PermissionError as refusal:
        raise CannotStart(_may_not_run(command[0], account)) from refusal


def may_reach(account: Account | None, path: Path) -> bool:
    """May the account enter the folder, or run the program? Asked of the kernel, which knows every rule."""
    return run_as(account, ["test", "-x", str(path)]).returncode == 0


def write_as(account: Account | None, path: Path, text: str, *, append: bool = False) -> None:
    """Write a file in the account's own folder as that account: root follows no link planted there."""
    written = run_as(account, ["tee", *(["-a"] if append else []), str(path)], stdin=text)
    if written.returncode != 0:
        raise CannotStart(f"{path} could not be written: {written.stdout.strip()}")


def make_folder_for(account: Account | None, parent: Path, prefix: str) -> Path:
    """A new empty folder under `parent` that belongs to the account alone (0700)."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    if account:
        os.chown(folder, account.uid, account.gid)
    return folder


def name_of(account: Account | None) -> str:
    """The account in a message."""
    return f"user {account.name}" if account else "you"


def shared_place() -> Path:
    """The folder everyone may enter, created if need be. Only root asks for it."""
    SHARED_PLACE.mkdir(mode=0o755, parents=True, exist_ok=True)
    return SHARED_PLACE


def environment() -> Mapping[str, str]:
    """Nothing of ours leaks in: a PGDATA or a broken locale in the caller's shell would change the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _first_candidate() -> Account:
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise CannotStart(
        f"PostgreSQL refuses to run as root and this machine has no user {' or '.join(CANDIDATES)}. "
        "Run as an ordinary user, or set DATABASE_URL to a database server."
    )


def _owner_of(cluster: Path, uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise CannotStart(
            f"The database in {cluster} belongs to user id {uid}, which this machine does not know. "
            f"Give it to another user: chown -R {CANDIDATES[-1]} {cluster}"
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _may_not_run(program: str, account: Account | None) -> str:
    if shutil.which(program) is None:
        return f"{program} is not a program that can be run. Check PG_BIN."
    return f"{program} could not be run as {name_of(account)}. Run as an ordinary user, or set DATABASE_URL."
