"""Bring a database to the schema of this code: one at a time, and never waiting long for a lock."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def migrate(dsn: str) -> None:
    """Run the migrations that `dsn` still lacks, all in one transaction: it either has the new schema or the old.

    An advisory lock lets one migrate at a time; a table somebody holds for more than ten seconds ends the
    migration with an error instead of a queue of waiting requests behind it.
    """
    engine = sa.create_engine(sa.make_url(dsn).set(drivername="postgresql+psycopg"), poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('erp:migrate', 0))"))
        connection.execute(sa.text("SET LOCAL lock_timeout = '10s'"))
        command.upgrade(alembic_config(connection), "head")
    engine.dispose()


def alembic_config(connection: sa.Connection) -> AlembicConfig:
    """Alembic's configuration, bound to an open connection."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
