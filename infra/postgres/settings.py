"""What the server is told. Sized for a shared machine of two cores and 24 GB; modest on purpose."""

from __future__ import annotations

SETTINGS_FILE = "equinomix.conf"

ALWAYS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    # A day's partition of every measured table in one transaction takes many locks.
    "max_locks_per_transaction": "256",
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "idle_in_transaction_session_timeout": "60s",
    # A steady stream of points: few, spread-out checkpoints instead of many sharp ones.
    "checkpoint_timeout": "15min",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "pglz",
    "log_min_duration_statement": "500ms",
    "log_lock_waits": "on",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %a ",
}

# A device is acknowledged after the commit, so a commit must be on the disk.
DURABLE = {"synchronous_commit": "on"}

# Tests: what a power cut would do to the data is of no interest.
FORGETFUL = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "128MB",
    "min_wal_size": "80MB",
    "autovacuum": "off",  # a database that is dropped is not to be held by it
}


def settings_text(port: int, *, throwaway: bool) -> str:
    """The settings file for a server on `port`."""
    settings = ALWAYS | {"port": str(port)} | (FORGETFUL if throwaway else DURABLE)
    return "".join(f"{name} = '{value}'\n" for name, value in settings.items())
