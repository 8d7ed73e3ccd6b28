"""The data on disk: where it lies, how it is made, and what it demands of the programs.

The holder (`Server.data_dir`) belongs to whoever runs the product: `password` (0600), `postgres.log` and
`cluster`. The cluster belongs to the account that runs the server. It is a plain folder when that account
can reach it, else a link to where it lies.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from infra.errors import CannotStart
from infra.postgres.account import (
    Account,
    make_folder_for,
    may_reach,
    name_of,
    run_as,
    shared_place,
    write_as,
)
from infra.postgres.binaries import Binaries
from infra.postgres.settings import SETTINGS_FILE

_log = logging.getLogger(__name__)

ROLE = "erp"
DATABASE = "erp"


def ready_cluster(holder: Path, account: Account | None, binaries: Binaries, *, throwaway: bool) -> Path:
    """The cluster of `holder`, made on first use, fit for `binaries` and within reach of `account`."""
    link = holder / "cluster"
    if not link.exists():
        _make(link, account, binaries, throwaway=throwaway)
    cluster = link.resolve()
    _check_version(cluster, binaries)
    if not may_reach(account, cluster):
        raise CannotStart(
            f"{cluster} belongs to {name_of(account)} but cannot be reached as {name_of(account)}. "
            "Open the folders above it for that user (chmod o+x), or choose another ERP_HOME."
        )
    return cluster


def read_password(holder: Path) -> str:
    """The password of the role `erp`. Raises CannotStart when there is no such database yet."""
    try:
        return (holder / "password").read_text().strip()
    except FileNotFoundError:
        raise CannotStart(f"There is no database in {holder} yet. Run `erp run` once to create it.") from None


def remove_cluster(holder: Path) -> None:
    """Forget a throwaway database, wherever it lies."""
    link = holder / "cluster"
    shutil.rmtree(link.resolve(), ignore_errors=True)
    link.unlink(missing_ok=True)
    (holder / "password").unlink(missing_ok=True)


def _make(link: Path, account: Account | None, binaries: Binaries, *, throwaway: bool) -> None:
    if link.is_symlink():
        raise CannotStart(
            f"{link} leads to {link.readlink()}, which is gone. "
            "Put the database back there, or delete the link to start with an empty one."
        )
    holder = link.parent
    # Enter, not list: the account needs to pass through to its cluster.
    holder.mkdir(mode=0o711, parents=True, exist_ok=True)
    for unfinished in holder.glob("cluster-*"):
        shutil.rmtree(unfinished)
    place = make_folder_for(account, _parent_within_reach(account, holder, throwaway=throwaway), "cluster-")
    try:
        _initialise(place, account, binaries, _new_password(holder), throwaway=throwaway)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    # The name appears last: a start that was interrupted leaves no half-made database under it.
    if place.parent == holder:
        place.rename(link)
    else:
        link.symlink_to(place)


def _parent_within_reach(account: Account | None, holder: Path, *, throwaway: bool) -> Path:
    if may_reach(account, holder):
        return holder
    elsewhere = Path(tempfile.gettempdir()) if throwaway else shared_place()
    if not may_reach(account, elsewhere):
        raise CannotStart(
            f"The database is run by {name_of(account)}, who can enter neither {holder} "
            f"nor {elsewhere}. Choose another ERP_HOME (or TMPDIR) that every user may enter."
        )
    if not throwaway:
        _log.warning("%s is closed to %s; the database goes to %s", holder, name_of(account), elsewhere)
    return elsewhere


def _new_password(holder: Path) -> str:
    password = secrets.token_urlsafe(24)
    file = holder / "password"
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(password + "\n")
    return password


def _initialise(place: Path, account: Account | None, binaries: Binaries, password: str, *, throwaway: bool) -> None:
    locale = ["--locale=C.UTF-8", *(["--locale-provider=builtin"] if binaries.major >= 17 else [])]
    _must_succeed(
        account,
        [
            *(binaries["initdb"], "--pgdata", str(place), "--username", "postgres", "--encoding=UTF8"),
            # Nobody logs in until the rules below say who may.
            *(*locale, "--auth=reject", "--no-instructions"),
            *(["--no-sync"] if throwaway else ["--data-checksums"]),
        ],
    )
    write_as(account, place / "pg_hba.conf", f"host all {ROLE} 127.0.0.1/32 scram-sha-256\n")
    write_as(account, place / "postgresql.conf", f"include_if_exists = '{SETTINGS_FILE}'\n", append=True)
    # Single-user mode: the role and its database exist before anyone can connect, and the superuser
    # needs no password because it never logs in.
    _must_succeed(
        account,
        [
            *(binaries["postgres"], "--single", "-D", str(place)),
            *("-c", "exit_on_error=on", "-c", "log_min_error_statement=panic", "postgres"),
        ],
        stdin=f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}'\nCREATE DATABASE {DATABASE} OWNER {ROLE}\n",
    )


def _must_succeed(account: Account | None, command: list[str], *, stdin: str | None = None) -> None:
    done = run_as(account, command, stdin=stdin)
    if done.returncode != 0:
        last_words = " ".join(done.stdout.strip().splitlines()[-3:])
        raise CannotStart(f"The database could not be created ({Path(command[0]).name}): {last_words}")


def _check_version(cluster: Path, binaries: Binaries) -> None:
    made_by = int((cluster / "PG_VERSION").read_text())
    if made_by != binaries.major:
        raise CannotStart(
            f"The database in {cluster} was made by PostgreSQL {made_by}, and {binaries.folder} is version "
            f"{binaries.major}. Set PG_BIN to the programs of PostgreSQL {made_by}, or upgrade the data with "
            "pg_upgrade, or choose another ERP_HOME to start empty."
        )
