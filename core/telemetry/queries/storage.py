"""How telemetry is kept: what each table cut by time holds, what it costs, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core import outbox, partitions
from core.config import Retention
from core.db import Reader
from core.partitions import Cut
from core.permissions import Actor
from core.telemetry.rules.storage import Kind, TableStorage, Trouble, find_troubles
from core.telemetry.store import layout


@dataclass(frozen=True, slots=True)
class Storage:
    """Everything of it.

    `timescaledb` is the version of the extension: of the installed, else of the available; None: there is none.
    """

    kind: Kind
    server_version: str
    timescaledb: str | None
    is_timescaledb_loaded: bool
    database_bytes: int
    tables: tuple[TableStorage, ...]
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A partition or chunk with its size on disk; `row_count` None: not counted yet."""

    start: datetime
    end: datetime
    row_count: int | None
    heap_bytes: int
    index_bytes: int


_SERVER = sa.text("""
    SELECT current_setting('server_version') AS version,
           (SELECT coalesce(installed_version, default_version) FROM pg_available_extensions
            WHERE name = 'timescaledb') AS timescaledb,
           current_setting('timescaledb.max_background_workers', true) IS NOT NULL AS is_loaded,
           pg_database_size(current_database()) AS bytes
""")

# Rows as the planner estimates them: the density when they were last counted, times the pages there are now.
_PIECES = sa.text("""
    SELECT c.relname, pg_get_expr(c.relpartbound, c.oid),
           CASE WHEN pg_relation_size(c.oid) = 0 THEN 0
                WHEN c.relpages > 0 THEN
                    (c.reltuples / c.relpages * pg_relation_size(c.oid)
                     / current_setting('block_size')::int)::bigint END,
           coalesce(pg_table_size(c.oid), 0), coalesce(pg_indexes_size(c.oid), 0)
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = CAST(:table AS regclass) AND c.relpartbound IS NOT NULL
""")
# Source: TimescaleDB, "timescaledb_information.chunks", "chunks_detailed_size()", "approximate_row_count()".
_CHUNKS = sa.text("""
    SELECT c.range_start, c.range_end, s.table_bytes + s.toast_bytes, s.index_bytes
    FROM timescaledb_information.chunks c
    JOIN chunks_detailed_size(CAST(CAST(:table AS text) AS regclass)) s USING (chunk_name)
    WHERE c.hypertable_name = CAST(:table AS text)
""")
_CHUNK_ROWS = sa.text("SELECT approximate_row_count(CAST(:table AS regclass))")


def describe_storage(reader: Reader, *, viewer: Actor, at: datetime, retention: Retention) -> Storage:
    """How telemetry, and the facts it publishes, are kept. Needs health:read."""
    viewer.require("health:read")
    server = reader.execute(_SERVER).one()
    kind = layout.find_kind(reader)
    tables = [_describe(reader, cut, kind, at) for cut in (*layout.list_cuts(retention), outbox.CUT)]
    return Storage(
        kind=kind,
        server_version=server.version,
        timescaledb=server.timescaledb,
        is_timescaledb_loaded=server.is_loaded,
        database_bytes=server.bytes,
        tables=tuple(tables),
        troubles=tuple(find_troubles(tables, at=at)),
    )


def _describe(reader: Reader, cut: Cut, kind: Kind, at: datetime) -> TableStorage:
    makes_its_own = kind is Kind.HYPERTABLE and cut.table == layout.POINTS
    pieces = _read_chunks(reader, cut.table) if makes_its_own else _read_pieces(reader, cut.table)
    counted = [piece.row_count for piece in pieces if piece.row_count is not None]
    row_count = sum(counted) or (0 if len(counted) == len(pieces) else None)
    if makes_its_own:
        row_count = reader.execute(_CHUNK_ROWS, {"table": cut.table}).scalar_one()
    filled = [piece for piece in pieces if piece.row_count != 0]
    return TableStorage(
        table=cut.table,
        kept_days=cut.kept_days,
        width_days=cut.width_days,
        part_count=len(pieces),
        oldest_start=pieces[0].start if pieces else None,
        covered_until=_covered_until(pieces, at),
        makes_its_own=makes_its_own,
        rows_from=filled[0].start if filled else None,
        rows_to=filled[-1].end if filled else None,
        row_count=row_count,
        heap_bytes=sum(piece.heap_bytes for piece in pieces),
        index_bytes=sum(piece.index_bytes for piece in pieces),
        kept_from=partitions.oldest_kept(cut, at),
    )


def _read_pieces(reader: Reader, table: str) -> list[_Piece]:
    pieces = []
    for name, bound, rows, heap, index in reader.execute(_PIECES, {"table": table}):
        part = partitions.read_part(name, bound)
        pieces.append(_Piece(part.start, part.end, rows, heap, index))
    return sorted(pieces, key=lambda piece: piece.start)


def _read_chunks(reader: Reader, table: str) -> list[_Piece]:
    rows = reader.execute(_CHUNKS, {"table": table})
    return sorted((_Piece(start, end, None, heap, index) for start, end, heap, index in rows), key=lambda p: p.start)


def _covered_until(pieces: Sequence[_Piece], at: datetime) -> datetime | None:
    """The end of the last piece that follows without a gap on the one that holds the moment `at`."""
    until = None
    for piece in pieces:
        if piece.start <= at < piece.end or piece.start == until:
            until = piece.end
    return until
