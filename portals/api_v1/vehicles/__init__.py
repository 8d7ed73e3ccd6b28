"""The registry of vehicles: their records, and what belongs to each."""

from portals.api_v1.vehicles import (
    fields,  # noqa: F401
    groups,  # noqa: F401
    histories,  # noqa: F401
    onboarding,  # noqa: F401
    papers,  # noqa: F401
    records,  # noqa: F401
    trackers,  # noqa: F401
)
