"""The event log over HTTP: a file is a noun."""

from portals.api_v1.event_log import disputes, reading, records  # noqa: F401 - views of bp
