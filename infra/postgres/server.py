"""The one thing the rest of the product knows of the embedded database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from infra.postgres.account import account_for, write_as
from infra.postgres.binaries import find_binaries
from infra.postgres.cluster import DATABASE, ROLE, read_password, ready_cluster, remove_cluster
from infra.postgres.process import running_pid, start_process, stop_process
from infra.postgres.settings import SETTINGS_FILE, settings_text


@dataclass(frozen=True)
class Server:
    """A PostgreSQL on 127.0.0.1:`port` that keeps everything in or beside `data_dir`.

    `throwaway` is for tests: quick, forgetful after a power cut, and gone after `stop`.
    `log` is where the server writes; default `data_dir/postgres.log`.
    """

    data_dir: Path
    port: int
    throwaway: bool = False
    log: Path | None = None

    def start(self) -> str:
        """Initialise on first use, start, wait until it accepts connections, and return the DSN.

        Call it from the main thread: the server ends when the thread that started it ends.
        Raises CannotStart with what to do next.
        """
        account = account_for(self._cluster)
        binaries = find_binaries(account)
        cluster = ready_cluster(self.data_dir, account, binaries, throwaway=self.throwaway)
        write_as(account, cluster / SETTINGS_FILE, settings_text(self.port, throwaway=self.throwaway))
        start_process(cluster, account, binaries, self.log or self.data_dir / "postgres.log")
        return dsn_for(self)

    def stop(self) -> None:
        """Stop the server, also one that another process started; do nothing when it is not running."""
        if self._cluster.exists():
            stop_process(self._cluster, at_once=self.throwaway)
        if self.throwaway:
            remove_cluster(self.data_dir)

    @property
    def pid(self) -> int | None:
        """The process id of the running server, or None."""
        return running_pid(self._cluster) if self._cluster.exists() else None

    @property
    def _cluster(self) -> Path:
        return (self.data_dir / "cluster").resolve()


def dsn_for(server: Server) -> str:
    """The address of an initialised server, running or not. Raises CannotStart when there is none yet."""
    return f"postgresql://{ROLE}:{read_password(server.data_dir)}@127.0.0.1:{server.port}/{DATABASE}"
