"""Every write of telemetry. A file is a noun; what the edges call stands here."""

from core.telemetry.service.following import Followed, save_followed
from core.telemetry.service.intake import ingest
from core.telemetry.service.mileage import record_first_readings, record_mileage_reading
from core.telemetry.service.replay import MOST as MOST_REPLAYED
from core.telemetry.service.replay import replay_refusals
from core.telemetry.service.upkeep import CUT_TABLES, drop_expired, make_storage

__all__ = [
    "CUT_TABLES",
    "MOST_REPLAYED",
    "Followed",
    "drop_expired",
    "ingest",
    "make_storage",
    "record_first_readings",
    "record_mileage_reading",
    "replay_refusals",
    "save_followed",
]
