"""A PostgreSQL of our own: found, initialised, started and stopped; nothing need be prepared."""

from infra.postgres.server import Server, dsn_for

__all__ = ["Server", "dsn_for"]
