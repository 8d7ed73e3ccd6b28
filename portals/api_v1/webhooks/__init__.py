"""Webhooks by API: a file is a noun."""

from portals.api_v1.webhooks import endpoints, messages  # noqa: F401 - views of bp
