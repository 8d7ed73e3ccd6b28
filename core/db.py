"""The database: one declarative base, one door for writing, one for reading.

Writing: `transaction()` gives a Session; returning commits, raising rolls back; nothing else commits.
Reading: `reading()` gives a Connection in autocommit on a session that PostgreSQL itself keeps read-only,
so a page needs no BEGIN and cannot write even by mistake (measured: a transaction per read halves the rate).
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
import sqlalchemy as sa
from psycopg import Connection as PsycopgConnection
from psycopg import OperationalError as DriverError
from psycopg.pq import ConnStatus
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import ConnectionPool, PoolTimeout
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import NullPool

from core import config
from core.errors import REFUSED, ConfigurationError

Reader = sa.Connection
Writer = Session
# What is raised when the database does not answer; whatever was asked may be asked again.
AWAY = (OperationalError, DriverError, PoolTimeout)


# JSON by orjson in both directions, in every process.
set_json_dumps(lambda value: orjson.dumps(value))
set_json_loads(orjson.loads)


class Base(DeclarativeBase):
    """Every table of the product. Names of constraints follow one pattern, so that migrations can find them."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def text_enum(kind: type[enum.StrEnum], name: str) -> sa.Enum:
    """An enum kept as text with a CHECK, so that a new word needs no change of type."""
    return sa.Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


class _Refused(Exception):
    """Lets a transaction roll back whose refusal was caught."""


@dataclass(slots=True)
class _Door:
    pool: ConnectionPool[PsycopgConnection[Any]]
    engine: sa.Engine


class Database:
    """One PostgreSQL database and the pools this process has open to it.

    The pools are psycopg's, because SQLAlchemy's own is unfair under greenlets: the one that gives a
    connection back takes it again. SQLAlchemy sits on top with no pool of its own.
    """

    def __init__(self, dsn: str, *, pool_size: int = 8) -> None:
        self.dsn = dsn
        self._pool_size = pool_size
        self._lock = threading.Lock()
        self._doors: dict[str, _Door] = {}

    @contextmanager
    def transaction(self) -> Iterator[Writer]:
        """A Session in one transaction: returning commits, raising rolls back, and so does a refusal that a verb
        raised and somebody caught: it may have been raised half way.
        """
        with suppress(_Refused), Session(self.writer, expire_on_commit=False) as session, session.begin():
            yield session
            if REFUSED in session.info:
                raise _Refused

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """An autocommit connection on which PostgreSQL refuses every write."""
        with self.reader.connect() as connection:
            yield connection

    def listen(self, channel: str) -> PsycopgConnection[Any]:
        """A connection of its own, outside the pools, that LISTENs on `channel`."""
        connection: PsycopgConnection[Any] = PsycopgConnection.connect(self.dsn, autocommit=True)
        connection.execute(f'LISTEN "{channel}"')
        return connection

    @property
    def writer(self) -> sa.Engine:
        """The engine behind `transaction()`."""
        return self._door("writer", options="-c lock_timeout=5s -c statement_timeout=30s").engine

    @property
    def reader(self) -> sa.Engine:
        """The engine behind `reading()`."""
        options = "-c default_transaction_read_only=on -c statement_timeout=30s"
        return self._door("reader", options=options, autocommit=True, prepare_threshold=0).engine

    def close(self) -> None:
        """Close every connection; a later use opens new ones."""
        with self._lock:
            for door in self._doors.values():
                door.engine.dispose()
                door.pool.close()
            self._doors.clear()

    def _door(self, name: str, *, options: str, autocommit: bool = False, **connect: Any) -> _Door:
        # Opened at first use and under a lock: a pool must be born after the fork of a web worker.
        door = self._doors.get(name)
        if door is not None:
            return door
        with self._lock:
            if name not in self._doors:
                pool = ConnectionPool(
                    self.dsn,
                    min_size=1,
                    max_size=self._pool_size,
                    timeout=5,
                    max_idle=300,
                    kwargs={"options": f"-c timezone=UTC {options}", "application_name": "erp", **connect},
                    close_returns=True,
                    configure=_make_stages if name == "writer" else None,
                    check=_check,
                    open=True,
                )
                engine = sa.create_engine(
                    "postgresql+psycopg://",
                    creator=pool.getconn,
                    poolclass=NullPool,
                    isolation_level="AUTOCOMMIT" if autocommit else "READ COMMITTED",
                    hide_parameters=True,  # what a statement was about is no business of the log
                )
                self._doors[name] = _Door(pool, engine)
            return self._doors[name]


_STAGES: dict[str, str] = {}


def stage(name: str, *, like: str) -> str:
    """Let every writing connection have the temporary table `name`, shaped as the table `like` and emptied at each
    commit: rows are copied there before one statement takes them over. Both are names of ours; returns `name`.

    Made when the connection is, and not when it is needed: that would be asked in every transaction.
    """
    _STAGES[name] = like
    return name


def _make_stages(connection: PsycopgConnection[Any]) -> None:
    with connection.transaction():
        for name, like in _STAGES.items():
            there = connection.execute("SELECT to_regclass(%s)", (like,)).fetchone()
            # Before the first migration there is nothing to be shaped like.
            if there is not None and there[0] is not None:
                connection.execute(f"CREATE TEMP TABLE {name} (LIKE {like} INCLUDING DEFAULTS) ON COMMIT DELETE ROWS")


def _check(connection: PsycopgConnection[Any]) -> None:
    """Raise when the server has hung up. A look at the socket, not a question: this is done for every request.

    Twice, since a server that ends a connection says so first. A line that was cut without a word is found by the
    first statement instead, as on any connection in use.
    """
    connection.pgconn.consume_input()
    connection.pgconn.consume_input()
    if connection.pgconn.status != ConnStatus.OK:
        raise DriverError("the server has closed the connection")


@cache
def current() -> Database:
    """The database of this process, at `DATABASE_URL`."""
    url = config.current().database_url
    if url is None:
        raise ConfigurationError(
            "DATABASE_URL is not set. Start everything with `make run`, or point it at a PostgreSQL."
        )
    return Database(url)


def plain_rows(result: sa.CursorResult[Any]) -> list[dict[str, Any]]:
    """Rows as dicts with plain text keys: SQLAlchemy's own keys are a kind of text that the JSON encoder refuses."""
    names = [str(name) for name in result.keys()]  # noqa: SIM118 - a method of the result, not of a dict
    return [dict(zip(names, row, strict=True)) for row in result]


def driver(connection: sa.Connection) -> PsycopgConnection[Any]:
    """The psycopg connection under a SQLAlchemy one, for COPY and for hot statements."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, PsycopgConnection)
    return raw


def bigint_array(ids: Iterable[int]) -> str:
    """Ids as the text of a PostgreSQL array, for `CAST(:ids AS bigint[])`: a tenth of the time of adapting a list."""
    return f"{{{','.join(map(str, ids))}}}"


def column_types(table: sa.Table, names: Sequence[str]) -> tuple[str, ...]:
    """The PostgreSQL types of these columns, as a binary COPY must be told them."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return tuple(table.columns[name].type.compile(dialect=dialect).lower() for name in names)


def take_transaction_lock(session: Writer, name: str) -> None:
    """Hold the advisory lock called `name` until the transaction ends."""
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))
