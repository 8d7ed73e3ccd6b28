"""Telemetry in and out: a file is a noun."""

from portals.api_v1.telemetry import files, ingest, mileage, periods, points, states, tracks, trips  # noqa: F401 - views of bp
