"""Points become a hypertable where TimescaleDB is. It is not among our libraries, so a stand-in takes its place.

The stand-in is an extension of that name made of SQL, which writes down how it was called and gives a table that takes
any row; its library is some other library under that name. Only the clause `SET (timescaledb. ...)`, which the real one
teaches PostgreSQL, is taken out of the statements on their way. What is shown here is that our side asks for the right
things, in an order that PostgreSQL accepts, and that every query goes on working; not that TimescaleDB does its part.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from core import clock
from core.config import Retention
from core.db import Database
from core.permissions import system
from core.telemetry import queries, service
from core.telemetry.schemas import Point, Reading
from infra.migrate import migrate
from infra.postgres import Server
from infra.postgres.account import account_for, write_as
from infra.postgres.binaries import find_binaries
from infra.postgres.cluster import ready_cluster
from tasks.storage import keep_storage
from tests.conftest import ROOT
from tests.infra.free_ports import free_ports

CONTROL = "default_version = '2.28.0'\nrelocatable = false\ntrusted = true\nschema = public\n"
SETTINGS = """
extension_control_path = '{place}/share:$system'
dynamic_library_path = '{place}/lib:$libdir'
shared_preload_libraries = 'timescaledb'
timescaledb.max_background_workers = '8'
"""
EXTENSION = """
    CREATE TABLE timescaledb_calls (id int GENERATED ALWAYS AS IDENTITY, words text);
    GRANT SELECT ON timescaledb_calls TO PUBLIC;
    CREATE FUNCTION note(words text) RETURNS void LANGUAGE sql SECURITY DEFINER
        AS 'INSERT INTO timescaledb_calls (words) VALUES ($1)';
    CREATE FUNCTION by_range(column_name name, partition_interval interval) RETURNS text LANGUAGE sql
        AS $$ SELECT column_name || ' by ' || partition_interval $$;
    CREATE FUNCTION create_hypertable(relation regclass, dimension text, create_default_indexes boolean) RETURNS void
        LANGUAGE sql AS $$ SELECT note('hypertable ' || relation || ' ' || dimension) $$;
    CREATE FUNCTION add_compression_policy(hypertable regclass, compress_after interval) RETURNS int
        LANGUAGE sql AS $$ SELECT note('compress ' || hypertable || ' after ' || compress_after); SELECT 1000 $$;
    CREATE FUNCTION drop_chunks(relation regclass, older_than timestamptz) RETURNS SETOF text LANGUAGE sql
        AS $$ SELECT note('drop ' || relation); SELECT '_timescaledb_internal._hyper_1_1_chunk' $$;
    CREATE SCHEMA timescaledb_information;
    CREATE VIEW timescaledb_information.chunks AS
        SELECT 'telemetry_points'::name AS hypertable_name, '_hyper_1_2_chunk'::name AS chunk_name,
               date_trunc('day', now()) AS range_start, date_trunc('day', now()) + INTERVAL '1 day' AS range_end,
               false AS is_compressed;
    GRANT USAGE ON SCHEMA timescaledb_information TO PUBLIC;
    GRANT SELECT ON timescaledb_information.chunks TO PUBLIC;
    CREATE FUNCTION chunks_detailed_size(hypertable regclass) RETURNS TABLE (
        chunk_name name, table_bytes bigint, index_bytes bigint, toast_bytes bigint
    ) LANGUAGE sql AS $$ SELECT '_hyper_1_2_chunk'::name, 50000000::bigint, 30000000::bigint, 0::bigint $$;
    CREATE FUNCTION approximate_row_count(relation regclass) RETURNS bigint LANGUAGE sql AS 'SELECT 1000000::bigint';
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="erp-stand-in-"))
    folder.chmod(0o755)  # as root the database runs as somebody else, who must get in
    extension = folder / "share" / "extension"
    extension.mkdir(parents=True)
    (extension / "timescaledb.control").write_text(CONTROL)
    (extension / "timescaledb--2.28.0.sql").write_text(EXTENSION)
    (folder / "lib").mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def with_extension(place: Path) -> Iterator[str]:
    """A PostgreSQL in which `timescaledb` is available and its library loaded."""
    account = account_for(place / "postgres" / "cluster")
    binaries = find_binaries(account)
    if binaries.major < 18:
        pytest.skip("only PostgreSQL 18 looks for extensions in a folder of ours")
    shutil.copy(next(binaries.folder.parent.rglob("auto_explain.so")), place / "lib" / "timescaledb.so")
    server = Server(place / "postgres", free_ports(), throwaway=True)
    cluster = ready_cluster(server.data_dir, account, binaries, throwaway=True)
    write_as(account, cluster / "postgresql.auto.conf", SETTINGS.format(place=place))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def dsn(with_extension: str) -> Iterator[str]:
    """An empty database there."""
    name = "kinds"
    with psycopg.connect(with_extension, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"{with_extension.rpartition('/')[0]}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def compressed() -> Iterator[list[str]]:
    """Takes the extension's own clause out of the statements; what was taken out."""
    taken: list[str] = []

    def take_out(connection, cursor, statement, parameters, context, executemany):
        if "SET (timescaledb." in statement:
            taken.append(statement)
            statement = "SELECT 1"
        return statement, parameters

    sa.event.listen(sa.Engine, "before_cursor_execute", take_out, retval=True)
    yield taken
    sa.event.remove(sa.Engine, "before_cursor_execute", take_out)


@pytest.fixture
def hyper(dsn: str, compressed: list[str]) -> Iterator[Database]:
    """A database that was migrated where TimescaleDB is."""
    migrate(dsn)
    database = Database(dsn)
    yield database
    database.close()


def calls(database: Database) -> list[str]:
    with database.reading() as reader:
        return list(reader.execute(sa.text("SELECT words FROM timescaledb_calls ORDER BY id")).scalars())


class TestADatabaseWithTimescaleDB:
    def test_gets_a_hypertable_by_day_that_is_compressed_by_vehicle(
        self, hyper: Database, compressed: list[str]
    ) -> None:
        assert calls(hyper) == [
            "hypertable telemetry_points ts by 1 day",
            "compress telemetry_points after 2 days",
        ]
        assert "compress_segmentby = 'vehicle_id', timescaledb.compress_orderby = 'ts'" in compressed[0]

    def test_has_its_chunks_dropped_and_no_partitions_made(self, hyper: Database) -> None:
        dropped = keep_storage(hyper, at=clock.now(), retention=Retention())
        assert dropped == ["_timescaledb_internal._hyper_1_1_chunk"]
        assert calls(hyper)[-1] == "drop telemetry_points"
        with hyper.reading() as reader:
            named = sa.text("SELECT count(*) FROM pg_class WHERE relname ~ :name")
            assert reader.execute(named, {"name": "^telemetry_points_p2"}).scalar_one() == 0
            assert reader.execute(named, {"name": "^telemetry_minutes_p2"}).scalar_one() > 0

    def test_stores_and_reads_as_any_other(self, hyper: Database) -> None:
        at = clock.now()
        keep_storage(hyper, at=at, retention=Retention())
        points = [Point(ts=at - timedelta(seconds=s), lat=37.7, lon=-122.4) for s in (2, 1, 2)]
        readings = [Reading(index=i, vehicle_id=1, point=point) for i, point in enumerate(points)]
        with hyper.transaction() as session:
            report = service.ingest(session, actor=system("tests"), at=at, source="http", readings=readings)
        assert (report.stored, report.duplicates) == (2, 1)

    def test_is_described_by_its_chunks(self, hyper: Database) -> None:
        keep_storage(hyper, at=clock.now(), retention=Retention())
        with hyper.reading() as reader:
            storage = queries.describe_storage(reader, viewer=ROOT, at=clock.now(), retention=Retention())
        points = storage.tables[0]
        assert storage.kind == "hypertable"
        assert (points.part_count, points.row_count, points.bytes_per_million) == (1, 1_000_000, 80_000_000)
        assert not [trouble for trouble in storage.troubles if "telemetry_points" in trouble.text]


class TestADatabaseWithPoints:
    def test_takes_them_along(self, dsn: str, compressed: list[str]) -> None:
        with sa.create_engine(dsn.replace("postgresql:", "postgresql+psycopg:")).begin() as connection:
            upgrade_to(connection, "0002")
            connection.execute(
                sa.text(
                    "CREATE TABLE telemetry_points_p20261124 PARTITION OF telemetry_points "
                    "FOR VALUES FROM ('2026-11-24 00:00+00') TO ('2026-11-25 00:00+00')"
                )
            )
            connection.execute(
                sa.text(
                    "INSERT INTO telemetry_points (vehicle_id, ts, received_at) "
                    "SELECT 1, '2026-11-24'::timestamptz + n * INTERVAL '1 s', now() FROM generate_series(1, 50) n"
                )
            )
        migrate(dsn)
        with psycopg.connect(dsn) as connection:
            assert connection.execute(
                "SELECT count(*), min(relkind) FROM telemetry_points, pg_class WHERE relname = 'telemetry_points'"
            ).fetchone() == (50, "r")
            assert connection.execute("SELECT to_regclass('telemetry_points_cut')").fetchone() == (None,)

    def test_keeps_its_partitions_when_the_extension_refuses(self, dsn: str) -> None:
        migrate(dsn)  # the stand-in does not know the clause that asks for compression
        with psycopg.connect(dsn) as connection:
            kind = connection.execute("SELECT relkind FROM pg_class WHERE relname = 'telemetry_points'").fetchone()
            made = connection.execute("SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
        assert (kind, made) == (("p",), (0,))


def upgrade_to(connection: sa.Connection, revision: str) -> None:
    from alembic import command

    from infra.migrate import alembic_config

    command.upgrade(alembic_config(connection), revision)
