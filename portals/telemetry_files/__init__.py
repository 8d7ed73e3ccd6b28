"""Telemetry as files: written a piece at a time while they are sent, so a month costs no more memory than a minute.

Between two pieces no connection is held: a slow reader of a long file stands in nobody's way.
"""

from __future__ import annotations

from portals.telemetry_files.answer import send
from portals.telemetry_files.gpx import write_gpx
from portals.telemetry_files.sheets import write_periods, write_points, write_stops, write_trips

__all__ = ["send", "write_gpx", "write_periods", "write_points", "write_stops", "write_trips"]
