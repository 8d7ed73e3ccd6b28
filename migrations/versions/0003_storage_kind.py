"""Points become a hypertable where TimescaleDB can be used; elsewhere they stay in native partitions.

A table cut by PostgreSQL itself cannot become a hypertable, so it is made anew and the rows are moved; with many rows
that would stop the intake for long, so then it stays as it is. Both kinds have the same columns, key and queries.
Decided in docs/decisions/0011-storage-kinds.md.

The interface used is that of TimescaleDB 2.13 and later: `by_range` came with 2.13. Since 2.18 compression goes by the
name of columnstore; the names of before are still taken, and are the only ones that all these versions know.
"""

from __future__ import annotations

import logging

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

log = logging.getLogger(__name__)

MOST_ROWS_MOVED = 1_000_000

# The library must be there before the extension is made: without it, making it ends the session. Which libraries were
# loaded may be asked by few; the setting of the loader's background workers exists only with it, and anybody may ask.
USABLE = """
    SELECT EXISTS (
        SELECT FROM pg_available_extensions
        WHERE name = 'timescaledb'
          AND (regexp_match(default_version, '^([0-9]+)[.]([0-9]+)'))::int[] >= '{2,13}'::int[]
    )
    AND current_setting('timescaledb.max_background_workers', true) IS NOT NULL
    AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')
"""
COUNT = f"SELECT count(*) FROM (SELECT FROM telemetry_points LIMIT {MOST_ROWS_MOVED + 1}) AS counted"  # noqa: S608 - ours

MOVE = (
    "CREATE EXTENSION IF NOT EXISTS timescaledb",
    "LOCK TABLE telemetry_points IN ACCESS EXCLUSIVE MODE",
    "ALTER TABLE telemetry_points RENAME TO telemetry_points_cut",
    "ALTER TABLE telemetry_points_cut RENAME CONSTRAINT pk_telemetry_points TO pk_telemetry_points_cut",
    "CREATE TABLE telemetry_points (LIKE telemetry_points_cut INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
    "ALTER TABLE telemetry_points ADD CONSTRAINT pk_telemetry_points PRIMARY KEY (vehicle_id, ts) "
    "INCLUDE (lat, lon, altitude_m, speed_kmh, course_deg, ignition)",
    "SELECT create_hypertable('telemetry_points', by_range('ts', INTERVAL '1 day'), create_default_indexes => false)",
    "INSERT INTO telemetry_points SELECT * FROM telemetry_points_cut",
    "DROP TABLE telemetry_points_cut",
    "ALTER TABLE telemetry_points SET (timescaledb.compress, timescaledb.compress_segmentby = 'vehicle_id', "
    "timescaledb.compress_orderby = 'ts')",
    # Late points may still come to a compressed day, at a price; after two days few do.
    "SELECT add_compression_policy('telemetry_points', compress_after => INTERVAL '2 days')",
)


def upgrade() -> None:
    """Go forward."""
    connection = op.get_bind()
    if not connection.execute(sa.text(USABLE)).scalar_one():
        return
    if connection.execute(sa.text(COUNT)).scalar_one() > MOST_ROWS_MOVED:
        log.warning("there are more than %d points: they stay in native partitions", MOST_ROWS_MOVED)
        return
    try:
        with connection.begin_nested():
            for statement in MOVE:
                connection.execute(sa.text(statement))
    except sa.exc.DBAPIError as refusal:
        log.warning("TimescaleDB is there but cannot be used; points stay in native partitions: %s", refusal.orig)
