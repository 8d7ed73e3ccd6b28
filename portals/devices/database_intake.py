"""The gateway's intake over the product's own database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core import clock, health
from core.config import Config
from core.db import Database
from core.permissions import DEVICE, Actor, system
from core.telemetry import service as telemetry
from core.telemetry.rules.limits import limits_for
from core.telemetry.schemas import IngestReport, Reading, RefusedReading
from core.vehicles import queries as vehicles
from core.vehicles import service as registry
from portals.devices.conversation import Fitted
from portals.devices.intake import Identity

DEVICES = Actor("device", None, "device gateway", roles=frozenset({DEVICE}), parks=None)
GATEWAY = system("device gateway", "health:beat")


class DatabaseIntake:
    """See `Intake`. Every call is one transaction of its own; returning means committed."""

    def __init__(self, config: Config, database: Database) -> None:
        self._database = database
        self._limits = limits_for(config.raw_retention_days, config.limits)

    def identify(self, device_uid: str, key: str | None) -> Identity:
        """Whose vehicle the device is fitted to."""
        with self._database.reading() as reader:
            device = vehicles.find_device(reader, device_uid=device_uid)
        if device is None:
            return None
        return Fitted(device.vehicle_id, device.family) if device.accepts(key) else "wrong_key"

    def note_unknown(self, device_uid: str, *, source: str, address: str) -> None:
        """Keep that a device nobody knows has reported."""
        with self._database.transaction() as session:
            registry.note_unknown_device(
                session, actor=DEVICES, at=clock.now(), device_uid=device_uid, source=source, address=address
            )

    def ingest(self, readings: Sequence[Reading], *, source: str, refused: Sequence[RefusedReading]) -> IngestReport:
        """Store in one transaction; durable when it returns."""
        with self._database.transaction() as session:
            return telemetry.ingest(
                session,
                actor=DEVICES,
                at=clock.now(),
                source=source,
                readings=readings,
                unreadable=refused,
                limits=self._limits,
            )

    def beat(self, lag_ms: float, sessions: int, turned_away: Mapping[str, int]) -> None:
        """Say that the gateway lives."""
        connected = f"{sessions} devices connected"
        counts = ", ".join(f"{count} {reason}" for reason, count in sorted(turned_away.items()))
        with self._database.transaction() as session:
            health.beat(
                session,
                actor=GATEWAY,
                at=clock.now(),
                process="gateway",
                lag_ms=lag_ms,
                words=f"{connected}; turned away since the start: {counts}" if counts else connected,
            )
