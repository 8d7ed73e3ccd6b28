"""What follows from what: the whole map. A fact that nothing follows from stands here too, with an empty list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tasks import access, files, letters

JOBS: Mapping[str, Callable[..., Any]] = {
    "access.deliver": access.deliver,
    "files.scan": files.scan,
    "letters.answer_reset": letters.answer_reset,
    "letters.send": letters.send,
}

SUBSCRIPTIONS: Mapping[str, tuple[str, ...]] = {
    "access.brake_lifted": (),
    "access.brake_put_on": (),
    "access.debt_noted": (),
    "access.emergency_started": (),
    "access.job_changed": (),
    "access.job_finished": (),
    "access.job_ordered": ("access.deliver",),
    "access.standing_changed": (),
    "drivers.assignment_cancelled": (),
    "drivers.assignment_changed": (),
    "drivers.assignment_ended": (),
    "drivers.driver_registered": (),
    "drivers.shift_refused": (),
    "drivers.vehicle_assigned": (),
    "events.detected": (),
    "events.geofence_added": (),
    "events.geofence_closed": (),
    "events.geofence_renamed": (),
    "events.no_lock_zone_changed": (),
    "files.file_kept": ("files.scan",),
    "files.file_scanned": (),
    "identity.letter_written": ("letters.send",),
    "identity.reset_requested": ("letters.answer_reset",),
    "ratings.appeal_decided": (),
    "ratings.appeal_escalated": (),
    "ratings.appeal_handed_in": (),
    "ratings.appeal_withdrawn": (),
    "ratings.driver_rated": (),
    "ratings.feedback_released": (),
    "telemetry.batch_stored": (),
    "telemetry.mileage_read": (),
    "telemetry.trip_ended": (),
    "vehicles.status_changed": (),
    "vehicles.tracker_paired": (),
    "vehicles.vehicle_changed": (),
    "vehicles.vehicle_registered": (),
    "webhooks.endpoint_disabled": (),
}
