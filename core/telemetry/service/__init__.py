"""Every write of telemetry. A file is a noun; what the edges call stands here."""

from core.telemetry.service.intake import ingest
from core.telemetry.service.mileage import record_mileage_reading
from core.telemetry.service.upkeep import keep_storage

__all__ = ["ingest", "keep_storage", "record_mileage_reading"]
