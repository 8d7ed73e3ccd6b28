"""How telemetry is kept: what is wrong first, then each table with what it holds and what it costs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta

from flask import Response

from core.config import Config
from core.telemetry import queries
from core.telemetry.queries import Storage
from portals import hx
from portals.admin import bp
from portals.doors import actor, at, erp, read

NEARLY_FULL = 0.10
URGENTLY_FULL = 0.03


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk under the embedded database, in bytes."""

    total: int
    free: int

    @property
    def trouble(self) -> tuple[str, bool] | None:
        """What is wrong with it, and whether it is urgent."""
        share = self.free / self.total
        if share >= NEARLY_FULL:
            return None
        text = (
            f"The disk of the database is {1 - share:.0%} full. When it is full, nothing can be stored and devices "
            "keep what they measure. Make room, or keep points for fewer days (ERP_RAW_RETENTION_DAYS)."
        )
        return text, share < URGENTLY_FULL


@bp.get("/storage")
def show_storage() -> Response:
    """Kind of storage, tables, disk."""
    settings = erp().settings
    storage = queries.describe_storage(read(), viewer=actor(), at=at(), retention=settings.retention)
    disk = _find_disk(settings)
    troubles = [(trouble.text, trouble.is_urgent) for trouble in storage.troubles]
    if disk is not None and disk.trouble is not None:
        troubles.append(disk.trouble)
    return hx.render(
        "admin/storage.html",
        storage=storage,
        why=_explain(storage),
        disk=disk,
        troubles=sorted(troubles, key=lambda trouble: not trouble[1]),
        tomorrow=at() + timedelta(days=1),
    )


def _find_disk(settings: Config) -> Disk | None:
    """The disk of the embedded database; that of a server elsewhere cannot be seen from here."""
    if f"@127.0.0.1:{settings.postgres_port}/" not in (settings.database_url or ""):
        return None
    usage = shutil.disk_usage((settings.home / "postgres" / "cluster").resolve())
    return Disk(usage.total, usage.free)


def _explain(storage: Storage) -> str:
    """Why the points are kept in the way they are."""
    if storage.kind == "hypertable":
        return f"TimescaleDB {storage.timescaledb} keeps the points in chunks of a day; after two it compresses them."
    own = "PostgreSQL itself keeps the points in partitions of a day"
    if storage.timescaledb is None:
        return f"{own}. TimescaleDB is not installed on this server."
    if not storage.is_timescaledb_loaded:
        return (
            f"{own}. TimescaleDB {storage.timescaledb} is installed "
            "but not loaded: it is not in shared_preload_libraries."
        )
    return (
        f"{own}, although TimescaleDB {storage.timescaledb} is there: "
        "it came after this database was made, there were too many points to move, or it refused. The log of the "
        "migration says which."
    )
