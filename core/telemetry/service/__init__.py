"""Every write of telemetry. A file is a noun; what the edges call stands here."""

from core.telemetry.service.following import Followed, save_followed
from core.telemetry.service.intake import ingest
from core.telemetry.service.upkeep import keep_storage

__all__ = ["Followed", "ingest", "keep_storage", "save_followed"]
