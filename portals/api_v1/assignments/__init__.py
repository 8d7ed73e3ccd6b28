"""Who has which vehicle when: bookings, their changes, and shifts that come back each week."""

from portals.api_v1.assignments import bookings, shift_patterns

__all__ = ["bookings", "shift_patterns"]
